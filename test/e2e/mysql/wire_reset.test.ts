import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { type Person, type Stack, startStack } from './stack.ts'

/** What a server answers after COM_RESET_CONNECTION by itself: the database stays, and nothing else does. */
const STATE = 'SELECT DATABASE(), @x, @@autocommit, @@character_set_client, @@sql_mode'
const MODES = "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'"

for (const family of FAMILIES) {
  family.describe(`COM_RESET_CONNECTION, ${family.name} whose own character set is another`, () => {
    let stack: Stack
    const open: mysql.Connection[] = []

    beforeAll(async () => {
      stack = await startStack(family.start, { settings: ['--character-set-server=latin1'] })
    })
    afterAll(() => stack?.stop())
    afterEach(() => {
      for (const connection of open.splice(0)) connection.destroy()
    })

    async function changed(person: Person): Promise<mysql.Connection> {
      const connection = await stack.connect(person, { database: 'clinic' })
      open.push(connection)
      for (const sql of ['USE scratch', MODES, 'SET autocommit = 0', "PREPARE s FROM 'SELECT 1'"]) {
        await connection.query(sql).catch((error: unknown) => {
          if (person === 'carol') throw error
        })
      }
      return connection
    }

    const row = async (connection: mysql.Connection, sql: string) => {
      const [found] = await connection.query({ sql, rowsAsArray: true })
      return (found as unknown[][])[0]
    }

    it('drops everything but the database, and texts are read as before', async () => {
      const connection = await changed('carol')
      await connection.query('SET @x = 5')
      await connection.query("INSERT INTO scratch.notes (v) VALUES ('lost')")
      const [prepared] = [await connection.prepare('SELECT 1')]
      await connection.reset()
      const [database, x, autocommit, charset, modes] = (await row(connection, STATE)) ?? []
      expect([database, x, Number(autocommit), charset]).toEqual(['scratch', null, 1, 'utf8mb4'])
      expect(modes).not.toContain('ANSI_QUOTES')
      expect(await row(connection, "SELECT COUNT(*) FROM scratch.notes WHERE v = 'lost'")).toEqual([0])
      await expect(connection.query('EXECUTE s')).rejects.toThrow()
      await expect(prepared.execute([])).rejects.toThrow()
    })

    it('leaves a narrow role as narrow as it was', async () => {
      const connection = await changed('alice')
      await connection.reset()
      expect(await row(connection, "SELECT email, 'ä' FROM clinic.patients WHERE id = 1")).toEqual([
        'c***@***.example',
        'ä',
      ])
      expect(await row(connection, 'SELECT "a\\\\b"')).toEqual(['a\\b'])
      await expect(connection.query('SELECT * FROM vault.api_keys')).rejects.toThrow('SP-SCOPE')
    })
  })
}
