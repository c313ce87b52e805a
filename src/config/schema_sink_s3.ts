import * as z from 'zod'
import { networkSink } from './schema_sink_values.ts'

export const s3Sink = z.strictObject({
  kind: z.literal('s3').describe('Objects in S3, with Object Lock.'),
  ...networkSink,
  bucket: z.string().min(1),
})
