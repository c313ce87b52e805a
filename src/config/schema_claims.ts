import * as z from 'zod'

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/

/** What the sections about tokens share. */

export const issuerUrl = z
  .string()
  .refine(
    (text) => /^https:\/\/[^/]/.test(text) || LOOPBACK.test(text),
    'must be an https URL (http for loopback only)',
  )

export const claimPath = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .transform((claim) => (typeof claim === 'string' ? [claim] : claim))
  .describe('A claim by its name, or a list of names that leads into nested objects.')

/** All asymmetric: a shared secret or `none` can't be configured. */
export const algorithms = z
  .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']))
  .min(1)
