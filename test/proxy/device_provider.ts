import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK } from 'jose'
import Provider from 'oidc-provider'
import { makeCertificates } from '../../certs/make.ts'

export const RESOURCE = 'https://sallyport.test'
export const CLIENT = 'cli'
const SCOPES = 'openid email'
const EMAIL = 'alice@example.test'

export interface DeviceProvider {
  readonly issuer: string
  /** PEM file of the authority of its certificate. */
  readonly ca: string
  /** What the person does in their browser: sees the code, logs in and agrees. */
  approve(userCode: string): Promise<void>
  stop(): Promise<void>
}

/** A certified OpenID Provider over TLS, with the device flow (RFC 8628). */
export async function startDeviceProvider(folder: string): Promise<DeviceProvider> {
  const files = makeCertificates(folder)
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...(await exportJWK(privateKey)), kid: 'k1', use: 'sig', alg: 'RS256' }
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
        response_types: ['code'],
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
      },
    ],
    ttl: { AccessToken: 600, IdToken: 600, DeviceCode: 600, Grant: 600 },
    cookies: { keys: ['cookies-of-a-test'] },
    claims: { openid: ['sub'], email: ['email'] },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPES,
          audience: RESOURCE,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: EMAIL }),
    }),
    extraTokenClaims: () => ({ email: EMAIL }),
  })
  server.on('request', provider.callback())
  return {
    issuer,
    ca: files.ca,
    approve: (userCode) => approve(provider as unknown as Inside, userCode),
    stop: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** What of the provider its own pages use to note an approval. */
interface Inside {
  readonly DeviceCode: {
    findByUserCode(code: string): Promise<(Record<string, unknown> & { save(): Promise<string> }) | undefined>
  }
  readonly Grant: new (
    about: object,
  ) => {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }
}

async function approve({ DeviceCode, Grant }: Inside, userCode: string): Promise<void> {
  const code = await DeviceCode.findByUserCode(userCode.replaceAll('-', ''))
  if (!code) throw new Error('the provider knows no such code')
  const grant = new Grant({ accountId: 'alice', clientId: CLIENT })
  grant.addOIDCScope(SCOPES)
  grant.addResourceScope(RESOURCE, SCOPES)
  const now = Math.floor(Date.now() / 1000)
  Object.assign(code, {
    accountId: 'alice',
    grantId: await grant.save(),
    scope: SCOPES,
    claims: {},
    authTime: now,
    acr: '1',
    resource: RESOURCE,
  })
  await code.save()
}
