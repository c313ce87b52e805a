import { exportSPKI, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { createTokenVerifier } from '../../src/oidc/token_verifier.ts'
import { claimsFor, makeKey, NOW, type Provider, startProvider } from './provider.ts'

const clock = { now: () => NOW, monotonic: () => performance.now() }
const SECONDS = NOW / 1000

async function refusal(verifying: Promise<unknown>): Promise<string> {
  const error = await verifying.then(
    () => null,
    (caught: unknown) => caught,
  )
  return error instanceof SallyportError ? `${error.code}: ${error.detail}` : `no refusal: ${error}`
}

describe('a token', () => {
  let provider: Provider
  beforeEach(async () => {
    provider = await startProvider()
  })
  const verify = async (claims: JWTPayload = {}, header = {}, settings = {}) => {
    const verifier = createTokenVerifier({ ...provider.settings, ...settings }, { clock })
    return verifier.verify(await provider.token(claims, header))
  }

  it('gives the person', async () => {
    expect(await verify({ amr: ['pwd', 'otp'], acr: 'high', auth_time: 5 }, { typ: 'at+jwt' })).toEqual({
      issuer: provider.issuer,
      subject: 'u-alice',
      email: 'alice@example.test',
      name: null,
      groups: ['data-eng'],
      aliases: ['u-alice', 'alice@example.test', 'alice'],
      tokenId: 't1',
      expiresAt: (SECONDS - 60 + 3600) * 1000,
      issuedAt: (SECONDS - 60) * 1000,
      authTime: 5000,
      acr: 'high',
      amr: ['pwd', 'otp'],
    })
  })

  it('gives the values that parameters of roles may be bound to, where they are single ones', async () => {
    const values = new Map([
      ['tenant', ['org', 'tenant']],
      ['region', ['region']],
      ['many', ['many']],
    ])
    const settings = { claims: { ...provider.settings.claims, values } }
    const { values: found } = await verify({ org: { tenant: 7 }, many: [1, 2] }, {}, settings)
    expect(found).toEqual({ tenant: 7 })
  })

  it.each<[string, JWTPayload, string]>([
    ['expired', { exp: SECONDS - 31, iat: SECONDS - 900 }, 'SP-AUTH: expired token'],
    ['of another audience', { aud: 'other' }, 'SP-AUTH: wrong audience'],
    ['of another issuer', { iss: 'https://evil.example.test' }, 'SP-AUTH: wrong issuer'],
    ['of tomorrow', { nbf: SECONDS + 3600 }, 'SP-AUTH: token not valid yet'],
    ['without an expiry', { exp: undefined } as unknown as JWTPayload, 'SP-AUTH: claim exp is missing or wrong'],
    ['that lives too long', { exp: SECONDS + 9_000_000 }, 'SP-AUTH: the token lives longer than allowed'],
    ['without a subject', { sub: '' }, 'SP-AUTH: the token names no subject'],
    ['with odd groups', { groups: [{ admin: true }] }, 'SP-AUTH: the groups claim is not a list of names'],
  ])('%s is refused', async (_what, claims, expected) => {
    expect(await refusal(verify(claims))).toBe(expected)
  })

  it('is taken within the clock skew', async () => {
    await expect(verify({ exp: SECONDS - 20, iat: SECONDS - 900 })).resolves.toMatchObject({ subject: 'u-alice' })
  })

  it('of another type, party, scope or claim is refused', async () => {
    expect(await refusal(verify({}, { typ: 'logout+jwt' }))).toContain('wrong type')
    expect(await refusal(verify({ azp: 'x' }, {}, { authorizedParties: ['y'] }))).toContain('authorized party')
    expect(await refusal(verify({ scope: 'openid' }, {}, { requiredScopes: ['db'] }))).toContain('scope db is missing')
    await expect(verify({ scp: ['db'] }, {}, { requiredScopes: ['db'] })).resolves.toBeDefined()
    expect(await refusal(verify({}, {}, { requiredClaims: { tid: 't' } }))).toContain('claim tid')
  })

  it('with too many groups is refused, unless the person is listed by file', async () => {
    const overage = { groups: undefined, _claim_names: { groups: 'src1' } } as unknown as JWTPayload
    expect(await refusal(verify(overage))).toMatch(/^SP-GROUP-OVERAGE: .*have the provider send only the groups/)
    expect(await refusal(verify({ hasgroups: 'true' }))).toMatch(/^SP-GROUP-OVERAGE/)
    const groups = new Map([['alice@example.test', ['support']]])
    await expect(verify(overage, {}, { groups })).resolves.toMatchObject({ groups: ['support'] })
  })

  it('with an unverified email has none', async () => {
    await expect(verify({ email_verified: false })).resolves.toMatchObject({
      email: null,
      aliases: ['u-alice', 'alice'],
    })
  })
})

describe('a forged token', () => {
  it('is refused: no algorithm, a shared secret made of the public key, another key, changed bytes, garbage', async () => {
    const provider = await startProvider()
    const verifier = createTokenVerifier(provider.settings, { clock })
    const claims = claimsFor(provider.issuer)
    expect(await refusal(verifier.verify(new UnsecuredJWT(claims).encode()))).toMatch(/^SP-AUTH: (algorithm|malformed)/)
    const key = await provider.rotate('k1')
    const spki = new TextEncoder().encode(await exportSPKI(key.publicKey))
    const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(spki)
    expect(await refusal(verifier.verify(confused))).toBe('SP-AUTH: algorithm not allowed')
    const forged = await provider.token({}, {}, await makeKey('k1', 'ES256'))
    expect(await refusal(verifier.verify(forged))).toBe('SP-AUTH: bad signature')
    expect(await refusal(verifier.verify('not.a.token'))).toBe('SP-AUTH: malformed token')
    expect(await refusal(verifier.verify('x'.repeat(65_531)))).toBe('SP-AUTH: malformed token: too long')
  })
})

describe('the keys of the provider', () => {
  it('rotate: an unknown key id makes them be read again, but not in the cooldown', async () => {
    const provider = await startProvider()
    const verifier = createTokenVerifier(provider.settings, { clock, cooldownMs: 0 })
    await verifier.verify(await provider.token())
    await provider.rotate('k2', 'EdDSA')
    await expect(verifier.verify(await provider.token())).resolves.toMatchObject({ subject: 'u-alice' })
    expect(provider.keyReads()).toBe(2)

    const patient = createTokenVerifier(provider.settings, { clock, cooldownMs: 60_000 })
    await patient.verify(await provider.token())
    const unknown = await provider.token({}, { kid: 'k9' })
    expect(await refusal(patient.verify(unknown))).toBe('SP-AUTH: unknown key')
    expect(await refusal(patient.verify(unknown))).toBe('SP-AUTH: unknown key')
    expect(provider.keyReads()).toBe(3)
  })

  it('are not read from a provider that names another issuer, or none', async () => {
    const provider = await startProvider()
    provider.nameIssuer(`${provider.issuer}/`)
    const verifier = createTokenVerifier(provider.settings, { clock })
    expect(await refusal(verifier.verify(await provider.token()))).toContain('names another issuer')
    const away = createTokenVerifier({ ...provider.settings, issuer: 'http://127.0.0.1:1' }, { clock })
    expect(await refusal(away.verify(await provider.token()))).toContain('can not be reached')
  })
})
