import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SallyportError } from '../../src/errors.ts'
import type { LiveCheckSettings, OidcSettings } from '../../src/identity/settings.ts'
import type { Fetch, FetchOptions } from '../../src/oidc/https_fetch.ts'
import { createLiveCheck } from '../../src/oidc/live_check.ts'
import { ALICE } from '../session/fixture.ts'

const MINUTE = 60_000
const START = Date.parse('2027-03-01T12:00:00Z')
const ISSUER = 'https://idp.example.test'
const LIVE: LiveCheckSettings = {
  method: 'introspection',
  endpoint: null,
  client: { id: 'sallyport:proxy', secret: 'a secret+of the/test' },
  intervalMs: 4 * MINUTE,
  onUnreachable: 'keep',
  failures: 3,
  onExpiry: 'keep',
}
const PERSON = { ...ALICE, issuer: ISSUER, expiresAt: START + 60 * MINUTE }

beforeEach(() => vi.useFakeTimers({ now: START }))
afterEach(() => vi.useRealTimers())

/** A provider that answers `status` and `body`, and counts. */
function world(over: Partial<LiveCheckSettings> = {}, introspection = `${ISSUER}/introspect`) {
  const provider = {
    status: 200,
    body: { active: true } as unknown,
    calls: [] as { url: string; options: FetchOptions }[],
  }
  const document = { issuer: ISSUER, introspection_endpoint: introspection, userinfo_endpoint: `${ISSUER}/userinfo` }
  const fetch: Fetch = async (url, options) => {
    if (url.endsWith('/openid-configuration')) return Response.json(document)
    provider.calls.push({ url, options })
    if (provider.status === 0) throw new Error('away')
    return Response.json(provider.body, { status: provider.status })
  }
  const settings = { issuer: ISSUER, clockSkewSeconds: 30, ca: null, liveCheck: { ...LIVE, ...over } }
  const clock = { now: () => Date.now(), monotonic: () => Date.now() - START }
  const live = createLiveCheck(() => settings as unknown as OidcSettings, { clock, fetch, random: () => 500 })
  const refused: SallyportError[] = []
  const watch = (token = 'token-1') => live.watch(token, PERSON, (why) => refused.push(why))
  const pass = (minutes: number) => vi.advanceTimersByTimeAsync(minutes * MINUTE)
  return { provider, settings, live, refused, watch, pass }
}

describe('the check of a live session', () => {
  it('asks by introspection, with the credentials of a client of its own', async () => {
    const { provider, watch, pass, refused } = world()
    watch()
    await pass(9)
    expect(provider.calls).toHaveLength(2)
    const [{ url, options }] = provider.calls as [(typeof provider.calls)[number]]
    expect(url).toBe(`${ISSUER}/introspect`)
    expect(options).toMatchObject({ method: 'POST', body: 'token=token-1&token_type_hint=access_token' })
    const basic = atob((options.headers?.authorization ?? '').replace('Basic ', ''))
    expect(basic).toBe('sallyport%3Aproxy:a+secret%2Bof+the%2Ftest')
    expect(refused).toEqual([])
  })

  it('ends every session of a token that is no longer active, and asks once', async () => {
    const { provider, watch, pass, refused } = world()
    watch()
    watch()
    provider.body = { active: false }
    await pass(5)
    expect(provider.calls).toHaveLength(1)
    expect(refused.map(({ code }) => code)).toEqual(['SP-REVOKED', 'SP-REVOKED'])
    await pass(20)
    expect(provider.calls).toHaveLength(1)
  })

  it.each<[string, Partial<LiveCheckSettings>, number, unknown, boolean]>([
    ['a token of another subject', {}, 200, { active: true, sub: 'bob-1' }, true],
    ['the right subject', {}, 200, { active: true, sub: ALICE.subject }, false],
    ['no word of whether it is active', {}, 200, {}, false],
    ['our own credentials refused', {}, 401, {}, false],
    ['an error', {}, 500, {}, false],
    ['userinfo of the person', { method: 'userinfo' }, 200, { sub: ALICE.subject }, false],
    ['userinfo of another', { method: 'userinfo' }, 200, { sub: 'bob-1' }, true],
    ['userinfo refused', { method: 'userinfo' }, 401, {}, true],
    ['userinfo failing', { method: 'userinfo' }, 503, {}, false],
  ])('with %s', async (_what, over, status, body, ends) => {
    const { provider, watch, pass, refused } = world(over)
    watch()
    Object.assign(provider, { status, body })
    await pass(5)
    expect(provider.calls).toHaveLength(1)
    expect(refused).toHaveLength(ends ? 1 : 0)
  })

  it('keeps sessions while the provider is away, or ends them after so many failures in a row', async () => {
    const kept = world()
    kept.watch()
    kept.provider.status = 0
    await kept.pass(50)
    expect(kept.refused).toEqual([])
    vi.setSystemTime(START)
    const strict = world({ onUnreachable: 'end' })
    strict.watch()
    strict.provider.status = 0
    await strict.pass(9)
    strict.provider.status = 200
    await strict.pass(4)
    strict.provider.status = 0
    await strict.pass(9)
    expect(strict.refused).toEqual([])
    await strict.pass(4)
    expect(strict.refused.map(({ detail }) => detail)).toEqual([expect.stringContaining('could not be asked')])
  })

  it('asks nothing of a token that has expired: the session stays, or ends', async () => {
    const kept = world()
    kept.watch()
    await kept.pass(90)
    expect(kept.provider.calls).toHaveLength(14)
    expect(kept.refused).toEqual([])
    const strict = world({ onExpiry: 'end' })
    vi.setSystemTime(START + 58 * MINUTE)
    strict.watch()
    await strict.pass(5)
    expect(strict.refused.map(({ detail }) => detail)).toEqual([expect.stringContaining('has expired')])
  })

  it('stops with the session, also while the provider is asked', async () => {
    const { provider, watch, pass, refused } = world()
    const stop = watch()
    watch('token-2')
    stop()
    provider.body = { active: false }
    await pass(5)
    expect(provider.calls.map(({ options }) => options.body)).toEqual([expect.stringContaining('token-2')])
    expect(refused).toHaveLength(1)
  })

  it('is for people whose provider is asked, and follows a reload', async () => {
    const { provider, settings, live, watch, pass } = world()
    live.watch('machine', { ...PERSON, machine: true }, () => undefined)
    watch()
    await pass(5)
    expect(provider.calls).toHaveLength(1)
    Object.assign(settings, { liveCheck: null })
    await pass(5)
    const before = provider.calls.length
    watch('token-3')
    await pass(20)
    expect(provider.calls).toHaveLength(before)
  })

  it('reads the endpoint over TLS alone', async () => {
    const { provider, watch, pass, refused } = world({ onUnreachable: 'end', failures: 1 }, 'http://else.example.test')
    watch()
    await pass(5)
    expect(provider.calls).toHaveLength(0)
    expect(refused).toHaveLength(1)
  })
})
