import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeUnless } from '../../servers/availability.ts'
import { emailOf, grantOf, type Person, type PostgresStack, startPostgresStack } from '../stack.ts'
import { BROWSED_SQL } from './browsing.ts'
import { CLUB_SQL } from './club.ts'
import { pgjdbc } from './foreign_drivers.ts'

/** Drivers whose every step gives through the proxy what it gives straight from the server, under each kind of grant. */

const PROGRAM_TIMEOUT_MS = 60_000
const HERE = new URL('.', import.meta.url).pathname

const python = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import psycopg, psycopg2, asyncpg, sqlalchemy']).status === 0,
)

const NARROW = {
  name: 'narrow',
  scope: [
    { databases: ['postgres'], schemas: ['club'], tables: ['boats', 'trips', 'drafts'], verbs: ['read', 'export'] },
    { databases: ['postgres'], schemas: ['club'], tables: ['drafts'], verbs: ['insert', 'update', 'delete'] },
  ],
  connectNotice: false,
}
const EVERYTHING = { name: 'everything', unrestricted: true, exports: true, connectNotice: false }
const TRIP = `INSERT INTO club.trips (boat_id, days, at, by, label, tags, during)
  VALUES (1, 2, ROW('Port A', 7), 'captain', 'short', ARRAY['a', 'b "c"', NULL], '[1,3)')`

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: [...CLUB_SQL, ...BROWSED_SQL, TRIP],
    roles: [NARROW, EVERYTHING],
    masking: { masks: [] },
    grants: () => [grantOf('alice', 'narrow'), grantOf('carol', 'everything')],
  })
})
afterAll(() => stack?.stop())

async function tell(program: string, args: readonly string[], person: Person | null): Promise<readonly string[]> {
  const { postgres, proxy } = stack
  const login =
    person === null
      ? { PORT: String(postgres.port), TOKEN: postgres.password, CA: postgres.caFile }
      : { PORT: String(proxy.postgresPort), TOKEN: await stack.token(person), CA: proxy.tls.ca }
  const user = person === null ? postgres.user : emailOf(person)
  const options = { env: { ...process.env, ...login }, timeout: PROGRAM_TIMEOUT_MS }
  const { stdout } = await promisify(execFile)(program, [...args, user], options)
  return stdout.trimEnd().split('\n')
}

function suite(program: string, args: readonly string[], steps: number): void {
  let straight: readonly string[]
  beforeAll(async () => {
    straight = await tell(program, args, null)
    expect(straight.length).toBeGreaterThan(steps)
  })

  it('says the same to an owner', async () => {
    expect(await tell(program, args, 'carol')).toEqual(straight)
  })

  // Under masks or a narrow scope unknown names and bad syntax are found before the server sees them.
  const withoutMessages = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('["messages"'))
  it('says the same under a narrow grant', async () => {
    expect(withoutMessages(await tell(program, args, 'alice'))).toEqual(withoutMessages(straight))
  })
}

const packages = 'python3-psycopg python3-psycopg2 python3-asyncpg python3-sqlalchemy'
const noPython = python === undefined ? `a module is missing (apt-get install ${packages})` : null
describeUnless(noPython, 'psycopg 3, asyncpg and SQLAlchemy', () => suite(String(python), [`${HERE}faithful.py`], 60))

const noJdbc =
  pgjdbc === null ? 'pgjdbc is not installed (apt-get install default-jdk-headless libpostgresql-jdbc-java)' : null
describeUnless(noJdbc, 'pgjdbc', () => {
  const classes = mkdtempSync(join(tmpdir(), 'sallyport-jdbc-'))
  beforeAll(() => promisify(execFile)('javac', ['-cp', String(pgjdbc), '-d', classes, `${HERE}Faithful.java`]))
  afterAll(() => rmSync(classes, { recursive: true, force: true }))
  suite('java', ['-XX:TieredStopAtLevel=1', '-cp', `${pgjdbc}:${classes}`, 'Faithful'], 200)
})
