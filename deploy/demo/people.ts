import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeProfile } from '../../src/cli/sign_in/profile.ts'
import { openTokenStore } from '../../src/cli/sign_in/token_store.ts'
import type { OidcServer } from '../../test/servers/oidc.ts'
import type { Sallyport } from '../../test/servers/sallyport.ts'
import { DEMO_PEOPLE } from './policy.ts'

/** People of the demo who are logged in already, each with a folder that `sallyport login` would have filled. */

const TOKEN_SECONDS = 8 * 3600
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

export interface DemoUser {
  readonly name: string
  readonly role: string
  readonly user: string
  readonly token: string
  /** SALLYPORT_HOME, for their owner alone. */
  readonly home: string
  /** A file that makes a shell theirs: `. FILE`. */
  readonly shell: string
}

export interface DemoUsers {
  readonly users: readonly DemoUser[]
  remove(): void
}

/** The command line as a program and its first argument. */
export const COMMAND = [process.execPath, MAIN] as const

export async function logPeopleIn(oidc: OidcServer, proxy: Sallyport, ca: string): Promise<DemoUsers> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
  const users: DemoUser[] = []
  for (const { name, role } of DEMO_PEOPLE) {
    const now = Date.now()
    const claims = { auth_time: Math.floor(now / 1000), name }
    const token = await oidc.tokenFor(name, { expiresIn: TOKEN_SECONDS, claims })
    const home = join(folder, name)
    await openTokenStore(home, proxy.apiUrl, null).save({
      token,
      expiresAt: now + TOKEN_SECONDS * 1000,
      refreshToken: null,
    })
    await writeProfile(home, profileOf(oidc, proxy, ca))
    const shell = join(folder, `${name}.sh`)
    writeFileSync(shell, shellOf(name, home))
    await meet(proxy, token)
    users.push({ name, role, user: `${name}@example.test`, token, home, shell })
  }
  return { users, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function profileOf(oidc: OidcServer, { apiUrl }: Sallyport, ca: string): Parameters<typeof writeProfile>[1] {
  return {
    server: apiUrl,
    ca,
    issuer: oidc.issuer,
    clientId: 'cli',
    scopes: 'openid offline_access email groups',
    token: 'access',
    resource: oidc.audience,
  }
}

/** Whoever was never seen counts as nobody who could approve. */
async function meet({ apiUrl }: Sallyport, token: string): Promise<void> {
  const answer = await fetch(`${apiUrl}/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(`the admin API answered ${answer.status}: ${await answer.text()}`)
}

/** POSIX; the keychain of whoever runs the demo is left alone. */
function shellOf(name: string, home: string): string {
  const [node, main] = COMMAND.map((path) => `'${path.replaceAll("'", "'\\''")}'`)
  return [
    `export SALLYPORT_HOME='${home}' SALLYPORT_KEYCHAIN=off`,
    `sallyport() { ${node} ${main} "$@"; }`,
    `PS1='${name}$ '`,
    '',
  ].join('\n')
}
