import * as z from 'zod'
import { pagerdutySink, slackSink } from './schema_sink_alerts.ts'
import { elasticsearchSink } from './schema_sink_elasticsearch.ts'
import { kafkaSink } from './schema_sink_kafka.ts'
import { otlpSink } from './schema_sink_otlp.ts'
import { s3Sink } from './schema_sink_s3.ts'
import { splunkSink } from './schema_sink_splunk.ts'
import { everySink, jsonFormat, networkSink, sinkHeaders } from './schema_sink_values.ts'
import { count, host, httpsUrl, path, port, positive, secretRef } from './schema_values.ts'

/** RFC 5424, 6.1: what every receiver should take. */
const MIN_MESSAGE_BYTES = 2048
/** A line of the log is at most so long. */
const MAX_LINE_BYTES = 65_535
/** RFC 5424, table 1. */
const FACILITIES = [
  'authpriv',
  'audit',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const
const LINES_FORMAT = z.enum(['ocsf', 'cef', 'ecs']).default('ocsf')

const file = z.strictObject({
  kind: z.literal('file').describe('A copy of the records in a file.'),
  ...everySink,
  format: LINES_FORMAT,
  path: path.describe('A relative path starts at dataDir.'),
  maxBytes: positive.optional().describe('The file is rotated when it is larger. Default: never.'),
  keep: count.default(7).describe('How many rotated files are kept: path.1 is the newest.'),
  fsync: z.boolean().default(false).describe('Each batch is on disk before it counts as delivered.'),
})

const stdout = z.strictObject({
  kind: z.literal('stdout').describe('One line for each record on the standard output, between those of the program.'),
  ...everySink,
  format: LINES_FORMAT,
})

const syslog = z.strictObject({
  kind: z.literal('syslog').describe('RFC 5424 over TCP or TLS, with octet counting.'),
  ...networkSink,
  format: LINES_FORMAT,
  host,
  port: port.default(6514),
  transport: z.enum(['tls', 'tcp']).default('tls').describe('tcp is not encrypted: for a collector on this machine.'),
  facility: z.enum(FACILITIES).default('audit').describe('audit is 13 (log audit), authpriv is 10.'),
  hostname: host.optional().describe('HOSTNAME in messages. Default: the name of the machine.'),
  appName: z
    .string()
    .regex(/^[!-~]{1,48}$/, 'must be 1 to 48 printable characters')
    .default('sallyport'),
  sdId: z
    .string()
    .regex(/^[!#-<>?A-\\^-~]{1,24}@[0-9][0-9.]{0,6}$/, 'must be a name, @ and the number of an enterprise')
    .default('sallyport@32473')
    .describe('The name of the structured data that has uid, sequence and code.'),
  confirm: z
    .enum(['close', 'written'])
    .default('close')
    .describe(
      'When a batch counts as delivered. close: it has a connection of its own, and the receiver has closed it after ' +
        'the last byte. written: one connection stays open; what a break may have lost is sent again.',
    ),
  maxMessageBytes: positive
    .min(MIN_MESSAGE_BYTES)
    .default(8192)
    .describe('What the receiver takes at most; larger records go in pieces. For rsyslog it is $MaxMessageSize.'),
})

const webhook = z.strictObject({
  kind: z.literal('webhook').describe('HTTPS POST; any 2xx means taken.'),
  ...networkSink,
  format: jsonFormat,
  url: httpsUrl,
  body: z.enum(['array', 'ndjson']).default('array').describe('array: one JSON array. ndjson: a line for each record.'),
  secret: secretRef.optional().describe('Signs each body: header Sallyport-Signature, as for webhooks of the API.'),
  headers: sinkHeaders,
  maxItemBytes: positive.min(MIN_MESSAGE_BYTES).default(MAX_LINE_BYTES).describe('Larger records go in pieces.'),
})

const sink = z.discriminatedUnion('kind', [
  file,
  stdout,
  syslog,
  webhook,
  splunkSink,
  elasticsearchSink,
  kafkaSink,
  otlpSink,
  s3Sink,
  slackSink,
  pagerdutySink,
])

export type SinkSection = z.output<typeof sink>

export const sinksSection = z
  .array(sink)
  .default([])
  .refine((sinks) => new Set(sinks.map(({ name }) => name)).size === sinks.length, 'each sink needs a name of its own')
  .describe('Where the records go beside the log: see docs/sinks.md.')
