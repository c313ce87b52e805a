import { encodeUtf8 } from '../../../bytes/writer.ts'
import { SallyportError } from '../../../errors.ts'
import { broken, decodeText } from '../message.ts'

export const OAUTHBEARER = 'OAUTHBEARER'
const SEPARATOR = '\x01'

/** discovery: the client has no token yet, and asks where to get one (RFC 7628, section 3.2.2). */
export type OauthInitial = { readonly kind: 'token'; readonly token: string } | { readonly kind: 'discovery' }

const HEADER = /^[ny],(a=[^,]*)?,$/
/** RFC 6750 section 2.1: the scheme in any case, then b64token. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i
const PAIR = /^[A-Za-z]+=[ -~\t\r\n]*$/

/**
 * Reads the client's initial response as PostgreSQL does (auth-oauth.c): channel binding and an authorization identity are
 * refused, unknown keys ignored, `auth` stands once. Malformed is `SP-PROTOCOL`, and the token is never quoted.
 */
export function readOauthInitial(data: Uint8Array): OauthInitial {
  const text = decodeText(data)
  if (text.startsWith('p')) throw broken('OAUTHBEARER has no channel binding')
  const [header = '', ...rest] = text.split(SEPARATOR)
  const read = HEADER.exec(header)
  // Each pair ends with a separator, and one more ends the message (RFC 7628, section 3.1).
  const pairs = rest.slice(0, -2)
  if (read === null || rest.length < 2 || rest.slice(-2).join('') !== '' || !pairs.every(isPair)) {
    throw broken('an OAUTHBEARER message is malformed')
  }
  if (read[1] !== undefined) throw new SallyportError('SP-UNSUPPORTED', 'OAUTHBEARER with an authorization identity')
  const auths = pairs.filter((pair) => pair.startsWith('auth='))
  const [auth, another] = auths
  if (auth === undefined) throw broken('an OAUTHBEARER message has no auth')
  if (another !== undefined) throw broken('an OAUTHBEARER message has auth twice')
  if (auth === 'auth=') return { kind: 'discovery' }
  const token = BEARER.exec(auth.slice('auth='.length))?.[1]
  if (token === undefined) throw broken('OAUTHBEARER carries something other than a bearer token')
  return { kind: 'token', token }
}

function isPair(text: string): boolean {
  return PAIR.test(text)
}

/** What a client without a good token is told: where to get one. */
export function oauthChallenge(issuer: string, scopes: readonly string[]): Uint8Array {
  const configuration = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return encodeUtf8(
    JSON.stringify({ status: 'invalid_token', 'openid-configuration': configuration, scope: scopes.join(' ') }),
  )
}

/** The client's answer to the challenge (RFC 7628, section 3.2.3), after which the exchange has failed. */
export function expectOauthEnd(data: Uint8Array): void {
  if (data.length !== 1 || data[0] !== 1) throw broken('an OAUTHBEARER exchange goes on after its end')
}
