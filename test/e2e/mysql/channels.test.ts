import type { RowDataPacket } from 'mysql2'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { CANARIES, ROLES } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

const PATIENTS = { schemas: ['clinic'], tables: ['patients'] }
const WRITER = {
  name: 'writer',
  scope: [{ ...PATIENTS, verbs: ['read', 'insert', 'update'] }],
}
const SECRETS = Object.values(CANARIES).flat()

interface Failed {
  readonly errno: number
  readonly message: string
}

for (const family of FAMILIES) {
  family.describe(`what ${family.name} says beside its results`, () => {
    let stack: Stack
    let bob: mysql.Connection

    beforeAll(async () => {
      const roles = [WRITER, ...ROLES.filter(({ name }) => name !== 'writer')]
      stack = await startStack(family.start, { proxy: { roles } })
      bob = await stack.connect('bob')
    })
    afterAll(async () => {
      bob?.destroy()
      await stack?.stop()
    })

    /** All that the person is given for a text, and for what they ask of it afterwards. */
    const told = async (...texts: readonly string[]) => {
      const answers: unknown[] = []
      for (const text of [
        ...texts,
        'SHOW WARNINGS',
        'SHOW ERRORS',
        'SHOW COUNT(*) WARNINGS',
        'SELECT @@warning_count',
      ]) {
        const answer = await bob.query({ sql: text, rowsAsArray: true }).catch((error: Failed) => error.message)
        answers.push(Array.isArray(answer) ? [answer[0], answer[1]?.toString()] : answer)
      }
      return JSON.stringify(answers)
    }

    it.each([
      ['a duplicate key', 'INSERT INTO patients (id, full_name) VALUES (1, "x")'],
      ['an XPath error', 'SELECT extractvalue(1, concat(0x7e, email)) FROM patients'],
      ['an XPath error of updatexml', 'SELECT updatexml(1, concat(0x7e, phone), 1) FROM patients'],
      ['a cast', 'SELECT CAST(tax_id AS signed) FROM patients'],
      ['a date', 'SELECT date_add(email, INTERVAL 1 DAY) FROM patients'],
      ['a document', "SELECT json_extract(note, '$.a') FROM patients"],
      ['a plan of a row that is read while planning', 'EXPLAIN SELECT email FROM patients WHERE id = 1'],
      ['a plan as a document', 'EXPLAIN FORMAT=JSON SELECT * FROM patients WHERE email > "c" AND id = 1'],
      ['a syntax error behind a protected table', 'SELECT email FROM patients WHERE id IN (1,,2)'],
      ['a value too many', 'SELECT (SELECT email FROM patients) FROM patients'],
      ['a name', 'SELECT email AS `x` FROM patients GROUP BY concat(email, floor(rand(0)*2))'],
    ])('quotes no protected value: %s', async (_what, text) => {
      const answer = await told(text)
      for (const secret of SECRETS) expect(answer).not.toContain(secret)
      expect(answer).not.toMatch(/IF\(FALSE|18446744073709551615/i)
    })

    it('does not tell a right guess from a wrong one by its counts', async () => {
      const guess = async (note: string) => {
        await bob.query('START TRANSACTION')
        const [{ affectedRows, info }] = await bob.query<mysql.ResultSetHeader>(
          `UPDATE patients SET note = '${note}' WHERE id = 1`,
        )
        const rows = await bob.query('SELECT ROW_COUNT()').catch((error: Failed) => error.errno)
        await bob.query('ROLLBACK')
        return { affectedRows, info, rows }
      }
      expect(await guess(CANARIES.note[0])).toEqual(await guess('wrong'))
    })

    it('says what was computed from masked values', async () => {
      await bob.query('SELECT length(email) FROM patients')
      const [rows] = await bob.query<RowDataPacket[]>('SHOW WARNINGS')
      expect(rows[0]?.Message).toContain('SP-COMPUTED')
      const [[counted]] = await bob.query<RowDataPacket[][]>({ sql: 'SHOW COUNT(*) WARNINGS', rowsAsArray: true })
      expect(Number(counted?.[0])).toBe(1)
    })

    it('quotes the client’s own text in a syntax error, or none', async () => {
      const error = (await bob.query('SELECT id FROM patients ORDER BY').catch((cause: Failed) => cause)) as Failed
      expect(error.errno).toBe(1064)
      expect(error.message).not.toMatch(/`clinic`|SELECT `/)
    })

    it('counts what was found, not what is there', async () => {
      await bob.query('SELECT SQL_CALC_FOUND_ROWS id FROM patients LIMIT 1')
      const [[found]] = await bob.query<RowDataPacket[]>('SELECT FOUND_ROWS() AS n')
      expect(Number(found?.n)).toBe(3)
    })
  })
}
