import type { JWTPayload } from 'jose'
import { claimAt } from '../identity/from_claims.ts'
import type { Identity } from '../identity/identity.ts'
import type { WorkloadSettings } from '../identity/settings.ts'
import { matchesPattern } from '../policy/patterns.ts'
import { fetchBy } from './https_fetch.ts'
import { KEYS_COOLDOWN_MS, ProviderKeys, type VerifierOptions } from './provider_keys.ts'
import { refusedToken, signedClaims } from './signed_token.ts'

const TYPES: ReadonlySet<string> = new Set(['jwt'])
const MS_PER_SECOND = 1000
const MAX_GROUP_CHARS = 256

/**
 * Verifies the tokens of an issuer of workloads: a pipeline of GitHub or GitLab, a service account of Kubernetes. Such an
 * issuer serves many whom nobody here knows, so claims of the token have to match the patterns that were configured.
 */
export function workloadVerifier(
  settings: WorkloadSettings,
  { clock, fetch, cooldownMs }: VerifierOptions,
): (token: string) => Promise<Identity> {
  const keys = new ProviderKeys(settings, fetch ?? fetchBy(settings.ca), clock, cooldownMs ?? KEYS_COOLDOWN_MS)
  return async (token) => {
    const payload = await signedClaims(token, keys, settings, clock, TYPES)
    for (const { claim, patterns } of settings.required) {
      const value = claimAt(payload, claim)
      if (typeof value !== 'string' || !patterns.some((pattern) => matchesPattern(pattern, value))) {
        throw refusedToken(`claim ${claim.join('.')} is missing or not among those that are let in`)
      }
    }
    return identityOf(payload, settings)
  }
}

/**
 * A machine has no email and no group of people: its groups carry a prefix, so that none is called as one of people is. A
 * file of groups does not know it either.
 */
function identityOf(payload: JWTPayload, { issuer, subject: path, groups }: WorkloadSettings): Identity {
  const subject = claimAt(payload, path)
  if (typeof subject !== 'string' || subject === '') throw refusedToken('the token names no subject')
  return {
    issuer,
    subject,
    email: null,
    name: subject,
    groups: groups.flatMap(({ claim, prefix }) => namesOf(claimAt(payload, claim)).map((name) => `${prefix}${name}`)),
    aliases: [subject],
    tokenId: payload.jti ?? null,
    expiresAt: (payload.exp ?? 0) * MS_PER_SECOND,
    authTime: null,
    acr: null,
    amr: [],
    machine: true,
  }
}

function namesOf(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value : [value]
  return values.filter((name) => typeof name === 'string' && name !== '' && name.length <= MAX_GROUP_CHARS)
}
