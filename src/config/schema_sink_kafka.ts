import * as z from 'zod'
import { jsonFormat, networkSink } from './schema_sink_values.ts'

export const kafkaSink = z.strictObject({
  kind: z.literal('kafka').describe('A topic of Kafka.'),
  ...networkSink,
  format: jsonFormat,
  brokers: z.array(z.string().min(1)).min(1),
  topic: z.string().min(1),
})
