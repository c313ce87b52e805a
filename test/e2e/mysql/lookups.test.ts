import type { RowDataPacket } from 'mysql2'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import type { Section } from '../../servers/sallyport.ts'
import { FAMILIES } from './families.ts'
import { createJudge } from './judged.ts'
import { type Stack, startStack } from './stack.ts'

/** A masked column that may be looked up by `=` and IN, counted against a budget, and every way to get more of it. */

const BUDGET = 12
const ROWS = 40

const mail = (id: number) => `CANARY-${(id * 7) % 41}@example.test`

const SETUP: readonly string[] = [
  'CREATE DATABASE crew CHARACTER SET utf8mb4',
  `CREATE TABLE crew.hands (id int PRIMARY KEY, ship varchar(10) NOT NULL, mail varchar(60) NOT NULL, wage int NOT NULL,
     pin varchar(10) NOT NULL, KEY by_mail (mail), KEY by_both (mail, wage), KEY by_pin (pin))`,
  `INSERT INTO crew.hands VALUES ${Array.from({ length: ROWS }, (_, at) => `(${at + 1}, 's${at % 3}', '${mail(at + 1)}', ${(at * 13) % 40}, '0')`).join(', ')}`,
  `INSERT INTO crew.hands WITH RECURSIVE n AS (SELECT 100 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 999)
     SELECT i, 'large', CONCAT('filler-', i), 0, i FROM n`,
  'ANALYZE TABLE crew.hands',
]

const ROLES: readonly Section[] = [
  { name: 'reader', scope: [{ schemas: ['crew'], tables: ['*'], verbs: ['read'] }] },
  { name: 'writer', scope: [{ schemas: ['crew'], tables: ['*'], verbs: ['read'] }] },
  { name: 'unlimited', unrestricted: true },
]

const HANDS = { schemas: ['crew'], tables: ['hands'] }
const MASKING: Section = {
  masks: [
    {
      ...HANDS,
      columns: ['mail', 'pin'],
      strategy: 'redact',
      text: '[hidden]',
      predicates: 'equality',
      budgetPerHour: BUDGET,
    },
    { ...HANDS, columns: ['wage'], strategy: 'null' },
  ],
}

const SCOPE = [
  {
    databases: ['*'],
    schemas: ['crew'],
    tables: ['*'],
    columns: null,
    exceptTables: [],
    exceptColumns: [],
    verbs: ['read'] as const,
    where: [],
  },
]

const MASKS: readonly ColumnMask[] = [
  { columns: ['mail', 'pin'], rule: { strategy: 'redact', text: 'x' } as const, equality: { budgetPerHour: BUDGET } },
  { columns: ['wage'], rule: { strategy: 'null' } as const },
].map((line) => ({ ...line, targets: ['*'], databases: ['*'], schemas: ['crew'], tables: ['hands'] }))

const MAIL = `'${mail(4)}'`

/** Answered from the mask, whatever the budget. */
const NO_LOOKUP: readonly string[] = [
  `SELECT id FROM hands WHERE mail = ${MAIL} AND mail LIKE '%'`,
  `SELECT id FROM hands WHERE mail <> ${MAIL} AND id = 4 AND mail <> '[hidden]'`,
  `SELECT id FROM hands WHERE mail IN (SELECT ${MAIL})`,
  `SELECT h.id FROM hands h JOIN (SELECT ${MAIL} AS m) v ON h.mail = v.m`,
  `SELECT mail FROM hands WHERE mail = ${MAIL} GROUP BY mail`,
  `SELECT DISTINCT mail FROM hands WHERE mail = ${MAIL}`,
  `SELECT h.id FROM hands h LEFT JOIN hands o ON o.mail = ${MAIL} WHERE o.mail > 'A' AND o.mail < 'Z'`,
  `SELECT id FROM hands WHERE lower(mail) = lower(${MAIL})`,
  `SELECT id FROM hands WHERE pin = 500`,
  `SELECT id FROM hands WHERE mail = ${MAIL} OR 0`,
  `SELECT id, @m := mail FROM hands WHERE mail = ${MAIL} LIMIT 0`,
]

