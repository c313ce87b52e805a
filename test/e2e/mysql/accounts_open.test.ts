import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

/** Sessions that are open through the program while definitions change, each with an account of its own. */

const YARD = { schemas: ['yard'], tables: ['*'] }
const AFTER_A_POLL = { timeout: 10_000 }

for (const family of FAMILIES) {
  family.describe(`an open session on ${family.name}`, () => {
    let stack: Stack
    let root: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start, {
        fixture: [
          'CREATE DATABASE clinic',
          'CREATE DATABASE yard',
          'CREATE TABLE yard.labels (id int PRIMARY KEY, mail varchar(40))',
          "INSERT INTO yard.labels VALUES (1, 'CANARY-MAIL')",
        ],
        target: { catalogPoll: '1s', accounts: { dynamic: {} } },
        proxy: {
          roles: [
            { name: 'reader', scope: [{ ...YARD, verbs: ['read'] }] },
            { name: 'writer', scope: [{ ...YARD, verbs: ['read', 'insert'] }] },
            { name: 'unlimited', unrestricted: true },
          ],
          masking: { masks: [{ ...YARD, columns: ['mail', 'pay'], strategy: 'null' }] },
        },
      })
      root = await stack.direct()
    }, 240_000)
    afterAll(async () => {
      root?.destroy()
      await stack?.stop()
    }, 60_000)

    const first = async (client: mysql.Connection, sql: string) =>
      ((await client.query<mysql.RowDataPacket[]>(sql))[0] as mysql.RowDataPacket[])[0]

    it('goes on with what is made outside of it, and never with what is masked', async () => {
      const client = await stack.connect('alice', { database: 'yard' })
      const read = () => first(client, 'SELECT * FROM labels').catch(() => null)
      expect(await read()).toEqual({ id: 1, mail: null })
      await root.query('ALTER TABLE yard.labels ADD COLUMN note int DEFAULT 7')
      await expect.poll(read, AFTER_A_POLL).toEqual({ id: 1, mail: null, note: 7 })
      await root.query('CREATE TABLE yard.flags (id int, pay int)')
      await root.query('INSERT INTO yard.flags VALUES (3, 4)')
      const flags = () => first(client, 'SELECT * FROM flags').catch(() => null)
      await expect.poll(flags, AFTER_A_POLL).toEqual({ id: 3, pay: null })
      await root.query('ALTER TABLE yard.labels RENAME COLUMN note TO pay')
      await expect.poll(read, AFTER_A_POLL).toEqual({ id: 1, mail: null, pay: null })
      const [held] = await root.query(
        "SELECT COUNT(*) AS n FROM mysql.columns_priv WHERE Db = 'yard' AND Column_name IN ('pay', 'mail', 'note') AND FIND_IN_SET('Select', Column_priv)",
      )
      expect(held).toEqual([{ n: 0 }])
      await root.query('ALTER TABLE yard.labels DROP COLUMN pay')
      await expect.poll(read, AFTER_A_POLL).toEqual({ id: 1, mail: null })
      await client.end()
    })

    it('goes on at once with what another session of the proxy defines', async () => {
      const [reader, owner] = await Promise.all([
        stack.connect('alice', { database: 'yard' }),
        stack.connect('carol', { database: 'yard' }),
      ])
      const read = () => first(reader, 'SELECT * FROM made')
      await owner.query('CREATE TABLE made (id int, pay int)')
      await owner.query('INSERT INTO made VALUES (1, 2)')
      expect(await read()).toEqual({ id: 1, pay: null })
      await owner.query('ALTER TABLE made ADD COLUMN more int DEFAULT 3')
      expect(await read()).toEqual({ id: 1, pay: null, more: 3 })
      await owner.query('ALTER TABLE made DROP COLUMN more')
      expect(await read()).toEqual({ id: 1, pay: null })
      await owner.query('DROP TABLE made')
      await Promise.all([reader.end(), owner.end()])
    })
  })
}
