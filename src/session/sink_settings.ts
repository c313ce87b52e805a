import type { PagerDutySinkSettings, SlackSinkSettings } from './sink_settings_alerts.ts'
import type {
  ElasticsearchSettings,
  KafkaSettings,
  OtlpSettings,
  S3Settings,
  SplunkSettings,
} from './sink_settings_remote.ts'

/** Where the records of the log go beside the log itself, as configured. Secrets are references. */
export type SinkSettings =
  | FileSinkSettings
  | StdoutSinkSettings
  | SyslogSinkSettings
  | WebhookSinkSettings
  | SplunkSettings
  | ElasticsearchSettings
  | KafkaSettings
  | OtlpSettings
  | S3Settings
  | SlackSinkSettings
  | PagerDutySinkSettings

export type SinkFormat = 'ocsf' | 'cef' | 'ecs'

/** What every sink has. */
export interface SinkBase {
  readonly name: string
  readonly format: SinkFormat
  readonly filter: SinkFilter
  readonly batch: { readonly maxItems: number; readonly maxBytes: number; readonly maxWaitMs: number }
  /** Beyond either of them an alert is raised; nothing is dropped. */
  readonly backlog: { readonly maxRecords: number; readonly maxAgeMs: number }
  /** Where a sink without a position begins. */
  readonly from: 'first' | 'now'
  /** For one batch. */
  readonly timeoutMs: number
}

/** Each empty list takes everything. */
export interface SinkFilter {
  /** Event codes; `prefix*` and `*` are patterns. */
  readonly events: readonly string[]
  readonly targets: readonly string[]
  /** `class_uid` of OCSF. */
  readonly classes: readonly number[]
  /** `severity_id` of OCSF. */
  readonly minSeverity: number
  /** Of alerts, only those that name this sink as their channel. */
  readonly alertsFor?: string
}

export interface SinkTls {
  /** PEM: the authorities instead of the built-in ones. */
  readonly ca: string | null
  /** PEM: the certificate that is shown to the sink; its key is a reference. */
  readonly cert: string | null
  readonly key: string | null
  readonly serverName: string | null
}

/** What every sink on the network has. */
export interface NetworkSink extends SinkBase {
  readonly tls: SinkTls
  /** CIDR networks of private addresses that may be reached; null: all private ones, but none of link-local addresses. */
  readonly allowNetworks: readonly string[] | null
}

export interface FileSinkSettings extends SinkBase {
  readonly kind: 'file'
  readonly path: string
  /** Rotated when it is larger; null: never. */
  readonly maxBytes: number | null
  /** How many rotated files are kept. */
  readonly keep: number
  /** Each batch is on disk before it counts as delivered. */
  readonly fsync: boolean
}

export interface StdoutSinkSettings extends SinkBase {
  readonly kind: 'stdout'
}

export interface SyslogSinkSettings extends NetworkSink {
  readonly kind: 'syslog'
  readonly host: string
  readonly port: number
  readonly transport: 'tls' | 'tcp'
  readonly facility: number
  readonly hostname: string | null
  readonly appName: string
  /** The name of the structured data, with the number of an enterprise (RFC 5424, 6.3.2). */
  readonly sdId: string
  readonly maxMessageBytes: number
  /** close: the receiver has read what came before the end of a connection. written: the system has taken it. */
  readonly confirm: 'close' | 'written'
}

export interface WebhookSinkSettings extends NetworkSink {
  readonly kind: 'webhook'
  readonly url: string
  readonly body: 'array' | 'ndjson'
  /** What bodies are signed with: a reference. */
  readonly secret: string | null
  /** Headers with a secret: reference by name, with what stands before it. */
  readonly headers: Readonly<Record<string, SinkHeader>>
  readonly maxItemBytes: number
}

export interface SinkHeader {
  readonly prefix: string
  /** A reference. */
  readonly secret: string | null
  readonly text: string | null
}
