import * as z from 'zod'
import { jsonFormat, networkSink } from './schema_sink_values.ts'
import { duration, httpsUrl, positive, positiveDuration, secretRef } from './schema_values.ts'

const MIB = 1024 * 1024

/** An object for each second's records would cost more in requests than in storage. */
const batch = z
  .strictObject({
    maxItems: positive.max(100_000).default(50_000).describe('Records at most.'),
    maxBytes: positive
      .max(64 * MIB)
      .default(16 * MIB)
      .describe('Bytes at most, before compression; one record goes in any case.'),
    maxWait: duration.prefault('5m').describe('How long a record waits for others.'),
  })
  .prefault({})
  .describe('How much goes into one object.')

const lock = z
  .strictObject({
    mode: z
      .enum(['GOVERNANCE', 'COMPLIANCE'])
      .default('COMPLIANCE')
      .describe(
        'COMPLIANCE: nobody can delete an object before its time. GOVERNANCE: who has the permission for it can.',
      ),
    retain: positiveDuration
      .prefault('2557d')
      .refine((ms) => ms >= 86_400_000, 'must be at least 1d')
      .describe('From when the object is written.'),
  })
  .optional()
  .describe(
    'Object Lock. The bucket must have it. Without this section objects get what the bucket has as its default.',
  )

export const s3Sink = z.strictObject({
  kind: z.literal('s3').describe('Objects in S3 or what speaks its protocol, with Object Lock.'),
  ...networkSink,
  format: jsonFormat,
  batch,
  timeout: positiveDuration.prefault('2m').describe('For one batch.'),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .describe('It must exist.'),
  prefix: z
    .string()
    .regex(/^$|^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*\/$/, 'must be empty, or a path that ends in a slash')
    .default('')
    .describe('Stands before the names of the objects, such as sallyport/.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default('us-east-1')
    .describe('The region of the bucket.'),
  endpoint: httpsUrl.optional().describe('Instead of the one of the region: MinIO and others.'),
  forcePathStyle: z
    .boolean()
    .default(false)
    .describe('The bucket stands in the path, not in the host: MinIO and others.'),
  credentials: z
    .strictObject({ accessKeyId: secretRef, secretAccessKey: secretRef })
    .optional()
    .describe("Default: the SDK's own chain, which knows roles of machines and of service accounts."),
  compress: z.enum(['gzip', 'zstd', 'none']).default('gzip').describe('Of the objects.'),
  lock,
  kmsKey: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe('Encryption with this key of KMS. Default: as the bucket has it.'),
})
