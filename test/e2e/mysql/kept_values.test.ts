import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { CANARIES } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

const ANY_CANARY = Object.values(CANARIES).flat()

for (const family of FAMILIES) {
  family.describe(`what a statement keeps or describes, ${family.name}`, () => {
    let stack: Stack
    const open: mysql.Connection[] = []

    beforeAll(async () => {
      stack = await startStack(family.start)
    })
    afterAll(() => stack?.stop())
    afterEach(async () => {
      for (const connection of open.splice(0)) await connection.end()
    })

    async function alice(): Promise<mysql.Connection> {
      const connection = await stack.connect('alice')
      open.push(connection)
      return connection
    }

    async function rows(connection: mysql.Connection, sql: string): Promise<unknown[][]> {
      const [found] = await connection.query({ sql, rowsAsArray: true })
      return found as unknown[][]
    }

    it('a user variable holds what the person may see', async () => {
      const session = await alice()
      await session.query('SET @name = (SELECT full_name FROM patients WHERE id = 1), @n = 1 + 1')
      expect((await rows(session, 'SELECT @name, @n')).flat().map(String)).toEqual(['Person 1', '2'])
      await session.query('SET @mail = (SELECT max(email) FROM patients), @born = (SELECT max(born) FROM patients)')
      const found = JSON.stringify(await rows(session, 'SELECT @mail, @born'))
      expect(ANY_CANARY.filter((canary) => found.includes(canary))).toEqual([])
      await session.query('DO (SELECT count(*) FROM patients WHERE email IS NULL)')
    })

    it('settings that drivers and frameworks send are taken', async () => {
      const session = await alice()
      for (const sql of [
        "SET sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'), sql_auto_is_null = 0",
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_unicode_ci'",
        'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
        'SET character_set_results = NULL',
        'SET SQL_SELECT_LIMIT = DEFAULT',
        'SET net_write_timeout = 600000',
      ])
        await session.query(sql)
      await session.query("SET SESSION sql_mode = 'ANSI_QUOTES'")
      expect(await rows(session, 'SELECT "full_name" FROM "patients" WHERE "id" = 1')).toEqual([['Person 1']])
      await expect(session.query("SET sql_mode = ''; SELECT 1")).rejects.toThrow()
    })

    it('catalogs are browsed, and tell of no values', async () => {
      const session = await alice()
      const counted = "SELECT index_name, cardinality FROM information_schema.statistics WHERE table_schema = 'clinic'"
      const found = await rows(session, counted)
      expect(found.length).toBeGreaterThan(3)
      expect(found.every(([, cardinality]) => cardinality === null)).toBe(true)
      expect((await rows(session, "SHOW TABLES FROM clinic LIKE 'c%'")).length).toBeGreaterThan(1)
      expect((await rows(session, 'SHOW INDEX FROM visits')).length).toBe(1)
      expect((await rows(session, 'SHOW CREATE VIEW contacts')).length).toBe(1)
      await expect(session.query('SHOW CREATE VIEW leaky')).rejects.toThrow(/SP-MASKED/)
      await expect(session.query('SHOW ENGINE INNODB STATUS')).rejects.toThrow(/SP-SCOPE/)
    })
  })
}
