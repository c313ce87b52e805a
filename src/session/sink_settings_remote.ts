import type { NetworkSink, SinkHeader } from './sink_settings.ts'

/** Where a text has no default, null stands for: what the service takes by itself. */

export interface SplunkSettings extends NetworkSink {
  readonly kind: 'splunk'
  readonly url: string
  /** A reference. */
  readonly token: string
  readonly index: string | null
  readonly source: string
  readonly sourcetype: string
  /** Default: the name of the node. */
  readonly host: string | null
  readonly gzip: boolean
  /** A batch counts as delivered when the indexers have it, not when it was received. */
  readonly acknowledge: boolean
  readonly maxItemBytes: number
}

export interface ElasticsearchSettings extends NetworkSink {
  readonly kind: 'elasticsearch'
  readonly url: string
  /** Of an index or a data stream; {yyyy}, {MM} and {dd} stand for the day of the record, in UTC. */
  readonly index: string
  readonly pipeline: string | null
  readonly auth: ElasticsearchAuth
  readonly gzip: boolean
  readonly maxItemBytes: number
}

/** `key` and `password` are references. */
export type ElasticsearchAuth =
  | { readonly method: 'none' }
  | { readonly method: 'apiKey'; readonly key: string }
  | { readonly method: 'basic'; readonly user: string; readonly password: string }

export interface KafkaSettings extends NetworkSink {
  readonly kind: 'kafka'
  /** `host:port`. */
  readonly brokers: readonly string[]
  readonly topic: string
  readonly transport: 'tls' | 'tcp'
  readonly sasl: KafkaSasl | null
  readonly clientId: string
  /** What must stay in order among itself; `none` spreads records over all partitions. */
  readonly key: 'session' | 'person' | 'target' | 'none'
  readonly compression: 'none' | 'gzip' | 'zstd' | 'lz4' | 'snappy'
  /** `max.message.bytes` of the topic. */
  readonly maxMessageBytes: number
}

export interface KafkaSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly user: string
  /** A reference. */
  readonly password: string
}

export interface OtlpSettings extends NetworkSink {
  readonly kind: 'otlp'
  readonly url: string
  readonly headers: Readonly<Record<string, SinkHeader>>
  readonly body: 'kvlist' | 'string'
  readonly serviceName: string
  readonly gzip: boolean
  readonly maxItemBytes: number
}

export interface S3Settings extends NetworkSink {
  readonly kind: 's3'
  readonly bucket: string
  /** Empty, or ends in a slash. */
  readonly prefix: string
  readonly region: string
  readonly endpoint: string | null
  readonly forcePathStyle: boolean
  /** References; null: the SDK's own chain. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  readonly compress: 'gzip' | 'zstd' | 'none'
  readonly lock: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly retainMs: number } | null
  /** The id of a key of KMS; null: as the bucket has it. */
  readonly kmsKey: string | null
}
