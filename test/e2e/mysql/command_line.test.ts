import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TokenOptions } from '../../servers/oidc.ts'
import {
  type CommandLineClient,
  mariadbProgram,
  mysqlProgram,
  type Outcome,
  type RunningClient,
} from './command_line.ts'
import { FAMILIES } from './families.ts'
import { CANARIES } from './fixture.ts'
import { grantsOf, type Person, type Stack, startStack } from './stack.ts'

const POLL_MS = 20
const EVERY_CANARY = Object.values(CANARIES).flat()

for (const family of FAMILIES) {
  family.describe(`${family.name}'s command-line client`, () => {
    const client: CommandLineClient = family.name === 'MySQL' ? mysqlProgram : mariadbProgram
    const noTls = family.name === 'MySQL' ? ['--ssl-mode=DISABLED'] : ['--skip-ssl-verify-server-cert', '--skip-ssl']
    let stack: Stack

    beforeAll(async () => {
      stack = await startStack(family.start)
    })
    afterAll(() => stack?.stop())

    async function start(person: Person, script: string, ...options: string[]): Promise<RunningClient> {
      return client(await login(person), script, ...options)
    }

    async function login(person: Person, token?: TokenOptions) {
      const { proxy } = stack
      return {
        port: proxy.mysqlPort,
        user: stack.user(person),
        password: await stack.token(person, token),
        database: 'clinic',
        caFile: proxy.ca,
      }
    }

    async function as(person: Person, script: string, ...options: string[]): Promise<Outcome> {
      return (await start(person, script, ...options)).outcome
    }

    describe('reads', () => {
      it('gives what the role may read', async () => {
        const { code, rows } = await as('alice', 'SELECT id, patient_id, fee, reason FROM visits ORDER BY id;')
        expect(code).toBe(0)
        expect(rows).toEqual(['1\t1\t10.50\tcheck', '2\t2\t20.25\tNULL', '3\t1\t30.00\tcough'])
      })

      it.each([
        ['a star', 'SELECT * FROM patients WHERE id = 1'],
        ['the columns', 'SELECT id, full_name, email, phone, tax_id, born, balance FROM patients WHERE id = 1'],
      ])('masks by strategy through %s', async (_what, sql) => {
        const { rows } = await as('alice', `${sql};`)
        expect(rows[0]).toMatch(/^1\tPerson 1\tc\*\*\*@\*\*\*\.example\t\*{11}01\t\[redacted\]\tNULL\tNULL/)
        expectNoCanary(rows)
      })

      it.each([
        [
          'an alias',
          'SELECT email AS full_name, tax_id country FROM patients p WHERE p.id = 2',
          'c***@***.example\t[redacted]',
        ],
        [
          'a join',
          'SELECT p.email, v.reason FROM visits v JOIN patients p ON p.id = v.patient_id WHERE v.id = 3',
          'c***@***.example\tcough',
        ],
        [
          'a subquery',
          'SELECT q.tax_id, q.phone FROM (SELECT * FROM patients WHERE id = 2) q',
          '[redacted]\t***********02',
        ],
        [
          'a CTE',
          'WITH w AS (SELECT id, tax_id, born FROM patients) SELECT tax_id, born FROM w WHERE id = 1',
          '[redacted]\tNULL',
        ],
        ['a view', 'SELECT contact FROM contacts WHERE patient_id = 1', 'c***@***.example'],
      ])('masks through %s', async (_what, sql, expected) => {
        const { rows } = await as('alice', `${sql};`)
        expect(rows).toEqual([expected])
      })

      it('shows each person what their role does', async () => {
        const sql = 'SELECT email, tax_id FROM patients WHERE id = 1;'
        const [alice, bob, carol] = await Promise.all([as('alice', sql), as('bob', sql), as('carol', sql)])
        expect(alice.rows).toEqual(['c***@***.example\t[redacted]'])
        expect(bob.rows).toEqual([`${CANARIES.email[0]}\t[redacted]`])
        expect(carol.rows).toEqual([`${CANARIES.email[0]}\t${CANARIES.taxId[0]}`])
      })

      it.each([
        ['an expression', 'SELECT CONCAT(email, phone) FROM patients WHERE id = 1', ['c***@***.example***********01']],
        ['an aggregate', 'SELECT MAX(email) FROM patients', ['c***@***.example']],
        ['a predicate', "SELECT id FROM patients WHERE email LIKE 'canary%'", []],
        ['a sort', 'SELECT id FROM patients WHERE id = 2 ORDER BY phone', ['2']],
      ])('computes on the mask in %s and says so', async (_what, sql, expected) => {
        const { rows } = await as('alice', `${sql}; SHOW WARNINGS;`)
        expect(rows.slice(0, -1)).toEqual(expected)
        expect(rows.at(-1)).toMatch(/^Note\t1105\tthe result was computed from masked values .*\(SP-COMPUTED\)$/)
      })

      it('shows no warning of a former statement', async () => {
        const { rows } = await as('alice', 'SELECT MAX(email) FROM patients; SELECT 1; SHOW WARNINGS;')
        expect(rows).toEqual(['c***@***.example', '1'])
      })
    })

    describe('refusals', () => {
      const REFUSED = [
        ['out of scope', 'SELECT * FROM vault.api_keys', 1142, 'SP-SCOPE'],
        ['another database', 'USE vault', 1044, 'SP-SCOPE'],
        ['unknown construct', 'GET DIAGNOSTICS @n = NUMBER', 1142, 'SP-OPAQUE'],
        ['no SELECT', 'HANDLER patients OPEN', 1142, 'SP-VERB'],
        ['no such verb', 'DELETE FROM visits WHERE id = 1', 1142, 'SP-VERB'],
        ['unknown table', 'SELECT * FROM nowhere', 1146, 'SP-NAME'],
        ['a function', 'SELECT email_of(1)', 1370, 'SP-FUNCTION'],
        ['a file', "SELECT 1 INTO OUTFILE '/tmp/x'", 1142, 'SP-'],
        ['a setting', "SET sql_mode = 'ORACLE'", 1227, 'SP-SETTING'],
      ] as const

      it('are told one by one, and the session goes on', async () => {
        const statements = REFUSED.flatMap(([, sql]) => [sql, 'SELECT 7'])
        const { rows, stderr } = await as('alice', `${statements.join(';\n')};\n`)
        expect(rows).toEqual(REFUSED.map(() => '7'))
        const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR'))
        expect(errors).toHaveLength(REFUSED.length)
        for (const [at, [, , , code]] of REFUSED.entries()) expect(errors[at]).toContain(code)
      })

      it('are each in the audit log', async () => {
        const before = stack.proxy.audit().length
        await as('alice', 'SELECT * FROM vault.api_keys; GET DIAGNOSTICS @n = NUMBER;')
        const denied = stack.proxy
          .audit()
          .slice(before)
          .map((record) => JSON.stringify(record))
          .filter((line) => line.includes('SP-'))
        expect(denied.some((line) => line.includes('SP-SCOPE') && line.includes('alice'))).toBe(true)
        expect(denied.some((line) => line.includes('SP-OPAQUE') && line.includes('alice'))).toBe(true)
      })
    })

    describe('logins', () => {
      async function refused(token: TokenOptions | string, ...options: string[]) {
        const before = stack.proxy.audit().length
        const used =
          typeof token === 'string' ? { ...(await login('alice')), password: token } : await login('alice', token)
        const { code, stderr, rows } = await client(used, 'SELECT 1;', ...options).outcome
        const audit = JSON.stringify(stack.proxy.audit().slice(before))
        return { code, stderr, rows, audit }
      }

      it.each([
        ['an expired token', { expiresIn: -600 }],
        ['a token for another audience', { audience: 'https://elsewhere.test' }],
        ['a token of another issuer', { issuer: 'https://elsewhere.test' }],
        ['no token', 'not-a-token'],
      ] as const)('refuses %s without saying what was wrong', async (_what, token) => {
        const { code, stderr, rows, audit } = await refused(token)
        expect(code).not.toBe(0)
        expect(rows).toEqual([])
        expect(stderr).toMatch(/ERROR 1045 \(28000\)/)
        expect(stderr).toContain('SP-AUTH')
        expect(stderr).not.toMatch(/audience|issuer|expired|signature/i)
        expect(audit).toContain('SP-AUTH')
      })

      it('refuses a client without TLS before it shows its token', async () => {
        const { code, stderr, audit } = await refused({}, ...noTls)
        expect(code).not.toBe(0)
        expect(stderr).toMatch(/3159|TLS/)
        expect(audit).toContain('SP-TLS-REQUIRED')
      })

      it('refuses a person whose grant has ended, and says what to do', async () => {
        const past = { start: '2020-01-01T00:00:00Z', end: '2020-01-02T00:00:00Z' }
        expect(await stack.proxy.reload({ grants: grantsOf({ bob: { id: 'grant-bob-past', ...past } }) })).toBe('ok')
        const { code, stderr } = await as('bob', 'SELECT 1;')
        expect(code).not.toBe(0)
        expect(stderr).toMatch(/SP-NO-GRANT|SP-GRANT-ENDED/)
        expect(stderr).toContain('Ask for')
        expect(JSON.stringify(stack.proxy.audit().at(-1))).toMatch(/SP-NO-GRANT|SP-GRANT-ENDED/)
        expect(await stack.proxy.reload({ grants: grantsOf({ bob: { id: 'grant-bob-again' } }) })).toBe('ok')
        expect((await as('bob', 'SELECT 1;')).rows).toEqual(['1'])
      })
    })

    describe('browsing', () => {
      it('lists databases, tables and columns', async () => {
        expect((await as('alice', 'SHOW DATABASES;')).rows).toContain('clinic')
        expect((await as('alice', 'USE clinic; SHOW TABLES;')).rows).toEqual(
          expect.arrayContaining(['patients', 'visits', 'contacts']),
        )
        expect((await as('alice', 'SHOW COLUMNS FROM visits;')).rows).toHaveLength(5)
        expect((await as('alice', 'DESCRIBE patients;')).rows.join('\n')).toContain('email_lower')
      })

      it('reads information_schema', async () => {
        const sql = `SELECT column_name FROM information_schema.columns
          WHERE table_schema = 'clinic' AND table_name = 'cards' ORDER BY ordinal_position;`
        expect((await as('alice', sql)).rows).toEqual(['id', 'patient_id', 'brand', 'pan'])
      })
    })

    describe('ending a statement', () => {
      async function untilRunning(mark: string): Promise<void> {
        const watcher = await stack.direct()
        try {
          for (;;) {
            const [rows] = await watcher.query('SHOW FULL PROCESSLIST')
            if ((rows as { Info: string | null }[]).some(({ Info }) => Info?.includes(mark) === true)) return
            await wait(POLL_MS)
          }
        } finally {
          await watcher.end()
        }
      }

      it('works by Ctrl-C', async () => {
        const { child, outcome } = await start('carol', "SELECT SLEEP(50), 'by-signal'; SELECT 8;")
        await untilRunning('by-signal')
        child.kill('SIGINT')
        const { rows, stderr } = await outcome
        expect(`${rows.join('\n')}\n${stderr}`).toMatch(/1317|interrupted|^1\tby-signal/im)
      })

      it("works by KILL QUERY from another session of the same person, and is refused for another's", async () => {
        const long = await stack.connect('carol')
        const number = (long as unknown as { connection: { threadId: number } }).connection.threadId
        const answer = long.query("SELECT SLEEP(50), 'by-kill'").then(
          () => 'done',
          (error: { errno: number }) => error.errno,
        )
        await untilRunning('by-kill')
        const other = await as('alice', `KILL QUERY ${number};`)
        expect(other.stderr).toContain('SP-KILL')
        expect((await as('carol', `KILL QUERY ${number};`)).code).toBe(0)
        expect(['done', 1317]).toContain(await answer)
        const [rows] = await long.query({ sql: 'SELECT 9', rowsAsArray: true })
        expect(rows).toEqual([[9]])
        await long.end()
      })
    })
  })
}

function expectNoCanary(rows: readonly string[]): void {
  const text = rows.join('\n')
  for (const canary of EVERY_CANARY) expect(text).not.toContain(canary)
}
