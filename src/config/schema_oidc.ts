import * as z from 'zod'
import { algorithms, claimPath, issuerUrl } from './schema_claims.ts'
import { duration, path, positive, secretRef } from './schema_values.ts'
import { workloadsSection } from './schema_workloads.ts'

const MAX_SKEW_SECONDS = 60
const MIN_INTERVAL_MS = 10_000

const liveCheck = z
  .strictObject({
    method: z
      .enum(['introspection', 'userinfo'])
      .default('introspection')
      .describe("introspection: RFC 7662, with a client of its own. userinfo: with the person's token alone."),
    endpoint: issuerUrl.optional().describe('Instead of the one in the discovery document.'),
    clientId: z.string().min(1).optional().describe('For introspection.'),
    clientSecret: secretRef.optional().describe('For introspection, by reference.'),
    interval: duration
      .refine((ms) => ms >= MIN_INTERVAL_MS, 'must be at least 10s')
      .prefault('5m')
      .describe('How often each session is asked about, give or take a quarter.'),
    onUnreachable: z
      .enum(['keep', 'end'])
      .default('keep')
      .describe('What becomes of a session when the provider could not be asked `failures` times in a row.'),
    failures: positive.default(3),
    onExpiry: z
      .enum(['keep', 'end'])
      .default('keep')
      .describe('What becomes of a session whose token has expired: nothing can be asked with it then.'),
  })
  .refine((live) => live.method === 'userinfo' || (live.clientId !== undefined && live.clientSecret !== undefined), {
    message: 'introspection needs clientId and clientSecret',
    path: ['clientId'],
  })
  .describe('Asks the provider now and then whether it still stands by the person of an open session.')

export const oidcSection = z.strictObject({
  issuer: issuerUrl,
  audiences: z.array(z.string().min(1)).min(1),
  authorizedParties: z.array(z.string().min(1)).optional().describe('Where given, `azp` or `client_id` must be one.'),
  algorithms: algorithms.default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  clockSkewSeconds: z.int().min(0).max(MAX_SKEW_SECONDS).default(30),
  maxLifetime: duration.prefault('24h').describe('A token whose whole life is longer is refused.'),
  claims: z
    .strictObject({
      subject: claimPath.prefault('sub'),
      email: claimPath.prefault('email'),
      name: claimPath.prefault('name'),
      groups: claimPath.prefault('groups'),
      aliases: z.array(claimPath).prefault(['preferred_username']),
      values: z
        .record(z.string().min(1).max(64), claimPath)
        .default({})
        .describe('Claims, by names of your own, that roles may bind parameters to.'),
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
  liveCheck: liveCheck.optional(),
  workloads: workloadsSection
    .default([])
    .describe('Further issuers, whose tokens name pipelines and services: principals without a person.'),
})

export const groupsSection = z
  .array(z.strictObject({ name: z.string().min(1), members: z.array(z.string().min(1)).min(1) }))
  .describe('Groups by file: members are emails or subjects. They add to those of the token.')
