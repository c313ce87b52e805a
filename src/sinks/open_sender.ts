import type { SinkSettings } from '../session/sink_settings.ts'
import type { Sender, SenderDeps } from './sender.ts'

/** What a kind of sink is spoken to with, loaded when there is one of it. */
export async function openSender(settings: SinkSettings, deps: SenderDeps): Promise<Sender> {
  switch (settings.kind) {
    case 'file':
      return (await import('./senders/file.ts')).createFileSender(settings)
    case 'stdout':
      return (await import('./senders/stdout.ts')).createStdoutSender(deps)
    case 'syslog':
      return (await import('./senders/syslog.ts')).createSyslogSender(settings, deps)
    case 'webhook':
      return (await import('./senders/webhook.ts')).createWebhookSender(settings, deps)
    case 'splunk':
      return (await import('./senders/splunk.ts')).createSplunkSender(settings, deps)
    case 'elasticsearch':
      return (await import('./senders/elasticsearch.ts')).createElasticsearchSender(settings, deps)
    case 'kafka':
      return (await import('./senders/kafka.ts')).createKafkaSender(settings, deps)
    case 'otlp':
      return (await import('./senders/otlp.ts')).createOtlpSender(settings, deps)
    case 'slack':
      return (await import('./senders/slack.ts')).createSlackSender(settings, deps)
    case 'pagerduty':
      return (await import('./senders/pagerduty.ts')).createPagerDutySender(settings, deps)
    case 's3':
      return (await import('./senders/s3.ts')).createS3Sender(settings, deps)
  }
}
