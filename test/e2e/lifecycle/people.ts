import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../../src/cli/run.ts'
import { readProfile, writeProfile } from '../../../src/cli/sign_in/profile.ts'
import { openTokenStore } from '../../../src/cli/sign_in/token_store.ts'
import type { OidcServer, TokenOptions } from '../../servers/oidc.ts'
import type { Sallyport } from '../../servers/sallyport.ts'

export type Name = 'alice' | 'bob' | 'carol'
const TOKEN_MS = 600_000

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A person at a terminal of their own: the real command line, with a home folder and a token of theirs. */
export interface Terminal {
  readonly name: Name
  readonly home: string
  run(...argv: readonly string[]): Promise<Said>
  /** As `run`, with `--json`; throws where it fails. */
  ask<T>(...argv: readonly string[]): Promise<T>
  /** A new token, such as one of a fresh login. */
  signIn(options?: TokenOptions): Promise<void>
  close(): void
}

export async function terminalOf(name: Name, proxy: Pick<Sallyport, 'apiUrl'>, oidc: OidcServer): Promise<Terminal> {
  const home = mkdtempSync(join(tmpdir(), `sallyport-${name}-`))
  const env = { SALLYPORT_HOME: home, SALLYPORT_KEYCHAIN: 'off', PATH: process.env.PATH }
  const run = async (...argv: readonly string[]): Promise<Said> => {
    const said = { out: '', err: '' }
    const code = await runCli(argv, {
      serve: async () => 0,
      out: (text) => (said.out += text),
      err: (text) => (said.err += text),
      env,
    })
    return { code, ...said }
  }
  const signIn = async (options: TokenOptions = {}) => {
    const claims = { auth_time: Math.floor(Date.now() / 1000), ...options.claims }
    const token = await oidc.tokenFor(name, { ...options, claims })
    const store = openTokenStore(home, proxy.apiUrl, null)
    await store.save({ token, expiresAt: Date.now() + TOKEN_MS, refreshToken: null })
    if ((await readProfile(home)) !== null) return
    await writeProfile(home, {
      server: proxy.apiUrl,
      ca: null,
      issuer: oidc.issuer,
      clientId: 'cli',
      scopes: 'openid',
      token: 'access',
      resource: oidc.audience,
    })
  }
  await signIn()
  return {
    name,
    home,
    run,
    ask: async <T>(...argv: readonly string[]) => {
      const { code, out, err } = await run(...argv, '--json')
      if (code !== 0) throw new Error(`${argv.join(' ')}: exit ${code}: ${err}`)
      return JSON.parse(out) as T
    },
    signIn,
    close: () => rmSync(home, { recursive: true, force: true }),
  }
}
