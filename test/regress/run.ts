/**
 * PostgreSQL's own regression or isolation suite, run directly against a server and then through Sallyport against a
 * fresh server, under an unrestricted grant whose account is the superuser. Prints both lists of failures and what
 * differs between the answers; ends with 1 where a difference is not among those that are explained in `differences.ts`.
 *
 *     npm run test:regress [-- [isolation] TEST...]
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOidc } from '../servers/oidc.ts'
import { startPostgres } from '../servers/postgres.ts'
import { hasPostgres } from '../servers/postgres_major.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { startSallyport } from '../servers/sallyport.ts'
import { EXPLAINED } from './differences.ts'
import { SESSION_NUMBERS } from './session_numbers.ts'
import { type RegressionSuite, regressionSuite } from './suite.ts'

const MAJOR = 15
const ISOLATION = process.argv[2] === 'isolation'
/** As each suite has it: some tests name it. */
const DATABASE = ISOLATION ? 'isolation_regression' : 'regression'
/** What pg_regress itself sets on a database that it makes (pg_regress.c, create_database). */
const setup = (template: string): readonly string[] => [
  `CREATE DATABASE ${DATABASE} TEMPLATE ${template}`,
  ...['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'].map(
    (name) => `ALTER DATABASE ${DATABASE} SET ${name} TO 'C'`,
  ),
  `ALTER DATABASE ${DATABASE} SET bytea_output TO 'hex'`,
  `ALTER DATABASE ${DATABASE} SET timezone_abbreviations TO 'Default'`,
]

interface Endpoint {
  readonly port: number
  readonly user: string
  readonly password: string
}

interface Outcome {
  readonly failed: readonly string[]
  readonly passed: readonly string[]
  /** Folder of the answers, by test. */
  readonly results: string
}

const folders: string[] = []

async function main(wanted: readonly string[]): Promise<number> {
  if (!hasPostgres(MAJOR)) throw new Error(`postgresql-${MAJOR} is not installed`)
  const tests = ISOLATION ? wanted.slice(1) : wanted
  const suite = regressionSuite(MAJOR, ISOLATION ? 'isolation' : 'regress')
  const direct = await withServer(setup('template0'), (server) => regress(suite, tests, server))
  const own = ISOLATION ? [...SESSION_NUMBERS, ...setup('postgres')] : setup('template0')
  const proxied = await withServer(own, (server) => throughSallyport(server, (end) => regress(suite, tests, end)))
  return report(direct, proxied)
}

async function withServer(
  setupSql: readonly string[],
  work: (server: DatabaseServer) => Promise<Outcome>,
): Promise<Outcome> {
  const settings = ['max_prepared_transactions = 2']
  const server = await startPostgres({ version: MAJOR, setupSql, settings })
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

async function throughSallyport(
  server: DatabaseServer,
  work: (endpoint: Endpoint) => Promise<Outcome>,
): Promise<Outcome> {
  const oidc = await startOidc()
  const account = { user: server.user, password: 'env:DATABASE_PASSWORD' }
  const proxy = await startSallyport({
    issuer: oidc.issuer,
    audience: oidc.audience,
    targets: [
      {
        name: 'regress',
        engine: 'postgres',
        host: server.host,
        port: server.port,
        tls: { mode: 'verify-full', ca: server.caFile, serverName: 'localhost' },
        defaultDatabase: DATABASE,
        admin: account,
        accounts: { static: account },
      },
    ],
    roles: [{ name: 'owner', unrestricted: true, exports: true, connectNotice: false }],
    grants: [
      {
        id: 'regression',
        principal: { email: 'alice@example.test' },
        target: 'regress',
        role: 'owner',
        start: new Date(Date.now() - 60_000).toISOString(),
        end: new Date(Date.now() + 3_600_000).toISOString(),
        reason: 'regression suite',
      },
    ],
    masking: {},
    secrets: { DATABASE_PASSWORD: server.password },
    listenerTargets: { postgres: 'regress' },
  })
  try {
    const password = await oidc.tokenFor('alice', { expiresIn: 3_600 })
    return await work({ port: proxy.postgresPort, user: 'alice@example.test', password })
  } finally {
    await proxy.stop()
    await oidc.stop()
  }
}

/** One run of pg_regress in a folder of its own that the server may write to. */
async function regress(suite: RegressionSuite, tests: readonly string[], endpoint: Endpoint): Promise<Outcome> {
  const output = mkdtempSync(join(tmpdir(), 'sallyport-regress-'))
  folders.push(output)
  for (const name of ['results', 'testtablespace', 'sql', 'expected']) {
    mkdirSync(join(output, name))
    chmodSync(join(output, name), 0o777)
  }
  chmodSync(output, 0o777)
  const schedule = tests.length === 0 ? [`--schedule=${join(suite.source, suite.schedule)}`] : tests
  const args = [
    `--inputdir=${suite.source}`,
    `--outputdir=${output}`,
    `--dlpath=${suite.modules}`,
    `--bindir=${suite.binaries}`,
    '--use-existing',
    '--host=127.0.0.1',
    `--port=${endpoint.port}`,
    `--user=${endpoint.user}`,
    `--dbname=${DATABASE}`,
    ...schedule,
  ]
  const said = await run(suite.program, args, { PGPASSWORD: endpoint.password, PGSSLMODE: 'require' })
  const named = (pattern: RegExp) => [...said.matchAll(pattern)].map(([, name]) => name as string).sort()
  return {
    failed: named(/^(?:test|\s+)\s*(\S+)\s+\.\.\. (?:FAILED|failed)/gm),
    passed: named(/^(?:test|\s+)\s*(\S+)\s+\.\.\. ok/gm),
    results: join(output, 'results'),
  }
}

function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += String(chunk)
      process.stdout.write(chunk)
    })
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

function report(direct: Outcome, proxied: Outcome): number {
  const names = readdirSync(direct.results)
    .filter((name) => name.endsWith('.out'))
    .map((name) => name.slice(0, -4))
  const different = names.filter((name) => answers(direct, name) !== answers(proxied, name))
  const unexplained = different.filter((name) => !EXPLAINED.has(name))
  console.log(`\ndirect:    ${direct.passed.length} passed, failed: ${direct.failed.join(' ') || 'none'}`)
  console.log(`Sallyport: ${proxied.passed.length} passed, failed: ${proxied.failed.join(' ') || 'none'}`)
  for (const name of different) {
    console.log(`\n=== ${name}: ${EXPLAINED.get(name) ?? 'not explained'}`)
    if (!EXPLAINED.has(name)) console.log(difference(direct, proxied, name))
  }
  const fresh = proxied.failed.filter((name) => !direct.failed.includes(name) && !EXPLAINED.has(name))
  console.log(
    `\n${names.length} answers compared, ${different.length} differ, ${unexplained.length} without explanation`,
  )
  return fresh.length > 0 || unexplained.length > 0 || direct.passed.length === 0 ? 1 : 0
}

/** The two servers are in different folders, on different ports. */
function answers({ results }: Outcome, name: string): string {
  try {
    return readFileSync(join(results, `${name}.out`), 'latin1').replaceAll(results.replace(/results$/, ''), '')
  } catch {
    return ''
  }
}

function difference(direct: Outcome, proxied: Outcome, name: string): string {
  const files = [direct, proxied].map(({ results }) => join(results, `${name}.out`))
  try {
    execFileSync('diff', ['-U2', ...files], { encoding: 'latin1' })
    return ''
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
      .split('\n')
      .slice(0, 60)
      .join('\n')
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} finally {
  if (process.env.KEEP_RESULTS === undefined)
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
