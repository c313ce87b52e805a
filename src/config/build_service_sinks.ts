import type { NetworkSink, SinkSettings } from '../session/sink_settings.ts'
import type { SlackWay } from '../session/sink_settings_alerts.ts'
import { headersOf } from './build_sinks.ts'
import type { SinkSection } from './schema_sinks.ts'

type ServiceSection = Exclude<SinkSection, { kind: 'file' | 'stdout' | 'syslog' | 'webhook' }>

/** Sinks that are services of others. */
export function buildServiceSink(section: ServiceSection, network: NetworkSink): SinkSettings {
  switch (section.kind) {
    case 'splunk': {
      const { kind, url, token, index, source, sourcetype, host, gzip, acknowledge, maxItemBytes } = section
      const rest = { url, token, source, sourcetype, gzip, acknowledge, maxItemBytes }
      return { ...network, kind, ...rest, index: index ?? null, host: host ?? null }
    }
    case 'elasticsearch': {
      const { kind, url, index, pipeline, auth, gzip, maxItemBytes } = section
      return { ...network, kind, url, index, pipeline: pipeline ?? null, auth, gzip, maxItemBytes }
    }
    case 'kafka': {
      const { kind, brokers, topic, transport, sasl, clientId, key, compression, maxMessageBytes } = section
      const rest = { brokers, topic, transport, clientId, key, compression, maxMessageBytes }
      return { ...network, kind, ...rest, sasl: sasl ?? null }
    }
    case 'otlp': {
      const { kind, url, headers, body, serviceName, gzip, maxItemBytes } = section
      return { ...network, kind, url, headers: headersOf(headers), body, serviceName, gzip, maxItemBytes }
    }
    case 's3': {
      const { kind, bucket, prefix, region, endpoint, forcePathStyle, credentials, compress, lock, kmsKey } = section
      return {
        ...{ ...network, kind, bucket, prefix, region, forcePathStyle, compress },
        endpoint: endpoint ?? null,
        credentials: credentials ?? null,
        lock: lock === undefined ? null : { mode: lock.mode, retainMs: lock.retain },
        kmsKey: kmsKey ?? null,
      }
    }
    case 'slack':
      return { ...network, kind: 'slack', way: wayOf(section) }
    case 'pagerduty': {
      const { kind, address, routingKey } = section
      return { ...network, kind, address, routingKey }
    }
  }
}

function wayOf({ webhook, address, token, channel }: Extract<ServiceSection, { kind: 'slack' }>): SlackWay {
  if (webhook !== undefined) return { by: 'webhook', webhook }
  return { by: 'bot', address, token: token ?? '', channel: channel ?? '' }
}
