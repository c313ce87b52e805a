import type { RowDataPacket } from 'mysql2'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { CANARIES } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

/** What is computed on a column whose mask has a key, which SQL has no form of; and what EXECUTE IMMEDIATE gives. */

const PAN = CANARIES.pan[0]

for (const family of FAMILIES) {
  family.describe(`what ${family.name} computes on masked columns`, () => {
    let stack: Stack
    let alice: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start)
      alice = await stack.connect('alice')
    })
    afterAll(async () => {
      alice?.destroy()
      await stack?.stop()
    })

    const rows = async (sql: string) => {
      const [found] = await alice.query<RowDataPacket[]>({ sql, rowsAsArray: true })
      return found as unknown as unknown[][]
    }

    it.each<[string, unknown[][]]>([
      ['SELECT DISTINCT pan FROM cards', [[null]]],
      ['SELECT pan, COUNT(*) FROM cards GROUP BY pan', [[null, 3]]],
      ['SELECT COUNT(DISTINCT pan) FROM cards', [[0]]],
      ['SELECT a.id FROM cards a JOIN cards b ON a.pan = b.pan', []],
      ['SELECT id FROM cards a JOIN cards b USING (pan, id)', []],
      ['SELECT id FROM cards WHERE pan IN (SELECT pan FROM cards)', []],
      ['SELECT pan FROM cards UNION SELECT pan FROM cards', [[null]]],
      [`SELECT id FROM cards WHERE pan = '${PAN}'`, []],
    ])('is that of a keyed mask, NULL, and said: %s', async (sql, expected) => {
      expect(await rows(sql)).toEqual(expected)
      expect(JSON.stringify(await rows('SHOW WARNINGS'))).toMatch(/cards\.pan.*SP-COMPUTED/)
    })

    it('shows equal tokens to who joins them himself', async () => {
      const [one] = await rows('SELECT pan FROM cards WHERE id = 1')
      const [two] = await rows('SELECT c.pan FROM cards c, visits v WHERE c.id = 1 AND v.id = 1')
      expect(one?.[0]).toMatch(/^\S+$/)
      expect(two).toEqual(one)
    })

    if (family.name === 'MariaDB')
      it('is the same in what EXECUTE IMMEDIATE runs, and nothing passes through that', async () => {
        expect(await rows("EXECUTE IMMEDIATE 'SELECT id, full_name FROM patients WHERE id = ?' USING 2")).toEqual([
          [2, 'Person 2'],
        ])
        const told = JSON.stringify(
          await rows("EXECUTE IMMEDIATE 'SELECT email, pan FROM patients JOIN cards USING (id)'"),
        )
        for (const value of [...CANARIES.email, ...CANARIES.pan]) expect(told).not.toContain(value)
        await expect(rows("EXECUTE IMMEDIATE 'SELECT * FROM vault.api_keys'")).rejects.toThrow('SP-SCOPE')
        await expect(rows("EXECUTE IMMEDIATE 'UPDATE visits SET fee = 1 WHERE id = 1'")).rejects.toThrow('SP-')
        await expect(rows('EXECUTE IMMEDIATE @q')).rejects.toThrow('SP-UNSUPPORTED')
        const records = stack.proxy.audit().map((record) => JSON.stringify(record))
        expect(records.some((one) => one.includes('"patients"') && one.includes('"prepare"'))).toBe(true)
      })
  })
}
