import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import Provider from 'oidc-provider'

const AUDIENCE = 'https://sallyport.test'
const TOKEN_SECONDS = 600

/** Obviously made-up people, as the provider knows them. */
const PEOPLE = {
  alice: { email: 'alice@example.test', groups: ['engineering', 'dba'] },
  bob: { email: 'bob@example.test', groups: ['engineering'] },
  carol: { email: 'carol@example.test', groups: ['security'] },
} as const satisfies Record<string, { email: string; groups: readonly string[] }>

export interface TokenOptions {
  readonly audience?: string
  /** Seconds from now; negative for a token that has expired. */
  readonly expiresIn?: number
  readonly groups?: readonly string[]
  readonly issuer?: string
  /** Claims more, or in place of the usual ones; undefined leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface OidcServer {
  readonly issuer: string
  readonly audience: string
  /** An RFC 9068 access token of the provider's key for a person. */
  tokenFor(person: keyof typeof PEOPLE, options?: TokenOptions): Promise<string>
  /** From here on the provider publishes and signs with a new key alone; tokens of the old one are no longer good. */
  rotateKey(): Promise<void>
  /** How often the key set has been fetched. */
  keySetRequests(): number
  stop(): Promise<void>
}

interface SigningKey {
  readonly privateKey: ReturnType<typeof generateKeyPairSync>['privateKey']
  readonly jwk: JWK
}

/** A certified OpenID Provider on a free loopback port, with discovery and key set of its own making. */
export async function startOidc(): Promise<OidcServer> {
  let answer: RequestListener = (_request, response) => response.writeHead(503).end()
  let keySetRequests = 0
  const server = createServer((request, response) => {
    if (request.url === '/jwks') keySetRequests += 1
    answer(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let key: SigningKey
  const rotateKey = async () => {
    key = await signingKey()
    answer = provider(issuer, key)
  }
  await rotateKey()
  return {
    issuer,
    audience: AUDIENCE,
    tokenFor: (person, options = {}) => signToken(issuer, key, person, options),
    rotateKey,
    keySetRequests: () => keySetRequests,
    stop: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

async function signingKey(): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid: randomUUID(), use: 'sig', alg: 'RS256' } }
}

const SCOPES = 'openid offline_access email profile groups'

/** The pages for people take any of the names above and no password; `browser.ts` is who reads them. */
function provider(issuer: string, key: SigningKey): RequestListener {
  const made = new Provider(issuer, {
    jwks: { keys: [key.jwk] },
    clients: [CLI_CLIENT, CONSOLE_CLIENT],
    cookies: { keys: ['cookies-of-a-test'] },
    scopes: SCOPES.split(' '),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    // The claims of a scope stand in the ID token too.
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPES,
          audience: AUDIENCE,
          accessTokenTTL: TOKEN_SECONDS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    pkce: { required: () => true },
    findAccount: (_context: unknown, id: string) => {
      const person = isPerson(id) ? PEOPLE[id] : null
      return person && { accountId: id, claims: async () => ({ sub: id, name: id, email_verified: true, ...person }) }
    },
    extraTokenClaims: (_context: unknown, { accountId = '' }: { accountId?: string }) =>
      isPerson(accountId) ? { ...PEOPLE[accountId], auth_time: Math.floor(Date.now() / 1000) } : {},
    ttl: {
      AccessToken: TOKEN_SECONDS,
      IdToken: TOKEN_SECONDS,
      DeviceCode: 60,
      Grant: 3600,
      Session: 3600,
      Interaction: 60,
    },
  })
  return made.callback()
}

/** For the command line: public, with a redirect to any port of loopback (RFC 8252, section 7.3). */
const CLI_CLIENT = {
  client_id: 'cli',
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
}

/** For the browser's session; obviously not a secret. */
export const CONSOLE_SECRET = 'not-a-secret-of-the-console'
const CONSOLE_CLIENT = {
  client_id: 'console',
  client_secret: CONSOLE_SECRET,
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/v1/auth/callback', 'http://localhost/v1/auth/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}

function isPerson(name: string): name is keyof typeof PEOPLE {
  return Object.hasOwn(PEOPLE, name)
}

/** Signed with the provider's key directly, so that no browser takes part; the claims are those of RFC 9068, 2.2. */
async function signToken(
  issuer: string,
  key: SigningKey,
  person: keyof typeof PEOPLE,
  options: TokenOptions,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const { email, groups } = PEOPLE[person]
  const payload: JWTPayload = {
    iss: options.issuer ?? issuer,
    sub: person,
    aud: options.audience ?? AUDIENCE,
    client_id: 'cli',
    scope: 'openid email groups',
    jti: randomUUID(),
    email,
    groups: options.groups ?? groups,
    iat: now,
    exp: now + (options.expiresIn ?? TOKEN_SECONDS),
    ...options.claims,
  }
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.jwk.kid as string })
    .sign(key.privateKey)
}
