import '../../src/node_version.ts'
import { randomBytes } from 'node:crypto'
import { mariadbUnavailable, startMariadb } from '../../test/servers/mariadb.ts'
import { startMysql } from '../../test/servers/mysql.ts'
import { mysqlUnavailable } from '../../test/servers/mysql_packages.ts'
import { type OidcServer, startOidc } from '../../test/servers/oidc.ts'
import { startPostgres } from '../../test/servers/postgres.ts'
import type { DatabaseServer } from '../../test/servers/process.ts'
import { type Sallyport, secretName, startSallyport, targetOf } from '../../test/servers/sallyport.ts'
import { MYSQL_DEMO_SQL } from './data_mysql.ts'
import { POSTGRES_DEMO_SQL } from './data_postgres.ts'
import { DEMO_MASKING, DEMO_PEOPLE, DEMO_ROLES, demoGrants } from './policy.ts'
import { type DemoUser, instructions, summary } from './words.ts'

/**
 * `npm run demo [-- --json]`: real databases, a real OpenID Provider and the proxy between them, until SIGTERM or
 * Ctrl-C. Everything lives in temporary folders and is gone afterwards.
 */
const TOKEN_SECONDS = 8 * 3600
const POSTGRES_TARGET = 'pay-pg'
const MYSQL_TARGET = 'pay-my'

interface Stack {
  readonly postgres: DatabaseServer
  readonly mysql: DatabaseServer | null
  readonly oidc: OidcServer
  readonly proxy: Sallyport
}

const json = process.argv.includes('--json')
const closing: (() => Promise<void>)[] = []

/** Progress goes to stderr, so that stdout holds the one line that a program reads. */
function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

async function startFamilyMember(): Promise<{ server: DatabaseServer | null; why: string }> {
  if (mysqlUnavailable() === null) return { server: await startMysql({ setupSql: MYSQL_DEMO_SQL }), why: '' }
  if (mariadbUnavailable() === null) return { server: await startMariadb({ setupSql: MYSQL_DEMO_SQL }), why: '' }
  return { server: null, why: 'no MySQL or MariaDB here; to add one: apt-get install mariadb-server' }
}

async function start(): Promise<Stack> {
  say('starting PostgreSQL ...')
  const postgres = await startPostgres({ setupSql: POSTGRES_DEMO_SQL })
  closing.push(() => postgres.stop())
  say('starting MySQL ...')
  const { server: mysql, why } = await startFamilyMember()
  if (mysql) closing.push(() => mysql.stop())
  else say(why)
  const oidc = await startOidc()
  closing.push(() => oidc.stop())
  say('starting Sallyport ...')
  const targets = [
    targetOf(POSTGRES_TARGET, 'postgres', postgres, { labels: { env: 'demo' } }),
    ...(mysql ? [targetOf(MYSQL_TARGET, 'mysql', mysql, { labels: { env: 'demo' } })] : []),
  ]
  const proxy = await startSallyport({
    issuer: oidc.issuer,
    audience: oidc.audience,
    targets,
    roles: DEMO_ROLES,
    grants: demoGrants(
      targets.map(({ name }) => String(name)),
      Date.now(),
    ),
    masking: DEMO_MASKING,
    // Each port means one database, so that one user name serves on both.
    listenerTargets: { postgres: POSTGRES_TARGET, ...(mysql ? { mysql: MYSQL_TARGET } : {}) },
    secrets: {
      [secretName(POSTGRES_TARGET)]: postgres.password,
      [secretName(MYSQL_TARGET)]: mysql?.password ?? 'unused',
      DEMO_MASKING_KEY: randomBytes(32).toString('base64'),
    },
  })
  closing.push(() => proxy.stop())
  return { postgres, mysql, oidc, proxy }
}

async function people({ oidc }: Stack): Promise<DemoUser[]> {
  return Promise.all(
    DEMO_PEOPLE.map(async ({ name, role }) => ({
      name,
      role,
      user: `${name}@example.test`,
      token: await oidc.tokenFor(name, { expiresIn: TOKEN_SECONDS }),
    })),
  )
}

/** Ends what was started, the newest first, also where one of them fails to end. */
async function stop(): Promise<void> {
  for (const close of closing.splice(0).reverse()) {
    await close().catch((error: unknown) => say(String(error)))
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
  const users = await people(stack)
  const shown = { users, proxy: stack.proxy, mysql: stack.mysql !== null }
  process.stdout.write(json ? `${JSON.stringify(summary(shown))}\n` : instructions(shown))
  await signalled
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await stop()
}
process.exit()
