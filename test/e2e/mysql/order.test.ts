import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

/** The rows come in the order of `email` when its unique index is scanned: the reverse of the order of `id`. */
const FIXTURE = [
  'CREATE DATABASE clinic',
  'CREATE TABLE clinic.plain (id int PRIMARY KEY, email varchar(80) NOT NULL UNIQUE)',
  `INSERT INTO clinic.plain VALUES (1, 'd@mail.example'), (2, 'c@mail.example'), (3, 'b@mail.example'), (4, 'a@mail.example')`,
  'CREATE VIEW clinic.shown AS SELECT id AS plain_id, email AS contact FROM clinic.plain',
]
const MASKING = {
  keys: {},
  masks: [{ schemas: ['clinic'], tables: ['plain'], columns: ['email'], strategy: 'email' }],
}

for (const family of FAMILIES) {
  family.describe(`${family.name}: rows of a table whose masked column only passes`, () => {
    let stack: Stack
    let connection: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: FIXTURE, proxy: { masking: MASKING } })
      connection = await stack.connect('alice', { database: 'clinic' })
    })

    afterAll(async () => {
      await connection?.end()
      await stack?.stop()
    })

    const ids = async (on: mysql.Connection, text: string): Promise<number[]> => {
      const [rows] = await on.query<mysql.RowDataPacket[]>({ sql: text, rowsAsArray: true })
      return rows.map((row) => row[0])
    }

    it.each([
      'SELECT id, email FROM clinic.plain',
      'SELECT id FROM clinic.plain',
      'SELECT plain_id, contact FROM clinic.shown',
      'SELECT plain_id FROM clinic.shown',
    ])('come in no order of it: %s', async (text) => {
      const direct = await stack.direct()
      const clear = await ids(direct, text)
      await direct.end()
      // The bare server does scan the index, or there would be nothing to hide.
      if (text.startsWith('SELECT id, ') || text.startsWith('SELECT plain_id, ')) expect(clear).toEqual([4, 3, 2, 1])
      expect(await ids(connection, text)).toEqual([1, 2, 3, 4])
    })
  })
}
