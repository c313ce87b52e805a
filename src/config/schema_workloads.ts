import * as z from 'zod'
import { algorithms, claimPath, issuerUrl } from './schema_claims.ts'
import { duration, path, pattern } from './schema_values.ts'

const requiredClaim = z.strictObject({
  claim: claimPath,
  values: z.array(pattern).min(1).describe('The claim has to be one of them: exact, or `prefix*`.'),
})

const groupClaim = z
  .strictObject({
    claim: claimPath,
    prefix: z.string().min(1).optional().describe('Default: the name of the claim and a colon.'),
  })
  .describe('Each value of the claim is a group, with the prefix before it.')

/** Issuers of tokens for pipelines and services. */
export const workloadsSection = z.array(
  z.strictObject({
    issuer: issuerUrl.describe(
      'As the tokens name it: `https://token.actions.githubusercontent.com`, a GitLab, a cluster.',
    ),
    audiences: z.array(z.string().min(1)).min(1),
    algorithms: algorithms.prefault(['RS256', 'ES256']),
    maxLifetime: duration.prefault('1h').describe('A token whose whole life is longer is refused.'),
    subjectClaim: claimPath.prefault('sub'),
    requiredClaims: z
      .array(requiredClaim)
      .min(1)
      .describe('Such an issuer serves everybody, so at least one claim has to say whose workload it is.'),
    groups: z.array(groupClaim).default([]),
    jwksUri: issuerUrl.optional().describe('Instead of the one in the discovery document.'),
    ca: path.optional().describe('PEM file with the authorities that the issuer is trusted by.'),
  }),
)
