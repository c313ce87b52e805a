import type * as z from 'zod'
import type { NetworkSink, SinkHeader } from '../session/sink_settings.ts'
import type {
  ElasticsearchSettings,
  KafkaSettings,
  OtlpSettings,
  S3Settings,
  SplunkSettings,
} from '../session/sink_settings_remote.ts'
import type { elasticsearchSink } from './schema_sink_elasticsearch.ts'
import type { kafkaSink } from './schema_sink_kafka.ts'
import type { otlpSink } from './schema_sink_otlp.ts'
import type { s3Sink } from './schema_sink_s3.ts'
import type { splunkSink } from './schema_sink_splunk.ts'

/** The settings of services from their sections; `network` is what all sinks on the network have. */

type ServiceSection =
  | z.output<typeof splunkSink>
  | z.output<typeof elasticsearchSink>
  | z.output<typeof kafkaSink>
  | z.output<typeof otlpSink>
  | z.output<typeof s3Sink>
type ServiceSettings = SplunkSettings | ElasticsearchSettings | KafkaSettings | OtlpSettings | S3Settings

export function remoteSettings(
  section: ServiceSection,
  network: NetworkSink,
  headers: Readonly<Record<string, SinkHeader>>,
): ServiceSettings {
  switch (section.kind) {
    case 'splunk': {
      const {
        kind,
        url,
        token,
        index = null,
        source,
        sourcetype,
        host = null,
        gzip,
        acknowledge,
        maxItemBytes,
      } = section
      return { ...network, kind, url, token, index, source, sourcetype, host, gzip, acknowledge, maxItemBytes }
    }
    case 'elasticsearch': {
      const { kind, url, index, pipeline = null, auth, gzip, maxItemBytes } = section
      return { ...network, kind, url, index, pipeline, auth, gzip, maxItemBytes }
    }
    case 'kafka': {
      const { kind, brokers, topic, transport, sasl = null, clientId, key, compression, maxMessageBytes } = section
      return { ...network, kind, brokers, topic, transport, sasl, clientId, key, compression, maxMessageBytes }
    }
    case 'otlp': {
      const { kind, url, body, serviceName, gzip, maxItemBytes } = section
      return { ...network, kind, url, headers, body, serviceName, gzip, maxItemBytes }
    }
    case 's3':
      return { ...network, ...bucketOf(section) }
  }
}

function bucketOf(section: z.output<typeof s3Sink>): Omit<S3Settings, keyof NetworkSink> {
  const { kind, bucket, prefix, region, endpoint = null, forcePathStyle, compress, kmsKey = null } = section
  const { credentials = null, lock } = section
  return {
    kind,
    bucket,
    prefix,
    region,
    endpoint,
    forcePathStyle,
    credentials,
    compress,
    kmsKey,
    lock: lock === undefined ? null : { mode: lock.mode, retainMs: lock.retain },
  }
}
