import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, asked, BROWSED_SQL, CONSOLES, DRIVERS } from './browsing.ts'
import { DJANGO, OTHERS, PRISMA, RAILS, SQLALCHEMY } from './browsing_orms.ts'
import { DATAGRIP, DBEAVER, PHPMYADMIN, WORKBENCH } from './browsing_tools.ts'
import { FAMILIES } from './families.ts'
import { FIXTURE_SQL } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

/** Under a narrow grant a client that browses gets what it gets straight from the server. */

/** A driver's IGNORE_SPACE is a mode that is not taken from a login. */
const DRIVER = { charset: 'utf8mb4_general_ci', flags: ['-IGNORE_SPACE'] }

const CLIENTS: readonly (readonly [string, readonly Asked[]])[] = [
  ['consoles', CONSOLES],
  ['drivers', DRIVERS],
  ['DBeaver', DBEAVER],
  ['DataGrip', DATAGRIP],
  ['Workbench', WORKBENCH],
  ['phpMyAdmin', PHPMYADMIN],
  ['SQLAlchemy', SQLALCHEMY],
  ['Django', DJANGO],
  ['Rails', RAILS],
  ['Prisma', PRISMA],
  ['others', OTHERS],
]

/** The server's word on one statement, each value as it was written. */
async function answer(connection: mysql.Connection, { sql }: Asked) {
  try {
    const [rows, fields] = await connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.buffer() })
    const columns = (fields ?? []).map(
      (field) => `${field.name} ${field.type} ${field.characterSet} ${field.table} ${field.db}`,
    )
    if (!Array.isArray(rows)) return { affected: rows.affectedRows }
    return { columns, rows: (rows as (Buffer | null)[][]).map((row) => row.map((value) => value && String(value))) }
  } catch (error) {
    return { errno: (error as { errno: number }).errno, message: (error as Error).message }
  }
}

for (const family of FAMILIES) {
  family.describe(`browsing ${family.name} under a narrow grant`, () => {
    let stack: Stack
    let through: mysql.Connection
    let straight: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: [...FIXTURE_SQL, ...BROWSED_SQL] })
      through = await stack.connect('alice', DRIVER)
      straight = await stack.direct(DRIVER)
    })
    afterAll(async () => {
      await through?.end()
      await straight?.end()
      await stack?.stop()
    })

    describe.each(CLIENTS)('%s', (_client, statements) => {
      const here = statements.filter(({ only }) => only === undefined || only === family.name)
      it.each(here)('$what: $sql', async (statement) => {
        const expected = await answer(straight, statement)
        expect(await answer(through, statement)).toEqual(expected)
        expect(expected).not.toHaveProperty('errno')
      })
    })

    it('leaves out how many values a column has, and where partitions end while there are masks', async () => {
      const counted = asked(
        '',
        "SELECT DISTINCT cardinality FROM information_schema.statistics WHERE table_name = 'rooms'",
      )
      expect(await answer(through, counted)).toMatchObject({ rows: [[null]] })
      const ends = asked(
        '',
        "SELECT partition_description FROM information_schema.partitions WHERE table_name = 'readings'",
      )
      expect(await answer(through, ends)).toMatchObject({ rows: [[null], [null]] })
    })

    it.each([
      ["SELECT GET_LOCK('migrations', 0)", 1370, /SP-FUNCTION/],
      ['SELECT id FROM rooms WHERE id = 1 FOR UPDATE', 1142, /SP-VERB/],
      ["SET lc_messages = 'cs_CZ'", 1227, /SP-SETTING/],
    ])('refuses what takes more than reading: %s', async (sql, errno, message) => {
      expect(await answer(through, { what: '', sql })).toEqual({ errno, message: expect.stringMatching(message) })
    })
  })
}
