import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { CANARIES } from './fixture.ts'
import { type Person, type Stack, startStack } from './stack.ts'

const LARGE_BYTES = 17 * 1024 * 1024
const ANY_CANARY = Object.values(CANARIES).flat()

for (const family of FAMILIES) {
  family.describe(`mysql2 through ${family.name}`, () => {
    let stack: Stack
    const open: mysql.Connection[] = []

    beforeAll(async () => {
      stack = await startStack(family.start, { settings: ['--max-allowed-packet=64M'] })
    })
    afterAll(() => stack?.stop())
    afterEach(async () => {
      for (const connection of open.splice(0)) await connection.end()
    })

    async function as(person: Person, options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
      const connection = await stack.connect(person, options)
      open.push(connection)
      return connection
    }

    async function rows(
      connection: mysql.Connection,
      sql: string,
      how: 'query' | 'execute' = 'query',
      values: unknown[] = [],
    ) {
      const [found] = await send(connection, how, { sql, rowsAsArray: true, dateStrings: true }, values)
      return found as unknown[][]
    }

    describe.each(['query', 'execute'] as const)('masks by %s', (how) => {
      it('with every strategy in its own type', async () => {
        const sql =
          'SELECT id, email, phone, tax_id, born, balance, note, pan FROM patients JOIN cards USING (id) ORDER BY id'
        const found = await rows(await as('alice'), sql, how)
        expect(found).toHaveLength(3)
        expect(found.map((row) => row.slice(0, 6))).toEqual(
          [1, 2, 3].map((id) => [id, 'c***@***.example', `***********0${id}`, '[redacted]', null, null]),
        )
        for (const [, , , , , , note, pan] of found) {
          expect(note).toMatch(/^[0-9a-f]{16}$/)
          expect(pan).toMatch(/^[a-z2-7]{24}$/)
        }
        expectNoCanary(found)
      })

      it('the same value the same way in every session', async () => {
        const sql = 'SELECT pan FROM cards ORDER BY id'
        expect(await rows(await as('alice'), sql, how)).toEqual(await rows(await as('bob'), sql, 'query'))
      })

      it('rows by the thousand, with nothing of a value at any seam', async () => {
        const numbers =
          '(SELECT 1 a UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7)'
        const joins = ['b', 'c', 'd', 'e'].map((name) => `CROSS JOIN ${numbers} ${name}`).join(' ')
        const found = await rows(
          await as('alice'),
          `SELECT p.email, p.id, p.phone, p.note FROM patients p ${joins}`,
          how,
        )
        expect(found).toHaveLength(3 * 7 ** 4)
        expect(new Set(found.map(([email]) => email))).toEqual(new Set(['c***@***.example']))
        expectNoCanary([...new Set(found.flat())])
      })
    })

    describe('types', () => {
      const COLUMNS = 'id, ti, ui, bi, ub, d, f, g, s, b, t, bl, da, dt, ti2, y, n'
      const VALUES = [
        1,
        -128,
        4294967295,
        '-9223372036854775808',
        '18446744073709551615',
        '12345678901234567890.0123456789',
        1.5,
        -2.25,
        'žluťoučký 😀',
        Buffer.from([0, 1, 254, 255]),
        'text',
        Buffer.alloc(300, 7),
        '2026-02-03',
        '2026-02-03 04:05:06.789012',
        '-12:34:56.789',
        2026,
        null,
      ]

      it.each(['query', 'execute'] as const)('go in and come out by %s', async (how) => {
        const writer = await as('bob', { supportBigNumbers: true, bigNumberStrings: true, dateStrings: true })
        await writer.query('DELETE FROM types WHERE id = 1')
        const marks = VALUES.map(() => '?').join(', ')
        const [done] = await send(writer, how, { sql: `INSERT INTO types (${COLUMNS}) VALUES (${marks})` }, VALUES)
        expect((done as mysql.ResultSetHeader).affectedRows).toBe(1)
        const [found] = await send(
          writer,
          how,
          { sql: `SELECT ${COLUMNS} FROM types WHERE id = ?`, rowsAsArray: true },
          [1],
        )
        expect((found as unknown[][])[0]).toEqual(VALUES)
      })

      it('are NULL one and all', async () => {
        const writer = await as('bob')
        await writer.execute('INSERT INTO types (id, s) VALUES (?, ?)', [2, null])
        const found = await rows(writer, `SELECT ${COLUMNS} FROM types WHERE id = 2`, 'execute')
        expect(found).toEqual([[2, ...Array(16).fill(null)]])
        await writer.execute('DELETE FROM types WHERE id = ?', [2])
      })
    })

    describe('prepared statements', () => {
      it('run again and again with other values', async () => {
        const connection = await as('alice')
        const statement = await connection.prepare('SELECT id, email FROM patients WHERE id = ?')
        for (const id of [1, 2, 3, 1]) {
          const [found] = (await statement.execute([id])) as [{ id: number; email: string }[], unknown]
          expect(found.map((row) => ({ ...row }))).toEqual([{ id, email: 'c***@***.example' }])
        }
        await statement.close()
        expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
      })

      it('say that they computed on masks', async () => {
        const connection = await as('alice')
        expect(await rows(connection, 'SELECT id FROM patients WHERE email = ?', 'execute', ['x'])).toEqual([])
        const warnings = await rows(connection, 'SHOW WARNINGS')
        expect(JSON.stringify(warnings)).toContain('SP-COMPUTED')
      })

      it('are refused one by one, the session in step', async () => {
        const connection = await as('alice')
        await expect(connection.execute('SELECT * FROM vault.api_keys')).rejects.toMatchObject({ errno: 1142 })
        await expect(connection.execute('SELECT SLEEP(?)', [1])).rejects.toMatchObject({ errno: 1370 })
        expect(await rows(connection, 'SELECT ?', 'execute', [5])).toEqual([[5]])
      })
    })

    describe('several statements in a message', () => {
      it('give a result each, masked', async () => {
        const connection = await as('alice', { multipleStatements: true })
        const found = await rows(connection, 'SELECT id FROM visits WHERE id = 1; SELECT email FROM patients; SELECT 3')
        expect(found).toEqual([[[1]], Array(3).fill(['c***@***.example']), [[3]]])
      })

      it('are judged as a whole before any part runs', async () => {
        const connection = await as('bob', { multipleStatements: true })
        const sql = "INSERT INTO visits (patient_id, fee, at) VALUES (3, 1, '2026-01-01'); SELECT * FROM vault.api_keys"
        await expect(connection.query(sql)).rejects.toMatchObject({ errno: 1142 })
        expect(await rows(connection, 'SELECT COUNT(*) FROM visits WHERE patient_id = 3')).toEqual([[0]])
      })

      it('are refused where a later part depends on an earlier one', async () => {
        const connection = await as('alice', { multipleStatements: true })
        await expect(connection.query('USE test; SELECT 1')).rejects.toMatchObject({ errno: expect.any(Number) })
        expect(await rows(connection, 'SELECT DATABASE()')).toEqual([['clinic']])
      })

      it('stop at an error of the server', async () => {
        const connection = await as('carol', { multipleStatements: true })
        await expect(connection.query('SELECT 1; SELECT * FROM nowhere; SELECT 3')).rejects.toMatchObject({
          errno: 1146,
        })
        expect(await rows(connection, 'SELECT 4')).toEqual([[4]])
      })
    })

    it.each(['query', 'execute'] as const)('carries 17 MiB each way by %s', async (how) => {
      const writer = await as('bob')
      const body = `${'x'.repeat(LARGE_BYTES - 3)}end`
      await writer.query('DELETE FROM big WHERE id = 1')
      await send(writer, how, { sql: 'INSERT INTO big (id, body) VALUES (?, ?)' }, [1, body])
      const [[row]] = (await send(writer, how, { sql: 'SELECT body FROM big WHERE id = 1' })) as unknown as [
        { body: string }[],
      ]
      expect(row?.body.length).toBe(LARGE_BYTES)
      expect(row?.body.endsWith('xend')).toBe(true)
      expect(await rows(writer, 'SELECT LENGTH(body) FROM big WHERE id = 1')).toEqual([[LARGE_BYTES]])
    })

    it('keeps transactions as the server does', async () => {
      const writer = await as('bob')
      const insert = "INSERT INTO visits (patient_id, fee, at) VALUES (2, 7, '2026-05-05')"
      const count = 'SELECT COUNT(*) FROM visits WHERE fee = 7'
      await writer.beginTransaction()
      await writer.query(insert)
      await expect(writer.query('SELECT * FROM vault.api_keys')).rejects.toMatchObject({ errno: 1142 })
      expect(await rows(writer, count)).toEqual([[1]])
      await writer.rollback()
      expect(await rows(writer, count)).toEqual([[0]])
      await writer.beginTransaction()
      const [done] = await writer.query<mysql.ResultSetHeader>(insert)
      expect(done.insertId).toBeGreaterThan(0)
      await writer.commit()
      const [gone] = await writer.query<mysql.ResultSetHeader>('DELETE FROM visits WHERE fee = 7')
      expect(gone.affectedRows).toBe(1)
      await expect(writer.query('DELETE FROM visits')).rejects.toMatchObject({ errno: expect.any(Number) })
    })

    it('passes the errors of the server on where they can quote nothing', async () => {
      const writer = await as('bob')
      await expect(
        writer.query("INSERT INTO visits (id, patient_id, fee, at) VALUES (1, 1, 1, '2026-01-01')"),
      ).rejects.toMatchObject({
        errno: 1062,
        sqlState: '23000',
      })
      expect(await rows(writer, 'SELECT 1')).toEqual([[1]])
    })

    it('follows the default database by session tracking', async () => {
      const carol = await as('carol')
      const [done] = await carol.query('USE vault')
      if (family.name === 'MySQL') expect(done).toMatchObject({ stateChanges: { schema: 'vault' } })
      expect(await rows(carol, 'SELECT COUNT(*) FROM api_keys')).toEqual([[2]])
    })

    it('resets a connection: its prepared statements and variables are gone', async () => {
      const connection = await as('alice')
      await rows(connection, 'SELECT ?', 'execute', [1])
      await connection.query('SET @kept = 1')
      await connection.reset()
      expect(await rows(connection, 'SELECT @kept')).toEqual([[null]])
      expect(await rows(connection, 'SELECT DATABASE(), ?', 'execute', [2])).toEqual([['clinic', 2]])
    })

    it('changes the user of an open connection to who has a token', async () => {
      const connection = await stack.connect('alice')
      await connection.changeUser({
        user: stack.user('carol'),
        password: await stack.token('carol'),
        database: 'clinic',
      })
      expect(await rows(connection, 'SELECT email FROM patients WHERE id = 1')).toEqual([[CANARIES.email[0]]])
      await expect(connection.changeUser({ user: stack.user('bob'), password: 'none' })).rejects.toThrow(/SP-AUTH/)
      connection.destroy()
    })

    it('pings, and refuses a login to a database out of scope', async () => {
      await (await as('alice')).ping()
      await expect(stack.connect('alice', { database: 'vault' })).rejects.toMatchObject({ errno: 1142 })
      await expect(stack.connect('carol', { database: 'nowhere' })).rejects.toThrow()
    })
  })
}

/** The driver's types keep the two forms of a statement apart. */
function send(
  connection: mysql.Connection,
  how: 'query' | 'execute',
  options: mysql.QueryOptions,
  values: unknown[] = [],
) {
  return how === 'query' ? connection.query(options, values) : connection.execute(options, values as never[])
}

function expectNoCanary(found: unknown): void {
  const text = JSON.stringify(found)
  for (const canary of ANY_CANARY) expect(text).not.toContain(canary)
}
