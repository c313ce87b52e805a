import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { visit } from '../servers/browser.ts'
import type { OidcServer } from '../servers/oidc.ts'
import { REQUEST, type TestApi } from './api.ts'
import { type Browser, type BrowserApi, startBrowserApi } from './browser_api.ts'

/** Logins of a browser, against a real OpenID Provider. */
let api: BrowserApi
let oidc: OidcServer
let test: TestApi
let origin: string
let now = Date.now()
const clock = { now: () => now, monotonic: () => performance.now() }

beforeAll(async () => {
  api = await startBrowserApi({ createRequest: async () => ({ request: REQUEST, grant: null }) }, clock)
  ;({ oidc, test, origin } = api)
})
afterAll(() => api?.close())
beforeEach(() => {
  now = Date.now()
  test.events.length = 0
})

const logIn = () => api.logIn()

const BODY = { target: 'orders-prod', role: 'read-only', reason: 'a slow query' }
const ask = ({ cookie }: Browser, headers: Record<string, string>) =>
  test.call('/v1/requests', { token: null, body: BODY, headers: { cookie, ...headers } })

describe('a browser', () => {
  it('logs in, is known as its person, and that is recorded', async () => {
    const { text, cookies } = await visit(`${origin}/v1/auth/login?return_to=/v1/me`, 'alice')
    const me = JSON.parse(text) as { person: object; groups: string[] }
    expect(me.person).toMatchObject({ issuer: oidc.issuer, subject: 'alice', email: 'alice@example.test' })
    expect(me.groups).toEqual(['engineering', 'dba'])
    expect(cookies.has('__Host-sallyport')).toBe(true)
    expect(cookies.has('__Host-sallyport-login')).toBe(false)
    expect(test.events.map(({ activity, actor }) => [activity, actor?.subject])).toEqual([['api.login', 'alice']])
  })

  it('gets cookies that scripts and other sites can not use', async () => {
    const start = await fetch(`${origin}/v1/auth/login?fresh=true`, { redirect: 'manual' })
    const to = new URL(start.headers.get('location') ?? '')
    expect(to.origin).toBe(oidc.issuer)
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      max_age: '0',
      state: expect.any(String),
      nonce: expect.any(String),
    })
    expect(start.headers.getSetCookie()[0]).toMatch(
      /^__Host-sallyport-login=.+; Path=\/; HttpOnly; Secure; SameSite=Lax/,
    )
  })

  it('changes something only with its own token, from its own page', async () => {
    const browser = await logIn()
    const own = { origin, 'x-csrf-token': browser.csrf }
    expect((await ask(browser, own)).status).toBe(201)
    expect((await ask(browser, { 'x-csrf-token': browser.csrf })).status).toBe(403)
    expect((await ask(browser, { origin })).status).toBe(403)
    expect((await ask(browser, { ...own, origin: 'https://evil.example.test' })).status).toBe(403)
    expect((await ask(browser, { ...own, 'x-csrf-token': (await logIn()).csrf })).status).toBe(403)
    expect(test.events.filter(({ activity }) => activity === 'api.refused')).toHaveLength(4)
  })

  it('is logged out by itself, by the provider, and when its token ends', async () => {
    const [one, two, three] = [await logIn(), await logIn(), await logIn()]
    const me = ({ cookie }: Browser) => test.call('/v1/me', { token: null, headers: { cookie } })
    const headers = { cookie: one.cookie, origin, 'x-csrf-token': one.csrf }
    const out = await test.call('/v1/auth/logout', { method: 'POST', token: null, headers })
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie().join()).toContain('__Host-sallyport=;')
    expect([(await me(one)).status, (await me(two)).status]).toEqual([401, 200])
    now += 601_000
    expect((await me(three)).status).toBe(401)
    now = Date.now()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const told = (body: string) => test.call('/v1/auth/backchannel-logout', { token: null, body, headers: form })
    expect((await told('logout_token=somebody')).status).toBe(200)
    expect((await me(two)).status).toBe(200)
    await told('logout_token=alice')
    expect((await me(two)).status).toBe(401)
    expect((await told('x=y')).status).toBe(422)
  })
})

describe('a login that somebody tampers with', () => {
  const begin = async () => {
    const start = await fetch(`${origin}/v1/auth/login`, { redirect: 'manual' })
    const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return { cookie, state: new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '' }
  }
  const finish = (query: string, cookie: string) =>
    fetch(`${origin}/v1/auth/callback?${query}`, { redirect: 'manual', headers: { cookie } })

  it('is refused without a state, with one of another browser, and with a made-up code', async () => {
    const [mine, theirs] = [await begin(), await begin()]
    expect((await finish('code=x', mine.cookie)).status).toBe(401)
    expect((await finish(`code=x&state=${mine.state}`, theirs.cookie)).status).toBe(401)
    expect((await finish(`code=x&state=${mine.state}`, '')).status).toBe(401)
    const made = await finish(`code=x&state=${mine.state}`, mine.cookie)
    expect([made.status, made.headers.getSetCookie().join().includes('__Host-sallyport=')]).toEqual([401, false])
    // A state is good once, whatever became of it.
    expect((await finish(`code=x&state=${mine.state}`, mine.cookie)).status).toBe(401)
    expect(test.events.filter(({ activity }) => activity === 'api.refused')).toHaveLength(5)
  })

  it.each(['//evil.example.test', '/\\evil.example.test', 'https://evil.example.test', '/a\nb'])(
    'does not lead to %j',
    async (path) => {
      const answer = await fetch(`${origin}/v1/auth/login?return_to=${encodeURIComponent(path)}`, {
        redirect: 'manual',
      })
      expect(answer.status).toBe(422)
    },
  )
})
