import { expect, it } from 'vitest'
import { createLogoutVerifier } from '../../src/oidc/logout_token.ts'
import { createTokenVerifier } from '../../src/oidc/token_verifier.ts'
import { claimsFor, makeKey, NOW, startProvider } from './provider.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const clock = { now: () => NOW, monotonic: () => 0 }

async function logouts() {
  const provider = await startProvider()
  const verify = createLogoutVerifier(provider.settings, ['console'], { clock })
  let ids = 0
  const token = (
    claims: Record<string, unknown> = {},
    typ: string | undefined = 'logout+jwt',
    key?: Awaited<ReturnType<typeof makeKey>>,
  ) => {
    ids += 1
    const about = { aud: 'console', jti: `l${ids}`, events: { [EVENT]: {} }, sid: 's1' }
    return provider.token({ ...about, ...claims }, typ === undefined ? {} : { typ }, key)
  }
  return { provider, verify, token }
}

it('takes a logout of a subject, of a session, and of both', async () => {
  const { provider, verify, token } = await logouts()
  const { issuer } = provider
  expect(await verify(await token())).toEqual({ issuer, subject: 'u-alice', sid: 's1' })
  expect(await verify(await token({ sid: undefined }, undefined))).toEqual({ issuer, subject: 'u-alice', sid: null })
  expect(await verify(await token({ sub: undefined, aud: ['sallyport', 'x'] }))).toEqual({
    issuer,
    subject: null,
    sid: 's1',
  })
})

it('takes each token once', async () => {
  const { verify, token } = await logouts()
  const once = await token()
  await verify(once)
  await expect(verify(once)).rejects.toThrow('seen before')
})

it.each<[string, Record<string, unknown>, RegExp]>([
  ['no events', { events: undefined }, /not about a logout/],
  ['another event', { events: { 'http://example.test/event': {} } }, /not about a logout/],
  ['an event that is no object', { events: { [EVENT]: true } }, /not about a logout/],
  ['a list of events', { events: [EVENT] }, /not about a logout/],
  ['a nonce', { nonce: 'n' }, /nonce/],
  ['neither subject nor session', { sub: undefined, sid: undefined }, /neither/],
  ['a session that is none', { sid: 5 }, /none/],
  ['no id', { jti: undefined }, /no id/],
  ['another audience', { aud: 'somebody' }, /audience/],
  ['another issuer', { iss: 'https://else.example.test' }, /issuer/],
  ['no expiry', { exp: undefined }, /exp/],
  ['no time of issue', { iat: undefined }, /iat/],
  ['an expiry that is past', { exp: NOW / 1000 - 31 }, /expired/],
  ['a life beyond measure', { iat: NOW / 1000 - 60, exp: NOW / 1000 + 86_400 }, /longer/],
])('refuses a token with %s', async (_what, claims, why) => {
  const { verify, token } = await logouts()
  await expect(verify(await token(claims))).rejects.toThrow(why)
})

it('refuses what is signed by another key, or is a token of another kind', async () => {
  const { verify, token } = await logouts()
  await expect(verify(await token({}, 'logout+jwt', await makeKey('k1', 'ES256')))).rejects.toThrow('bad signature')
  await expect(verify(await token({}, 'at+jwt'))).rejects.toThrow('wrong type')
  await expect(verify('nonsense')).rejects.toThrow('malformed')
})

it('does not pass for a login', async () => {
  const { provider, token } = await logouts()
  const tokens = createTokenVerifier(provider.settings, { clock })
  await expect(tokens.verify(await token({ aud: 'sallyport' }))).rejects.toThrow('wrong type')
  await expect(tokens.verify(await token({ aud: 'sallyport' }, 'jwt'))).rejects.toThrow('wrong type')
  expect((await tokens.verify(await provider.token({ ...claimsFor(provider.issuer), sid: 's1' }))).sid).toBe('s1')
})
