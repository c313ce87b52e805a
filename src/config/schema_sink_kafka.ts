import * as z from 'zod'
import { jsonFormat, networkSink } from './schema_sink_values.ts'
import { positive, secretRef } from './schema_values.ts'

const MIN_MESSAGE_BYTES = 8192
/** The broker's own default of `message.max.bytes` is 1,048,588, and counts some bytes around the records. */
const DEFAULT_MESSAGE_BYTES = 1_000_000
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

const broker = z
  .string()
  .regex(
    /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]{2,45}\]):\d{1,5}$/,
    'must be HOST:PORT, such as kafka.example.test:9093',
  )

const sasl = z
  .strictObject({
    mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
    user: z.string().min(1),
    password: secretRef,
  })
  .optional()
  .describe('How the brokers know this node, beside or instead of a certificate.')

export const kafkaSink = z
  .strictObject({
    kind: z.literal('kafka').describe('A topic of Kafka, or of what speaks its protocol.'),
    ...networkSink,
    format: jsonFormat,
    brokers: z.array(broker).min(1).max(16).describe('Some of the brokers; they name the others.'),
    topic: z
      .string()
      .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, 'must be 1 to 249 letters, digits, ., _ and -')
      .describe('It must exist: none is made.'),
    transport: z.enum(['tls', 'tcp']).default('tls').describe('tcp is not encrypted: for brokers on this machine.'),
    sasl,
    clientId: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,249}$/)
      .default('sallyport')
      .describe('Names the client in the logs and quotas of the brokers.'),
    key: z
      .enum(['session', 'person', 'target', 'none'])
      .default('session')
      .describe('Records with the same one go to one partition, and stay in order.'),
    compression: z.enum(['none', 'gzip', 'zstd', 'lz4', 'snappy']).default('zstd').describe('Of what is sent.'),
    maxMessageBytes: positive
      .min(MIN_MESSAGE_BYTES)
      .max(MAX_MESSAGE_BYTES)
      .default(DEFAULT_MESSAGE_BYTES)
      .describe('max.message.bytes of the topic, or less.'),
  })
  .refine(({ sasl, transport }) => transport === 'tls' || sasl?.mechanism !== 'PLAIN', {
    message: 'PLAIN would send the password in clear: it needs the transport tls',
    path: ['sasl', 'mechanism'],
  })