for (const family of FAMILIES) {
  family.describe(`a masked column of ${family.name} that may be looked up`, () => {
    let stack: Stack
    let alice: mysql.Connection
    let direct: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: SETUP, proxy: { roles: ROLES, masking: MASKING } })
      alice = await stack.connect('alice', { database: 'crew' })
      direct = await stack.direct({ database: 'crew' })
    })
    afterAll(async () => {
      for (const connection of [alice, direct]) connection?.destroy()
      await stack?.stop()
    })

    const rows = async (connection: mysql.Connection, sql: string, values?: (string | number)[]) => {
      const [found] = values
        ? await connection.execute<RowDataPacket[]>({ sql, rowsAsArray: true }, values)
        : await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true })
      return found as unknown as unknown[][]
    }
    const failure = (done: Promise<unknown>) =>
      done.then(
        () => null,
        (error: Error) => error.message,
      )

    it.each(NO_LOOKUP)('%s', async (sql) => {
      expect(await rows(alice, sql).catch((error: Error) => error.message)).toEqual([])
    })

    it('is found by values written out and bound, in text and prepared, and stays masked', async () => {
      const bob = await stack.connect('bob', { database: 'crew' })
      const one = 'SELECT id, mail FROM hands WHERE mail = ?'
      expect(await rows(bob, `SELECT id, mail FROM hands WHERE mail = ${MAIL} AND ship = 's0'`)).toEqual([
        [4, '[hidden]'],
      ])
      expect(await rows(bob, one, [mail(7)])).toEqual([[7, '[hidden]']])
      expect(await rows(bob, one, ['nobody'])).toEqual([])
      const three = `SELECT id FROM hands WHERE mail IN (?, '${mail(30)}', ?)`
      // As the rows are stored: an index would give them in the order of what is hidden.
      expect(await rows(bob, three, [mail(20), mail(3)])).toEqual([[3], [20], [30]])
      const [record] = stack.proxy.audit().slice(-2)
      expect(JSON.stringify(record)).toContain('mail')
      bob.destroy()
    })

    it('takes nothing but text beside text', async () => {
      const bob = await stack.connect('bob', { database: 'crew' })
      // 0 equals every text that begins with no digit: a number is beside numbers.
      for (const value of [0, 12.5])
        expect(await failure(rows(bob, 'SELECT id FROM hands WHERE id > ? AND mail = ?', [0, value]))).toContain(
          'parameter 2 looks text up and has to be bound as text',
        )
      bob.destroy()
    })

    it('is found through its index by one value, by none that would put rows in its order', async () => {
      const judge = await createJudge(stack.server, 'crew')
      const key = async (condition: string) => {
        const { sql } = judge.judge(`SELECT ship FROM hands h WHERE ${condition}`, { scope: SCOPE }, MASKS)
        const [plan] = await direct.query<RowDataPacket[]>(
          `EXPLAIN ${family.name === 'MySQL' ? 'FORMAT=TRADITIONAL ' : ''}${sql}`,
        )
        return plan.map((row) => row.key)
      }
      expect(await key("h.pin = '500' AND ship > 'a'")).toEqual(['by_pin'])
      expect(await key(`mail = ${MAIL}`)).toEqual(['by_mail'])
      expect(await key("pin IN ('500', '600')")).toEqual([null])
      expect(await key("pin = '500' OR 0")).toEqual([null])
    })

    it('is looked up as often as the budget holds, over all sessions', async () => {
      const [first, second] = [
        await stack.connect('alice', { database: 'crew' }),
        await stack.connect('alice', { database: 'crew' }),
      ]
      const asked: (string | null)[] = []
      for (let at = 0; at < BUDGET + 2; at++) {
        const connection = at % 2 === 0 ? first : second
        asked.push(await failure(rows(connection, `SELECT id FROM hands WHERE mail = ${MAIL}`)))
      }
      const refused = asked.filter((message) => message !== null)
      expect(asked.indexOf(refused[0] ?? null)).toBeLessThanOrEqual(BUDGET)
      expect(refused.at(-1)).toContain(`no more than ${BUDGET} values of crew.hands.mail may be looked up in an hour`)
      expect(await failure(rows(first, 'SELECT id FROM hands WHERE id = 4'))).toBe(null)
      const denied = stack.proxy.audit().filter((record) => JSON.stringify(record).includes('SP-LIMIT-LOOKUPS'))
      expect(denied.length).toBeGreaterThan(0)
      first.destroy()
      second.destroy()
    })
  })
}
