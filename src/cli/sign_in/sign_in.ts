import { createServer, type Server } from 'node:http'
import * as client from 'openid-client'
import { SallyportError } from '../../errors.ts'
import type { Profile } from './profile.ts'
import { isLoopback } from './server_address.ts'
import type { Tokens } from './token_store.ts'

/** How long a browser may take. */
const BROWSER_TIMEOUT_MS = 5 * 60 * 1000
const CALLBACK_PATH = '/callback'
const MS_PER_SECOND = 1000

export interface Person {
  /** Opens an address in the person's browser; false where that can't be done, so that it has to be shown. */
  readonly browse: (url: string) => Promise<boolean>
  readonly show: (text: string) => void
}

/** The identity provider's endpoints. Rejects with `SP-AUTH` where it can't be reached or is another one than it says. */
export async function discover({ issuer, clientId }: Profile): Promise<client.Configuration> {
  const url = new URL(issuer)
  const insecure = url.protocol === 'http:' && isLoopback(url)
  try {
    return await client.discovery(url, clientId, undefined, client.None(), {
      execute: insecure ? [client.allowInsecureRequests] : [],
    })
  } catch (cause) {
    throw failed('the identity provider can not be read', cause)
  }
}

/** Authorization code with PKCE (RFC 7636) and a redirect to loopback (RFC 8252, section 7.3). */
export async function signInByBrowser(
  configuration: client.Configuration,
  profile: Profile,
  person: Person,
): Promise<Tokens> {
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const { server, port } = await listenOnLoopback()
  try {
    const redirect = `http://127.0.0.1:${port}${CALLBACK_PATH}`
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirect,
      scope: profile.scopes,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...promptOf(profile),
      ...resourceOf(profile),
    })
    const answered = answerOf(server, redirect)
    if (!(await person.browse(url.href))) person.show(`Open this address in a browser:\n\n  ${url.href}\n\n`)
    const answer = await client.authorizationCodeGrant(
      configuration,
      await answered,
      { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
      resourceOf(profile),
    )
    return tokensOf(answer, profile, null)
  } catch (cause) {
    throw failed('the login did not succeed', cause)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Device authorization grant (RFC 8628): for machines without a browser. */
export async function signInByDevice(
  configuration: client.Configuration,
  profile: Profile,
  person: Person,
): Promise<Tokens> {
  try {
    const asked = await client.initiateDeviceAuthorization(configuration, {
      scope: profile.scopes,
      ...resourceOf(profile),
    })
    person.show(`Visit ${asked.verification_uri} and enter the code ${asked.user_code}\n`)
    return tokensOf(await client.pollDeviceAuthorizationGrant(configuration, asked), profile, null)
  } catch (cause) {
    throw failed('the login did not succeed', cause)
  }
}

/** Null where the provider takes the refresh token no more: the person has to log in again. */
export async function refresh(
  configuration: client.Configuration,
  profile: Profile,
  refreshToken: string,
): Promise<Tokens | null> {
  try {
    return tokensOf(
      await client.refreshTokenGrant(configuration, refreshToken, resourceOf(profile)),
      profile,
      refreshToken,
    )
  } catch (cause) {
    if (cause instanceof client.ResponseBodyError) return null
    throw failed('the token could not be renewed', cause)
  }
}

type Answer = Awaited<ReturnType<typeof client.refreshTokenGrant>>

function tokensOf(answer: Answer, { token }: Profile, before: string | null): Tokens {
  const chosen = token === 'id' ? answer.id_token : answer.access_token
  if (chosen === undefined) throw new SallyportError('SP-AUTH', 'the identity provider gave no ID token')
  const seconds = token === 'id' ? untilClaim(answer) : (answer.expires_in ?? untilClaim(answer))
  return {
    token: chosen,
    expiresAt: Date.now() + seconds * MS_PER_SECOND,
    refreshToken: answer.refresh_token ?? before,
  }
}

/** Seconds until the ID token is over, or none where there is no ID token: it is asked for anew each time then. */
function untilClaim(answer: Answer): number {
  const expires = answer.claims()?.exp
  return expires === undefined ? 0 : expires - Math.floor(Date.now() / MS_PER_SECOND)
}

/** A refresh token is given for a consent alone (OpenID Connect Core 1.0, section 11). */
function promptOf({ scopes }: Profile): Record<string, string> {
  return scopes.split(' ').includes('offline_access') ? { prompt: 'consent' } : {}
}

/** RFC 8707. */
function resourceOf({ resource }: Profile): Record<string, string> {
  return resource === null ? {} : { resource }
}

function listenOnLoopback(): Promise<{ server: Server; port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ server: Server; port: number }>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    resolve({ server, port: typeof address === 'object' && address ? address.port : 0 })
  })
  return promise
}

/** The address that the browser came back with. Whatever else asks here is told nothing. */
function answerOf(server: Server, redirect: string): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>()
  const timer = setTimeout(() => reject(new SallyportError('SP-AUTH', 'nobody logged in in time')), BROWSER_TIMEOUT_MS)
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', redirect)
    if (request.method !== 'GET' || url.pathname !== CALLBACK_PATH) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    response.end('You are logged in, or were told why not. This window can be closed.\n')
    resolve(url)
  })
  return promise.finally(() => clearTimeout(timer))
}

/** What the provider said of it, never a token. */
function failed(what: string, cause: unknown): SallyportError {
  if (cause instanceof SallyportError) return cause
  if (cause instanceof client.ResponseBodyError || cause instanceof client.AuthorizationResponseError) {
    const said = [cause.error, cause.error_description].filter((text) => text !== undefined).join(': ')
    return new SallyportError('SP-AUTH', `${what}: ${said}`)
  }
  return new SallyportError('SP-AUTH', `${what}: ${cause instanceof Error ? cause.message : 'no reason given'}`)
}
