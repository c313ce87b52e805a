import type { NetworkSink } from './sink_settings.ts'

/** Sinks that bring alerts to people, and nothing else. */

export interface SlackSinkSettings extends NetworkSink {
  readonly kind: 'slack'
  readonly way: SlackWay
}

/** `webhook` and `token` are references. */
export type SlackWay =
  | { readonly by: 'webhook'; readonly webhook: string }
  | { readonly by: 'bot'; readonly address: string; readonly token: string; readonly channel: string }

export interface PagerDutySinkSettings extends NetworkSink {
  readonly kind: 'pagerduty'
  readonly address: string
  /** A reference. */
  readonly routingKey: string
}
