import { type Fetch, fetchJson, unreachable } from './https_fetch.ts'

/** The issuer's document by OpenID Connect Discovery 1.0, section 4, which has to name the issuer itself. */
export async function discover(fetch: Fetch, issuer: string): Promise<Readonly<Record<string, unknown>>> {
  const document = await fetchJson(fetch, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  if (typeof document !== 'object' || document === null) throw unreachable('sent no discovery document')
  const found = document as Readonly<Record<string, unknown>>
  if (found.issuer !== issuer) throw unreachable('names another issuer in its discovery document')
  return found
}

/** Addresses are reached over TLS, except those of an issuer that is itself plain (the schema allows that on loopback). */
export function isSafeAddress(uri: string, issuer: string): boolean {
  return uri.startsWith('https://') || (issuer.startsWith('http://') && new URL(uri).host === new URL(issuer).host)
}
