import type { LiveCheckSettings, OidcSettings, WorkloadSettings } from '../identity/settings.ts'
import type { Config } from './config.ts'
import type { Merged } from './merge.ts'
import type { Resolver } from './resolve.ts'
import type { OidcSection } from './schema_file.ts'

type Oidc = Merged['oidc']

export async function buildOidc(merged: Merged, resolver: Resolver): Promise<OidcSettings> {
  const { value, at } = merged.oidc
  return {
    issuer: value.issuer,
    audiences: value.audiences,
    authorizedParties: value.authorizedParties ?? null,
    algorithms: value.algorithms,
    clockSkewSeconds: value.clockSkewSeconds,
    maxLifetimeMs: value.maxLifetime,
    claims: {
      ...value.claims,
      values: new Map(Object.entries(value.claims.values)),
      requireVerifiedEmail: value.requireVerifiedEmail,
    },
    groups: groupsOf(merged),
    requiredClaims: value.requiredClaims,
    requiredScopes: value.requiredScopes,
    scopes: value.scopes,
    jwksUri: value.jwksUri ?? null,
    ca: value.ca === undefined ? null : await resolver.certificates(value.ca, at, ['ca']),
    workloads: await Promise.all(value.workloads.map((_, index) => buildWorkload(merged.oidc, index, resolver))),
    liveCheck: await buildLiveCheck(merged.oidc, resolver),
  }
}

async function buildWorkload({ value, at }: Oidc, index: number, resolver: Resolver): Promise<WorkloadSettings> {
  const section = value.workloads[index] as OidcSection['workloads'][number]
  const { ca } = section
  return {
    issuer: section.issuer,
    audiences: section.audiences,
    algorithms: section.algorithms,
    clockSkewSeconds: value.clockSkewSeconds,
    maxLifetimeMs: section.maxLifetime,
    subject: section.subjectClaim,
    groups: section.groups.map(({ claim, prefix }) => ({ claim, prefix: prefix ?? `${claim.join('.')}:` })),
    required: section.requiredClaims.map(({ claim, values }) => ({ claim, patterns: values })),
    jwksUri: section.jwksUri ?? null,
    ca: ca === undefined ? null : await resolver.certificates(ca, at, ['workloads', index, 'ca']),
  }
}

async function buildLiveCheck({ value, at }: Oidc, resolver: Resolver): Promise<LiveCheckSettings | null> {
  const { liveCheck } = value
  if (liveCheck === undefined) return null
  const { method, endpoint, clientId, clientSecret, interval, onUnreachable, failures, onExpiry } = liveCheck
  const secret =
    clientSecret === undefined ? null : await resolver.secret(clientSecret, at, ['liveCheck', 'clientSecret'])
  const client = clientId !== undefined && secret !== null ? { id: clientId, secret } : null
  return { method, endpoint: endpoint ?? null, client, intervalMs: interval, onUnreachable, failures, onExpiry }
}

export async function buildAuthority({ certificates }: Merged, resolver: Resolver): Promise<Config['authority']> {
  if (certificates === null) return null
  return resolver.keyPair(certificates.value.authority, certificates.at, ['authority'])
}

function groupsOf(merged: Merged): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { value } of merged.groups) {
    for (const member of value.members) {
      const key = member.toLowerCase()
      groups.set(key, [...(groups.get(key) ?? []), value.name])
    }
  }
  return groups
}
