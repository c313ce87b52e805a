import type { NetworkSink, SinkSettings } from '../session/sink_settings.ts'
import type { SinkSection } from './schema_sinks.ts'

type AlertSection = Extract<SinkSection, { kind: 'slack' | 'pagerduty' }>

/** The settings of sinks that bring alerts to people; `network` is what all sinks on the network have. */
export function alertSettings(section: AlertSection, network: NetworkSink): SinkSettings {
  if (section.kind === 'pagerduty') {
    const { kind, address, routingKey } = section
    return { ...network, kind, address, routingKey }
  }
  const { kind, webhook, address, token = '', channel = '' } = section
  return {
    ...network,
    kind,
    way: webhook === undefined ? { by: 'bot', address, token, channel } : { by: 'webhook', webhook },
  }
}
