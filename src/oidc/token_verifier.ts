import { decodeJwt, type JWTPayload } from 'jose'
import { SallyportError } from '../errors.ts'
import { identityFromClaims } from '../identity/from_claims.ts'
import type { Identity } from '../identity/identity.ts'
import type { OidcSettings } from '../identity/settings.ts'
import type { Tokens } from '../session/ports.ts'
import { fetchBy } from './https_fetch.ts'
import { KEYS_COOLDOWN_MS, ProviderKeys, type VerifierOptions } from './provider_keys.ts'
import { refusedToken, signedClaims } from './signed_token.ts'
import { workloadVerifier } from './workload_verifier.ts'

/** RFC 9068, section 2.1; ID tokens say JWT or nothing. */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/at+jwt'])

/**
 * Verifies tokens against the published keys of the provider of people, or of the issuer of a workload that the token names.
 * Rejects with `SP-AUTH`, whose detail says for the log which check failed and never quotes the token, or with
 * `SP-GROUP-OVERAGE`.
 */
export function createTokenVerifier(settings: OidcSettings, options: VerifierOptions): Tokens {
  const people = personVerifier(settings, options)
  const workloads = new Map(settings.workloads.map((one) => [one.issuer, workloadVerifier(one, options)]))
  // What a token says of its issuer only chooses who looks at it: each verifier takes its own issuer's alone.
  return { verify: (token) => (workloads.get(issuerNamed(token) ?? '') ?? people)(token) }
}

function issuerNamed(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

function personVerifier(settings: OidcSettings, options: VerifierOptions): (token: string) => Promise<Identity> {
  const fetch = options.fetch ?? fetchBy(settings.ca)
  const keys = new ProviderKeys(settings, fetch, options.clock, options.cooldownMs ?? KEYS_COOLDOWN_MS)
  return async (token) => {
    const payload = await signedClaims(token, keys, settings, options.clock, TYPES)
    checkClaims(payload, settings)
    const identity = identityFromClaims(payload, settings.claims, settings.groups)
    if (identity instanceof SallyportError) throw identity
    return identity
  }
}

function checkClaims(payload: JWTPayload, settings: OidcSettings): void {
  // A logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4) has what an access token has, and events.
  if (payload.events !== undefined) throw refusedToken('wrong type of token')
  const party = payload.azp ?? payload.client_id
  if (settings.authorizedParties !== null && !settings.authorizedParties.some((allowed) => allowed === party)) {
    throw refusedToken('wrong authorized party')
  }
  for (const [claim, value] of Object.entries(settings.requiredClaims)) {
    if (payload[claim] !== value) throw refusedToken(`claim ${claim} is missing or wrong`)
  }
  const scopes = scopesOf(payload)
  for (const scope of settings.requiredScopes) {
    if (!scopes.has(scope)) throw refusedToken(`scope ${scope} is missing`)
  }
}

/** `scope` is a text (RFC 9068) or a list; Entra and Okta say `scp`. */
function scopesOf(payload: JWTPayload): ReadonlySet<unknown> {
  const claim = payload.scope ?? payload.scp
  return new Set(typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [])
}
