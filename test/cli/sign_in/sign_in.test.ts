import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshToken } from '../../../src/cli/sign_in/fresh_token.ts'
import type { Profile } from '../../../src/cli/sign_in/profile.ts'
import { discover, signInByBrowser, signInByDevice } from '../../../src/cli/sign_in/sign_in.ts'
import { openTokenStore } from '../../../src/cli/sign_in/token_store.ts'
import { visit } from '../../servers/browser.ts'
import { type OidcServer, startOidc } from '../../servers/oidc.ts'

/** Against a real OpenID Provider; the browser is one of the tests. */
let oidc: OidcServer
let profile: Profile

beforeAll(async () => {
  oidc = await startOidc()
  profile = {
    server: 'http://127.0.0.1:1',
    ca: null,
    issuer: oidc.issuer,
    clientId: 'cli',
    scopes: 'openid offline_access email groups',
    token: 'access',
    resource: oidc.audience,
  }
})
afterAll(() => oidc?.stop())

const nobody = { show: () => undefined, browse: async () => false }

describe('a login', () => {
  it('by browser gives the token of the person who logged in there', async () => {
    const pages: string[] = []
    const tokens = await signInByBrowser(await discover(profile), profile, {
      ...nobody,
      browse: async (url) => {
        void visit(url, 'alice').then(({ text }) => pages.push(text))
        return true
      },
    })
    expect(decodeJwt(tokens.token)).toMatchObject({
      sub: 'alice',
      email: 'alice@example.test',
      aud: oidc.audience,
      groups: ['engineering', 'dba'],
    })
    expect(tokens.expiresAt).toBeGreaterThan(Date.now())
    expect(pages.join()).not.toContain(tokens.token)
  })

  it('by browser shows the address where no browser opens, and takes no other answer than the provider\u2019s', async () => {
    const shown: string[] = []
    const signedIn = signInByBrowser(await discover(profile), profile, {
      ...nobody,
      show: (text) => shown.push(text),
    }).catch((error: unknown) => String(error))
    await expect.poll(() => shown.length).toBe(1)
    const url = /http\S+/.exec(shown[0] ?? '')?.[0] ?? ''
    const back = new URL(new URL(url).searchParams.get('redirect_uri') ?? '')
    expect((await fetch(new URL('/other', back))).status).toBe(404)
    back.search = 'code=made-up&state=made-up'
    await fetch(back)
    expect(await signedIn).toContain('SP-AUTH')
  })

  it('by device shows where to go and what to enter', async () => {
    const shown: string[] = []
    const signedIn = signInByDevice(await discover(profile), profile, { ...nobody, show: (text) => shown.push(text) })
    await expect.poll(() => shown.length).toBe(1)
    const [, page = '', code = ''] = /Visit (\S+) and enter the code (\S+)/.exec(shown[0] ?? '') ?? []
    await visit(`${page}?user_code=${code}`, 'bob')
    expect(decodeJwt((await signedIn).token).email).toBe('bob@example.test')
  })

  it('is renewed before it is over, and asked for anew where the provider renews no more', async () => {
    const home = mkdtempSync(join(tmpdir(), 'sallyport-home-'))
    const store = openTokenStore(home, profile.server, null)
    await expect(freshToken(profile, store, 0)).rejects.toThrow('run sallyport login')
    const first = await signInByBrowser(await discover(profile), profile, {
      ...nobody,
      browse: async (url) => {
        void visit(url, 'carol')
        return true
      },
    })
    await store.save(first)
    expect(await freshToken(profile, store, Date.now())).toBe(first.token)
    const renewed = await freshToken(profile, store, first.expiresAt - 1)
    expect(renewed).not.toBe(first.token)
    expect(decodeJwt(renewed).sub).toBe('carol')
    await store.save({ ...first, refreshToken: 'revoked' })
    await expect(freshToken(profile, store, first.expiresAt + 1)).rejects.toThrow('the login is over')
    rmSync(home, { recursive: true })
  })

  it('says what is wrong where the provider is not there', async () => {
    await expect(discover({ ...profile, issuer: 'http://127.0.0.1:1' })).rejects.toThrow('SP-AUTH')
  })
})
