import type { OidcSettings } from '../../src/identity/settings.ts'
import { createTokenVerifier } from '../../src/oidc/token_verifier.ts'
import type { Clock } from '../../src/session/ports.ts'
import { settingsFor } from '../oidc/provider.ts'
import { visit } from '../servers/browser.ts'
import { freePort } from '../servers/free_ports.ts'
import { CONSOLE_SECRET, type OidcServer, startOidc } from '../servers/oidc.ts'
import { SETTINGS, startTestApi, type TestApi } from './api.ts'

/** The API with browsers that log in at a real OpenID Provider. */
export interface BrowserApi {
  readonly oidc: OidcServer
  readonly test: TestApi
  readonly origin: string
  logIn(person?: 'alice' | 'bob' | 'carol'): Promise<Browser>
  close(): Promise<void>
}

export interface Browser {
  readonly cookie: string
  readonly csrf: string
}

export async function startBrowserApi(control: Parameters<typeof startTestApi>[0], clock: Clock): Promise<BrowserApi> {
  const oidc = await startOidc()
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const login = {
    issuer: oidc.issuer,
    clientId: 'console',
    clientSecret: CONSOLE_SECRET,
    scopes: ['openid', 'email', 'groups'],
    token: 'id',
    maxSessionMs: 3_600_000,
  } as const
  const rates = { ...SETTINGS.rates, logins: 100 }
  const test = await startTestApi(control, {
    settings: { ...SETTINGS, port, publicUrl: origin, login, rates },
    tokens: createTokenVerifier(oidcSettings(oidc.issuer), { clock }),
    clock,
    logoutTokens: async (token) => ({ issuer: oidc.issuer, subject: token, sid: null }),
  })
  return {
    oidc,
    test,
    origin,
    logIn: async (person = 'alice') => {
      const { text, cookies } = await visit(`${origin}/v1/auth/login?return_to=/v1/me`, person)
      const csrf = (JSON.parse(text) as { csrf_token: string }).csrf_token
      return { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), csrf }
    },
    close: async () => {
      await test.close()
      await oidc.stop()
    },
  }
}

function oidcSettings(issuer: string): OidcSettings {
  const settings = settingsFor(issuer)
  const claims = { ...settings.claims, aliases: [], requireVerifiedEmail: true }
  return { ...settings, audiences: ['console'], algorithms: ['RS256'], claims }
}
