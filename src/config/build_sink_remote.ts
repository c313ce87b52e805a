import type { NetworkSink, SinkHeader, SinkSettings } from '../session/sink_settings.ts'
import type { SinkSection } from './schema_sinks.ts'

type RemoteSection = Extract<SinkSection, { kind: 'splunk' | 'elasticsearch' | 'kafka' | 'otlp' | 's3' }>

/** Sinks that are services of others. */
export function remoteSettings(
  section: RemoteSection,
  network: NetworkSink,
  headers: Readonly<Record<string, SinkHeader>>,
): SinkSettings {
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
      const { kind, url, body, serviceName, gzip, maxItemBytes } = section
      return { ...network, kind, url, headers, body, serviceName, gzip, maxItemBytes }
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
  }
}
