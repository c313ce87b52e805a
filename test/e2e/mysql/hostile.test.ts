import type { Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

/** Questions about a row out of scope or a masked value, and the same about one that there is not. */

const FIXTURE = [
  'CREATE DATABASE clinic CHARACTER SET utf8mb4',
  'CREATE TABLE clinic.people (id int PRIMARY KEY, email varchar(60) UNIQUE)',
  "INSERT INTO clinic.people VALUES (1, 'canary@mail.example')",
  `CREATE TABLE clinic.orders (id int PRIMARY KEY AUTO_INCREMENT, region varchar(8) NOT NULL, customer varchar(40) NOT NULL,
   amount int, made timestamp NULL, KEY (customer))`,
  `INSERT INTO clinic.orders (id, region, customer, amount, made) VALUES (1, 'EU', 'ann', 1, '2026-01-01 12:00:00'),
   (2, 'EU', '12', 2, '2026-01-02 12:00:00'), (3, 'US', 'canary', 7, '2025-12-31 20:00:00')`,
  'CREATE TABLE clinic.rooms (id int PRIMARY KEY, region char(8))',
  "INSERT INTO clinic.rooms VALUES (1, 'EU'), (2, 'US'), (3, '\u03a9')",
  `CREATE TABLE clinic.items (id int PRIMARY KEY AUTO_INCREMENT, order_id int, region varchar(8), email varchar(60), note text,
   FOREIGN KEY (order_id) REFERENCES clinic.orders (id), FOREIGN KEY (email) REFERENCES clinic.people (email))`,
]
const CLINIC = { schemas: ['clinic'] }
const WRITES = ['read', 'insert', 'update', 'delete']
const OTHERS = { ...CLINIC, tables: ['*'], verbs: WRITES }
const not = (value: string) => ({ column: 'region', op: '<>', values: [value] })
const ROLES = [
  {
    name: 'reader',
    scope: [
      {
        ...CLINIC,
        tables: ['orders'],
        verbs: ['read'],
        where: [{ column: 'made', op: '>=', values: ['2026-01-01 00:00:00'] }],
      },
      { ...CLINIC, tables: ['rooms'], verbs: ['read'], where: [not('US'), not('\u03a9')] },
    ],
  },
  {
    name: 'writer',
    scope: [
      { ...CLINIC, tables: ['orders'], verbs: WRITES, where: [{ column: 'region', op: '=', values: ['EU'] }] },
      OTHERS,
    ],
  },
  { name: 'unlimited', unrestricted: true },
]
const MASKING = { masks: [{ ...CLINIC, tables: ['people'], columns: ['email'], strategy: 'null' }] }

type Question = readonly [sql: string, hidden: readonly unknown[], absent: readonly unknown[]]

const QUESTIONS: readonly Question[] = [
  ['INSERT INTO items (email) VALUES (?)', ['canary@mail.example'], ['nobody@mail.example']],
  ['INSERT INTO items (order_id) VALUES (?)', [3], [33]],
  ['UPDATE items SET order_id = ? WHERE id = 1', [3], [33]],
  ['INSERT INTO items (order_id) SELECT ?', [3], [33]],
  ...(['id <> ? AND customer = ?', 'customer = ? AND id > ?', 'customer = ? AND amount <> ?'] as const).map(
    (where): Question => {
      const bound = (customer: string) => (where.startsWith('id') ? ['x', customer] : [customer, 'x'])
      return [`UPDATE orders SET amount = 5 WHERE ${where}`, bound('canary'), bound('nobody')]
    },
  ),
]

for (const family of FAMILIES) {
  family.describe(`hostile statements through ${family.name}`, () => {
    let stack: Stack
    let writer: Connection
    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: FIXTURE, proxy: { roles: ROLES, masking: MASKING } })
      writer = await stack.connect('bob')
    })
    afterAll(async () => {
      writer?.destroy()
      await stack?.stop()
    })

    async function answerTo(sql: string, values: readonly unknown[]): Promise<string> {
      await writer.query('START TRANSACTION')
      try {
        const [{ affectedRows }] = (await writer.execute(sql, [...values] as string[])) as [
          { affectedRows: number },
          unknown,
        ]
        return `${affectedRows} rows`
      } catch (error) {
        const { errno, message } = error as { errno: number; message: string }
        return `${errno} ${message}`
      } finally {
        await writer.query('ROLLBACK')
      }
    }

    it.each(QUESTIONS)('%s is answered alike of what is hidden and what is not there', async (sql, hidden, absent) => {
      expect(await answerTo(sql, hidden)).toBe(await answerTo(sql, absent))
    })

    describe('a row condition', () => {
      it.each([
        ["SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'"],
        ['SET sql_mode = 2147483648'],
        ['SET character_set_connection = latin1'],
      ])('on a CHAR lets the same rows through after %s', async (sql) => {
        const reader = await stack.connect('alice')
        await reader.query(sql).catch(() => undefined)
        const [rows] = await reader.query({ sql: 'SELECT id FROM rooms', rowsAsArray: true })
        expect(rows).toEqual([[1]])
        reader.destroy()
      })

      it('on a moment lets the same rows through in every time zone', async () => {
        const reader = await stack.connect('alice')
        for (const zone of ['+00:00', '+12:00', '-12:00']) {
          await reader.query(`SET time_zone = '${zone}'`)
          const [rows] = await reader.query({ sql: 'SELECT id FROM orders ORDER BY id', rowsAsArray: true })
          expect(rows).toEqual([[1], [2]])
        }
        reader.destroy()
      })
    })
  })
}
