import type { NetworkSink } from './sink_settings.ts'

export interface SplunkSettings extends NetworkSink {
  readonly kind: 'splunk'
  readonly url: string
  /** A reference. */
  readonly token: string
}

export interface ElasticsearchSettings extends NetworkSink {
  readonly kind: 'elasticsearch'
  readonly url: string
}

export interface KafkaSettings extends NetworkSink {
  readonly kind: 'kafka'
  readonly brokers: readonly string[]
  readonly topic: string
}

export interface OtlpSettings extends NetworkSink {
  readonly kind: 'otlp'
  readonly url: string
}

export interface S3Settings extends NetworkSink {
  readonly kind: 's3'
  readonly bucket: string
}
