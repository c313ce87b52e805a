import type { JWTPayload } from 'jose'
import { LRUCache } from 'lru-cache'
import type { OidcSettings } from '../identity/settings.ts'
import { fetchBy } from './https_fetch.ts'
import { KEYS_COOLDOWN_MS, ProviderKeys, type VerifierOptions } from './provider_keys.ts'
import { refusedToken, signedClaims } from './signed_token.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const TYPES: ReadonlySet<string> = new Set(['jwt', 'logout+jwt', 'application/logout+jwt'])
const MAX_LIFETIME_MS = 3_600_000
const MS_PER_SECOND = 1000
const MAX_REMEMBERED = 10_000

/** Whose sessions end: all of the subject's, or those of one session with the provider. At least one of the two. */
export interface LogoutNotice {
  readonly issuer: string
  readonly subject: string | null
  readonly sid: string | null
}

/**
 * Verifies logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6). `clients` are the client ids that this program
 * is registered by: a logout token is made out to one of them. Rejects with `SP-AUTH`; each token is good once.
 */
export function createLogoutVerifier(
  settings: OidcSettings,
  clients: readonly string[],
  { clock, fetch, cooldownMs }: VerifierOptions,
): (token: string) => Promise<LogoutNotice> {
  const keys = new ProviderKeys(settings, fetch ?? fetchBy(settings.ca), clock, cooldownMs ?? KEYS_COOLDOWN_MS)
  const audiences = [...settings.audiences, ...(settings.authorizedParties ?? []), ...clients]
  const rules = { ...settings, audiences, maxLifetimeMs: MAX_LIFETIME_MS }
  const seen = new LRUCache<string, true>({ max: MAX_REMEMBERED })
  return async (token) => {
    const payload = await signedClaims(token, keys, rules, clock, TYPES)
    const notice = noticeOf(payload, settings.issuer)
    const { jti, exp = 0 } = payload
    if (typeof jti !== 'string' || jti === '') throw refusedToken('the logout token has no id')
    if (seen.has(jti)) throw refusedToken('the logout token was seen before')
    const ttl = (exp + settings.clockSkewSeconds) * MS_PER_SECOND - clock.now()
    seen.set(jti, true, { ttl: Math.max(ttl, 1) })
    return notice
  }
}

function noticeOf(payload: JWTPayload, issuer: string): LogoutNotice {
  const { events, nonce } = payload as { readonly events?: unknown; readonly nonce?: unknown }
  if (!isRecord(events) || !isRecord(events[EVENT])) throw refusedToken('the token is not about a logout')
  // A nonce is what an ID token has: one of those must not pass for the other.
  if (nonce !== undefined) throw refusedToken('the logout token has a nonce')
  const [subject, sid] = [textOf(payload.sub), textOf(payload.sid)]
  if (subject === null && sid === null) throw refusedToken('the logout token names neither subject nor session')
  return { issuer, subject, sid }
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && value !== '') return value
  throw refusedToken('the logout token names a subject or session that is none')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
