import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import type { OidcSettings } from '../../src/identity/settings.ts'

interface Key {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
}

/** A provider on loopback: a discovery document and keys that tests rotate. */
export interface Provider {
  readonly issuer: string
  readonly settings: OidcSettings
  /** Requests for the keys so far. */
  readonly keyReads: () => number
  rotate(kid: string, alg?: string): Promise<Key>
  nameIssuer(issuer: string): void
  token(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: Key): Promise<string>
}

export const NOW = Date.parse('2027-03-01T12:00:00Z')
const HOUR = 3600

export async function startProvider(): Promise<Provider> {
  let key = await makeKey('k1', 'ES256')
  let keyReads = 0
  let named: string | null = null
  const server = createServer((request, response) => {
    void answer(request.url ?? '').then((body) => response.end(JSON.stringify(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  async function answer(url: string): Promise<unknown> {
    if (url === '/.well-known/openid-configuration') return { issuer: named ?? issuer, jwks_uri: `${issuer}/keys` }
    keyReads += 1
    return { keys: [{ ...(await exportJWK(key.publicKey)), kid: key.kid, alg: key.alg, use: 'sig' }] }
  }
  return {
    issuer,
    settings: settingsFor(issuer),
    keyReads: () => keyReads,
    rotate: async (kid, alg = 'ES256') => {
      key = await makeKey(kid, alg)
      return key
    },
    nameIssuer: (other) => {
      named = other
    },
    token: (claims = {}, header = {}, signer = key) =>
      new SignJWT({ ...claimsFor(issuer), ...claims })
        .setProtectedHeader({ alg: signer.alg, kid: signer.kid, ...header })
        .sign(signer.privateKey),
  }
}

export function claimsFor(issuer: string): JWTPayload {
  const iat = NOW / 1000 - 60
  return {
    iss: issuer,
    aud: 'sallyport',
    sub: 'u-alice',
    email: 'alice@example.test',
    preferred_username: 'alice',
    groups: ['data-eng'],
    jti: 't1',
    iat,
    exp: iat + HOUR,
  }
}

export async function makeKey(kid: string, alg: string): Promise<Key> {
  return { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) }
}

export function settingsFor(issuer: string): OidcSettings {
  return {
    issuer,
    audiences: ['sallyport'],
    authorizedParties: null,
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    clockSkewSeconds: 30,
    maxLifetimeMs: 86_400_000,
    claims: {
      subject: ['sub'],
      email: ['email'],
      name: ['name'],
      groups: ['groups'],
      aliases: [['preferred_username']],
      requireVerifiedEmail: false,
    },
    groups: new Map(),
    requiredClaims: {},
    requiredScopes: [],
    scopes: ['openid'],
    jwksUri: null,
    ca: null,
    workloads: [],
    liveCheck: null,
  }
}
