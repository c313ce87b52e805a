import * as z from 'zod'
import { path, secretRef } from './schema_values.ts'

export const certificatesSection = z
  .strictObject({
    authority: z
      .strictObject({
        cert: path.describe('PEM file with the certificate of the authority.'),
        key: secretRef.describe('Its private key, PEM, by reference: P-256, Ed25519 or RSA.'),
      })
      .describe('The authority that signs, the same for all nodes of a store. Default: one that is made in dataDir.'),
  })
  .describe('Client certificates, which Sallyport issues after a login.')
