import '../../src/node_version.ts'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicKeyOf } from '../../src/audit/seal.ts'
import { CONSOLE_SECRET, startOidc } from '../../test/servers/oidc.ts'
import { type Sallyport, startSallyport } from '../../test/servers/sallyport.ts'
import { type DemoDatabase, startFamilyDemo, startPostgresDemo } from './databases.ts'
import { type DemoUser, logPeopleIn } from './people.ts'
import { DEMO_MASKING, DEMO_ROLES, DEMO_SECTIONS, demoGrants } from './policy.ts'
import { instructions, summary } from './words.ts'

/**
 * `npm run demo [-- --json]`: real databases, a real OpenID Provider and the proxy between them with its admin API, until
 * SIGTERM or Ctrl-C. Everything lives in temporary folders and is gone afterwards.
 */
const POSTGRES_TARGET = 'pay-pg'
const MYSQL_TARGET = 'pay-my'
const BROWSER_SCOPES = ['openid', 'email', 'profile', 'groups']

interface Stack {
  readonly users: readonly DemoUser[]
  readonly mysql: boolean
  readonly proxy: Sallyport
  /** The file with the secret key that opens recordings. */
  readonly sealKey: string
}

const json = process.argv.includes('--json')
const closing: (() => unknown)[] = []

/** Progress goes to stderr, so that stdout holds the one line that a program reads. */
function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

// The OpenID Provider tells of its development pages this way while people log in.
console.info = console.error

function kept<T extends { stop(): Promise<void> }>(started: T): T {
  closing.push(() => started.stop())
  return started
}

async function databases(): Promise<DemoDatabase[]> {
  say('starting PostgreSQL ...')
  const postgres = await startPostgresDemo(POSTGRES_TARGET)
  kept(postgres.server)
  say('starting MySQL ...')
  const family = await startFamilyDemo(MYSQL_TARGET)
  if (typeof family === 'string') {
    say(family)
    return [postgres]
  }
  kept(family.server)
  return [postgres, family]
}

/** The key that recordings of the demo are sealed to; its secret half stands in a folder of its own. */
function sealKey(): { readonly path: string; readonly sealTo: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-key-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const secret = randomBytes(32)
  const path = join(folder, 'seal.key')
  writeFileSync(path, `sallyport-seal-secret-key:1:${secret.toString('base64')}\n`, { mode: 0o600 })
  return { path, sealTo: Buffer.from(publicKeyOf(secret)).toString('base64') }
}

async function start(): Promise<Stack> {
  const all = await databases()
  const mysql = all.length > 1
  const oidc = kept(await startOidc())
  const key = sealKey()
  say('starting Sallyport ...')
  const proxy = kept(
    await startSallyport({
      issuer: oidc.issuer,
      audience: oidc.audience,
      // The token that says who uses a browser is for the browser's client.
      oidc: { audiences: [oidc.audience, 'console'] },
      targets: all.map(({ target }) => target),
      roles: DEMO_ROLES,
      grants: demoGrants(
        all.map(({ target }) => String(target.name)),
        Date.now(),
      ),
      masking: DEMO_MASKING,
      sections: DEMO_SECTIONS,
      api: true,
      node: { audit: { sealTo: key.sealTo } },
      browserLogin: { clientId: 'console', clientSecret: 'env:DEMO_CONSOLE_SECRET', scopes: BROWSER_SCOPES },
      // Each port means one database, so that one user name serves on both.
      listenerTargets: { postgres: POSTGRES_TARGET, ...(mysql ? { mysql: MYSQL_TARGET } : {}) },
      secrets: Object.assign(
        { DEMO_MASKING_KEY: randomBytes(32).toString('base64'), DEMO_CONSOLE_SECRET: CONSOLE_SECRET },
        ...all.map(({ secret }) => secret),
      ),
    }),
  )
  const people = await logPeopleIn(oidc, proxy, readFileSync(proxy.ca, 'utf8'))
  closing.push(() => people.remove())
  return { users: people.users, mysql, proxy, sealKey: key.path }
}

/** Ends what was started, the newest first, also where one of them fails to end. */
async function stop(): Promise<void> {
  for (const close of closing.splice(0).reverse()) {
    await Promise.resolve(close()).catch((error: unknown) => say(String(error)))
  }
}

function untilSignalled(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}

const signalled = untilSignalled()
try {
  const stack = await start()
  process.stdout.write(json ? `${JSON.stringify(summary(stack))}\n` : instructions(stack))
  await signalled
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await stop()
}
process.exit()
