import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeUnless } from '../../servers/availability.ts'
import { BROWSED_SQL } from './browsing.ts'
import { FAMILIES } from './families.ts'
import { FIXTURE_SQL } from './fixture.ts'
import { type Person, type Stack, startStack } from './stack.ts'

/** Drivers whose every step gives through the proxy what it gives straight from the server, under each kind of grant. */

const PROGRAM_TIMEOUT_MS = 60_000
const HERE = new URL('.', import.meta.url).pathname
/** The system's own: apt puts its packages where another Python would not look. */
const PYTHON = '/usr/bin/python3'
const CONNECTOR = '/usr/share/java/mariadb-java-client.jar'
const NOTES = 'CREATE TABLE clinic.notes (id int PRIMARY KEY AUTO_INCREMENT, v varchar(200))'

const ROLES = [
  {
    name: 'writer',
    scope: [
      { schemas: ['clinic'], tables: ['*'], verbs: ['read'] },
      { schemas: ['clinic'], tables: ['notes'], verbs: ['insert', 'update', 'delete'] },
    ],
    connectNotice: false,
  },
  { name: 'reader', scope: [{ schemas: ['clinic'], tables: ['rooms'], verbs: ['read'] }] },
  { name: 'unlimited', unrestricted: true, connectNotice: false },
]

const noPython =
  spawnSync(PYTHON, ['-c', 'import pymysql, sqlalchemy']).status === 0
    ? null
    : 'PyMySQL or SQLAlchemy is not installed (apt-get install python3-pymysql python3-sqlalchemy)'
const noJdbc =
  spawnSync('javac', ['--version']).status === 0 && existsSync(CONNECTOR)
    ? null
    : 'MariaDB Connector/J is not installed (apt-get install default-jdk-headless libmariadb-java)'

for (const family of FAMILIES) {
  family.describe(`drivers through ${family.name}`, () => {
    const classes = mkdtempSync(join(tmpdir(), 'sallyport-jdbc-'))
    let stack: Stack

    beforeAll(async () => {
      stack = await startStack(family.start, {
        fixture: [...FIXTURE_SQL, ...BROWSED_SQL, NOTES],
        proxy: { roles: ROLES },
      })
      // From now on the proxy greets by the server's own version.
      await (await stack.connect('carol')).end()
      if (noJdbc === null) await promisify(execFile)('javac', ['-cp', CONNECTOR, '-d', classes, `${HERE}Faithful.java`])
    })
    afterAll(async () => {
      rmSync(classes, { recursive: true, force: true })
      await stack?.stop()
    })

    async function tell(program: string, args: readonly string[], person: Person | null): Promise<readonly string[]> {
      const { server, proxy } = stack
      const login =
        person === null
          ? { PORT: String(server.port), TOKEN: server.password, CA: server.caFile }
          : { PORT: String(proxy.mysqlPort), TOKEN: await stack.token(person), CA: proxy.ca }
      const user = person === null ? server.user : stack.user(person)
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

      it.each([
        ['an owner', 'carol'],
        ['a person whose grant is narrow', 'bob'],
      ] as const)('say the same to %s', async (_who, person) => {
        expect(await tell(program, args, person)).toEqual(straight)
      })
    }

    describeUnless(noPython, 'PyMySQL and SQLAlchemy', () => suite(PYTHON, [`${HERE}faithful.py`], 40))
    describeUnless(noJdbc, 'MariaDB Connector/J', () => {
      suite('java', ['-XX:TieredStopAtLevel=1', '-cp', `${CONNECTOR}:${classes}`, 'Faithful'], 400)
    })
  })
}
