import { errors, type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { SallyportError } from '../errors.ts'
import type { Clock } from '../session/ports.ts'

/** The longest password of a PostgreSQL client (PG_MAX_AUTH_TOKEN_LENGTH less the message's head). */
const MAX_TOKEN_BYTES = 65_530
const MS_PER_SECOND = 1000

/** What every signed token is checked against, whoever it is of. */
export interface TokenRules {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly clockSkewSeconds: number
  /** The longest whole life (`exp` - `iat`). */
  readonly maxLifetimeMs: number
}

/** Where the issuer's keys come from. */
export interface KeySource {
  current(): Promise<JWTVerifyGetKey>
}

/**
 * The claims of a token that the issuer signed for one of the audiences and that is valid now. Rejects with `SP-AUTH`, whose
 * detail says which check failed and never quotes the token. `types` are those that its header may name, in lower case.
 */
export async function signedClaims(
  token: string,
  keys: KeySource,
  rules: TokenRules,
  clock: Clock,
  types: ReadonlySet<string>,
): Promise<JWTPayload> {
  if (token.length > MAX_TOKEN_BYTES) throw refusedToken('malformed token: too long')
  const { payload, header } = await verified(token, keys, rules, clock)
  if (header.typ !== undefined && !types.has(header.typ.toLowerCase())) throw refusedToken('wrong type of token')
  const { exp, iat } = payload
  if (exp === undefined || iat === undefined || (exp - iat) * MS_PER_SECOND > rules.maxLifetimeMs) {
    throw refusedToken('the token lives longer than allowed')
  }
  return payload
}

export function refusedToken(detail: string): SallyportError {
  return new SallyportError('SP-AUTH', detail)
}

interface Verified {
  readonly payload: JWTPayload
  readonly header: JWTHeaderParameters
}

/** jose checks the signature before any claim, so that no answer tells of claims that nobody signed. */
async function verified(token: string, keys: KeySource, rules: TokenRules, clock: Clock): Promise<Verified> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, await keys.current(), {
      issuer: rules.issuer,
      audience: [...rules.audiences],
      algorithms: [...rules.algorithms],
      clockTolerance: rules.clockSkewSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'iat'],
    })
    return { payload, header: protectedHeader }
  } catch (error) {
    throw error instanceof SallyportError ? error : refusedToken(reasonOf(error))
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
