import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { SallyportError } from '../errors.ts'
import { identityFromClaims } from '../identity/from_claims.ts'
import type { OidcSettings } from '../identity/settings.ts'
import type { Clock, Tokens } from '../session/ports.ts'
import { type Fetch, fetchWithAuthorities } from './https_fetch.ts'
import { KEYS_COOLDOWN_MS, ProviderKeys } from './provider_keys.ts'

/** The longest password of a PostgreSQL client (PG_MAX_AUTH_TOKEN_LENGTH less the message's head). */
const MAX_TOKEN_BYTES = 65_530
const MS_PER_SECOND = 1000
/** RFC 9068, section 2.1; ID tokens say JWT or nothing. */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/at+jwt'])

export interface VerifierOptions {
  readonly clock: Clock
  /** Default: Node's own, or one that trusts `settings.ca`. */
  readonly fetch?: Fetch
  /** How often an unknown key may cause a read of the provider's keys. */
  readonly cooldownMs?: number
}

/**
 * Verifies tokens against the provider's published keys. Rejects with `SP-AUTH`, whose detail says for the log which
 * check failed and never quotes the token, or with `SP-GROUP-OVERAGE`.
 */
export function createTokenVerifier(settings: OidcSettings, options: VerifierOptions): Tokens {
  const fetch = options.fetch ?? (settings.ca === null ? plainFetch : fetchWithAuthorities(settings.ca))
  const keys = new ProviderKeys(settings, fetch, options.clock, options.cooldownMs ?? KEYS_COOLDOWN_MS)
  return {
    verify: async (token) => {
      if (token.length > MAX_TOKEN_BYTES) throw refused('malformed token: too long')
      const { payload, header } = await verified(token, keys, settings, options.clock)
      checkHeader(header)
      checkClaims(payload, settings)
      const identity = identityFromClaims(payload, settings.claims, settings.groups)
      if (identity instanceof SallyportError) throw identity
      return identity
    },
  }
}

const plainFetch: Fetch = (url, options) => fetch(url, { ...options, redirect: 'error' })

/** jose checks the signature before any claim, so that no answer tells of claims that nobody signed. */
async function verified(token: string, keys: ProviderKeys, settings: OidcSettings, clock: Clock) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, await keys.current(), {
      issuer: settings.issuer,
      audience: [...settings.audiences],
      algorithms: [...settings.algorithms],
      clockTolerance: settings.clockSkewSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'iat'],
    })
    return { payload, header: protectedHeader }
  } catch (error) {
    throw error instanceof SallyportError ? error : refused(reasonOf(error))
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'expired token'
  if (error instanceof errors.JWTClaimValidationFailed) return claimReason(error.claim)
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad signature'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm not allowed'
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key'
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'unknown key: the token names none of several'
  if (error instanceof errors.JWKSTimeout) return 'the identity provider did not answer in time'
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed token'
  if (error instanceof errors.JOSENotSupported) return 'malformed token: an unsupported header'
  return "the identity provider's keys can not be read"
}

function claimReason(claim: string): string {
  switch (claim) {
    case 'aud':
      return 'wrong audience'
    case 'iss':
      return 'wrong issuer'
    case 'nbf':
      return 'token not valid yet'
    default:
      return `claim ${claim} is missing or wrong`
  }
}

function checkHeader(header: JWTHeaderParameters): void {
  if (header.typ !== undefined && !TYPES.has(header.typ.toLowerCase())) throw refused('wrong type of token')
}

function checkClaims(payload: JWTPayload, settings: OidcSettings): void {
  const { exp, iat } = payload
  if (exp === undefined || iat === undefined || (exp - iat) * MS_PER_SECOND > settings.maxLifetimeMs) {
    throw refused('the token lives longer than allowed')
  }
  const party = payload.azp ?? payload.client_id
  if (settings.authorizedParties !== null && !settings.authorizedParties.some((allowed) => allowed === party)) {
    throw refused('wrong authorized party')
  }
  for (const [claim, value] of Object.entries(settings.requiredClaims)) {
    if (payload[claim] !== value) throw refused(`claim ${claim} is missing or wrong`)
  }
  const scopes = scopesOf(payload)
  for (const scope of settings.requiredScopes) {
    if (!scopes.has(scope)) throw refused(`scope ${scope} is missing`)
  }
}

/** `scope` is a text (RFC 9068) or a list; Entra and Okta say `scp`. */
function scopesOf(payload: JWTPayload): ReadonlySet<unknown> {
  const claim = payload.scope ?? payload.scp
  return new Set(typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [])
}

function refused(detail: string): SallyportError {
  return new SallyportError('SP-AUTH', detail)
}
