import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type * as Client from 'openid-client'
import type { Caller } from '../access/control.ts'
import { SallyportError } from '../errors.ts'
import { noteAccess } from './audit.ts'
import { CSRF_COOKIE, SESSION_COOKIE } from './authenticate.ts'
import { type ConsoleSessions, sameText } from './console_sessions.ts'
import type { ApiDeps, LoginSettings } from './ports.ts'

const LOGIN_COOKIE = '__Host-sallyport-login'
const PENDING_MS = 600_000
const MAX_PENDING = 5000
const BINDING_BYTES = 32
const DISCOVERY_MAX_AGE_MS = 3_600_000
const TIMEOUT_SECONDS = 10
const MS_PER_SECOND = 1000
const JSON_TYPE = 'application/json'

/** What a browser that was sent to the provider has to come back with. */
interface Pending {
  readonly binding: string
  readonly verifier: string
  readonly nonce: string
  readonly returnTo: string
  readonly fresh: boolean
}

/** Login of a browser: authorization code with PKCE, state and nonce (OAuth 2.1, OpenID Connect Core 1.0, 3.1). */
export class ConsoleLogin {
  readonly #deps: ApiDeps
  readonly #settings: LoginSettings
  readonly #sessions: ConsoleSessions
  readonly #pending = new LRUCache<string, Pending>({ max: MAX_PENDING, ttl: PENDING_MS })
  #provider: { readonly client: typeof Client; readonly config: Client.Configuration; readonly until: number } | null =
    null

  constructor(deps: ApiDeps, settings: LoginSettings, sessions: ConsoleSessions) {
    this.#deps = deps
    this.#settings = settings
    this.#sessions = sessions
  }

  /** Where to send the browser. */
  async start(reply: FastifyReply, returnTo: string, fresh: boolean): Promise<string> {
    const { client, config } = await this.#discovered()
    const [state, verifier, nonce] = [client.randomState(), client.randomPKCECodeVerifier(), client.randomNonce()]
    const binding = randomBytes(BINDING_BYTES).toString('base64url')
    this.#pending.set(state, { binding, verifier, nonce, returnTo, fresh })
    reply.setCookie(LOGIN_COOKIE, binding, { ...COOKIE, maxAge: PENDING_MS / MS_PER_SECOND })
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: this.#redirectUri(),
      scope: this.#settings.scopes.join(' '),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(fresh ? { max_age: '0', prompt: 'login' } : {}),
    })
    return url.href
  }

  /** Checks what the browser came back with, opens its session, and gives the path to go on to. */
  async finish(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const pending = this.#take(request)
    reply.clearCookie(LOGIN_COOKIE, COOKIE)
    const { token, sid } = await this.#redeem(request, pending)
    const identity = await this.#deps.tokens.verify(token)
    const caller: Caller = { identity, clientAddress: request.ip }
    await this.#deps.control.standing(caller)
    await noteAccess(this.#deps, 'api.login', caller, { by: 'browser', fresh: pending.fresh })
    const { cookie, session } = this.#sessions.open(identity, sid, this.#settings.maxSessionMs)
    const maxAge = Math.max(1, Math.floor((session.endsAt - this.#deps.clock.now()) / MS_PER_SECOND))
    reply.setCookie(SESSION_COOKIE, cookie, { ...COOKIE, maxAge })
    reply.setCookie(CSRF_COOKIE, session.csrfToken, { ...COOKIE, httpOnly: false, maxAge })
    return pending.returnTo
  }

  /** A state is good once, and only in the browser that it was made for. */
  #take(request: FastifyRequest): Pending {
    const { state } = request.query as Readonly<Record<string, unknown>>
    const pending = typeof state === 'string' ? this.#pending.get(state) : undefined
    if (pending === undefined) throw refused('the login was not begun here, or too long ago')
    const binding = request.cookies[LOGIN_COOKIE]
    if (binding === undefined || !sameText(binding, pending.binding))
      throw refused('the login was begun in another browser')
    this.#pending.delete(state as string)
    return pending
  }

  async #redeem(
    request: FastifyRequest,
    pending: Pending,
  ): Promise<{ readonly token: string; readonly sid: string | null }> {
    const { client, config } = await this.#discovered()
    const url = new URL(request.url, this.#deps.settings.publicUrl)
    const checks = {
      pkceCodeVerifier: pending.verifier,
      expectedState: url.searchParams.get('state') ?? '',
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    }
    const answer = await client.authorizationCodeGrant(config, url, checks).catch(() => {
      throw refused('the identity provider did not confirm the login')
    })
    const token = this.#settings.token === 'id' ? answer.id_token : answer.access_token
    if (token === undefined) throw refused('the identity provider sent no token')
    const sid = answer.claims()?.sid
    return { token, sid: typeof sid === 'string' ? sid : null }
  }

  /** The client is loaded with the first login: most calls bring a token. */
  async #discovered(): Promise<{ readonly client: typeof Client; readonly config: Client.Configuration }> {
    const now = this.#deps.clock.monotonic()
    if (this.#provider !== null && now < this.#provider.until) return this.#provider
    const client = await import('openid-client')
    const { issuer, clientId, clientSecret } = this.#settings
    const { providerFetch } = this.#deps
    const plain = new URL(issuer).protocol === 'http:'
    const options: Client.DiscoveryRequestOptions = { timeout: TIMEOUT_SECONDS }
    if (plain) options.execute = [client.allowInsecureRequests]
    if (providerFetch !== null) options[client.customFetch] = fetchBy(providerFetch)
    const proof = clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret)
    const config = await client.discovery(new URL(issuer), clientId, undefined, proof, options).catch(() => {
      throw new SallyportError('SP-UPSTREAM', 'the identity provider can not be reached')
    })
    this.#provider = { client, config, until: now + DISCOVERY_MAX_AGE_MS }
    return this.#provider
  }

  #redirectUri(): string {
    return new URL('/v1/auth/callback', this.#deps.settings.publicUrl).href
  }
}

/** The port gives status and body; that the body is JSON, the client wants to read in a header. */
function fetchBy(port: NonNullable<ApiDeps['providerFetch']>): Client.CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const sent = body === undefined || body === null ? {} : { body: String(body) }
    const answer = await port(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...sent,
      ...(signal === undefined ? {} : { signal }),
    })
    return new Response(await answer.text(), { status: answer.status, headers: { 'content-type': JSON_TYPE } })
  }
}

/** `__Host-` demands Secure, a path of `/` and no domain. Lax: the way back from the provider comes from its site. */
const COOKIE = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' } as const

function refused(detail: string): SallyportError {
  return new SallyportError('SP-AUTH', detail)
}
