import { asSallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { LiveCheckSettings, OidcSettings } from '../identity/settings.ts'
import { discover, isSafeAddress } from './discovery.ts'
import { asked, type Fetch, fetchBy, jsonOf, unreachable } from './https_fetch.ts'

/** What the provider says of a person. That it could not be asked, or said something odd, is no answer at all. */
export type Answer =
  | { readonly kind: 'stands' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** The token can't be asked with any more. */
  | { readonly kind: 'expired' }

const UNAUTHORIZED: ReadonlySet<number> = new Set([401, 403])
const ENDPOINTS = { introspection: 'introspection_endpoint', userinfo: 'userinfo_endpoint' } as const

/** Never rejects. */
export async function askProvider(
  oidc: OidcSettings,
  live: LiveCheckSettings,
  token: string,
  identity: Identity,
  fetch: Fetch = fetchBy(oidc.ca),
): Promise<Answer> {
  try {
    const endpoint = await endpointOf(oidc, live, fetch)
    if (live.method === 'userinfo') return await askUserinfo(fetch, endpoint, token, identity)
    return await introspect(fetch, endpoint, live, token, identity)
  } catch (error) {
    return { kind: 'unreachable', detail: asSallyportError(error).detail }
  }
}

async function endpointOf({ issuer }: OidcSettings, live: LiveCheckSettings, fetch: Fetch): Promise<string> {
  if (live.endpoint !== null) return live.endpoint
  const found = (await discover(fetch, issuer))[ENDPOINTS[live.method]]
  if (typeof found !== 'string' || !isSafeAddress(found, issuer))
    throw unreachable(`names no ${ENDPOINTS[live.method]}`)
  return found
}

/** RFC 7662. A status other than 200 speaks of our own credentials, not of the person. */
async function introspect(
  fetch: Fetch,
  endpoint: string,
  { client }: LiveCheckSettings,
  token: string,
  { subject }: Identity,
): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    ...(client === null ? {} : { authorization: basic(client) }),
  }
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString()
  const response = await asked(fetch, endpoint, { method: 'POST', headers, body })
  if (response.status !== 200) throw unreachable(`answered the introspection with status ${response.status}`)
  const { active, sub } = recordOf(await jsonOf(response))
  if (active === false) return { kind: 'refused', detail: 'the token is no longer active' }
  if (active !== true) throw unreachable('does not say whether the token is active')
  return sub === undefined || sub === subject
    ? { kind: 'stands' }
    : { kind: 'refused', detail: 'the token is of another' }
}

/** RFC 6749, section 2.3.1: both parts are form-encoded before they are joined. */
function basic({ id, secret }: NonNullable<LiveCheckSettings['client']>): string {
  const encoded = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`
}

/** OpenID Connect Core, section 5.3.2: the subject has to be compared. */
async function askUserinfo(fetch: Fetch, endpoint: string, token: string, { subject }: Identity): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  const response = await asked(fetch, endpoint, { headers })
  if (UNAUTHORIZED.has(response.status)) return { kind: 'refused', detail: 'the token is no longer good' }
  if (response.status !== 200) throw unreachable(`answered for userinfo with status ${response.status}`)
  const { sub } = recordOf(await jsonOf(response))
  return sub === subject ? { kind: 'stands' } : { kind: 'refused', detail: 'the token is of another' }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw unreachable('answered with something other than an object')
  return value as Readonly<Record<string, unknown>>
}
