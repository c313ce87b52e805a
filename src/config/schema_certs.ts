import * as z from 'zod'
import { duration, path, secretRef } from './schema_values.ts'

const MAX_LIFETIME_MS = 24 * 3_600_000
const MIN_LIFETIME_MS = 60_000

export const certificatesSection = z
  .strictObject({
    lifetime: duration
      .refine((ms) => ms >= MIN_LIFETIME_MS && ms <= MAX_LIFETIME_MS, 'must be between 1m and 24h')
      .prefault('1h')
      .describe('How long a client certificate is good for.'),
    authority: z
      .strictObject({
        cert: path.describe('PEM file with the certificate of the authority.'),
        key: secretRef.describe('Its private key, PEM, by reference: P-256, Ed25519 or RSA.'),
      })
      .optional()
      .describe(
        'The authority that signs. Default: one that is made in dataDir; nodes that share a store need the same.',
      ),
  })
  .describe('Client certificates, which Sallyport issues after a login.')
