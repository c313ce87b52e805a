import * as z from 'zod'
import { duration, path } from './schema_values.ts'

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/
const MAX_SKEW_SECONDS = 60

const issuerUrl = z
  .string()
  .refine(
    (text) => /^https:\/\/[^/]/.test(text) || LOOPBACK.test(text),
    'must be an https URL (http for loopback only)',
  )

const claimPath = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .transform((claim) => (typeof claim === 'string' ? [claim] : claim))
  .describe('A claim by its name, or a list of names that leads into nested objects.')

/** The algorithms are all asymmetric: a shared secret or `none` can't be configured. */
export const oidcSection = z.strictObject({
  issuer: issuerUrl,
  audiences: z.array(z.string().min(1)).min(1),
  authorizedParties: z.array(z.string().min(1)).optional().describe('Where given, `azp` or `client_id` must be one.'),
  algorithms: z
    .array(
      z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']),
    )
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  clockSkewSeconds: z.int().min(0).max(MAX_SKEW_SECONDS).default(30),
  maxLifetime: duration.prefault('24h').describe('A token whose whole life is longer is refused.'),
  claims: z
    .strictObject({
      subject: claimPath.prefault('sub'),
      email: claimPath.prefault('email'),
      name: claimPath.prefault('name'),
      groups: claimPath.prefault('groups'),
      aliases: z.array(claimPath).prefault(['preferred_username']),
    })
    .prefault({}),
  requireVerifiedEmail: z
    .boolean()
    .default(false)
    .describe('true: an email counts only with email_verified. false: one that is marked unverified never counts.'),
  requiredClaims: z.record(z.string(), z.union([z.string(), z.boolean(), z.number()])).default({}),
  requiredScopes: z.array(z.string().min(1)).default([]),
  scopes: z
    .array(z.string().min(1))
    .min(1)
    .default(['openid'])
    .describe('What a client asks the provider for when it gets a token by itself (OAUTHBEARER).'),
  jwksUri: issuerUrl.optional().describe('Instead of the one in the discovery document.'),
  ca: path
    .optional()
    .describe('PEM file with the authorities that the provider is trusted by, instead of the built-in ones.'),
})

export const groupsSection = z
  .array(z.strictObject({ name: z.string().min(1), members: z.array(z.string().min(1)).min(1) }))
  .describe('Groups by file: members are emails or subjects. They add to those of the token.')
