import type mysql from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import { maskLine, scopeRule } from '../../policy/build.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { FAMILIES } from './families.ts'
import { createJudge, type Judge, run } from './judged.ts'

/** What stands for a masked column has its type and collation, so that a statement means what it meant. */

/** TIMESTAMP, DATE, TIME, DATETIME. */
const TEMPORAL: ReadonlySet<number> = new Set([7, 10, 11, 12])
const TYPES: readonly (readonly [name: string, type: string])[] = [
  ['ti', 'tinyint'],
  ['si', 'smallint unsigned'],
  ['mi', 'mediumint'],
  ['i', 'int'],
  ['ui', 'int unsigned'],
  ['bi', 'bigint'],
  ['ub', 'bigint unsigned'],
  ['de', 'decimal(30,10)'],
  ['f', 'float'],
  ['g', 'double'],
  ['bt', 'bit(12)'],
  ['y', 'year'],
  ['da', 'date'],
  ['dt', 'datetime(3)'],
  ['ts', 'timestamp(6) NULL'],
  ['tm', 'time(2)'],
  ['c', 'char(10)'],
  ['v', 'varchar(100)'],
  ['vb', 'varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
  ['vl', 'varchar(50) CHARACTER SET latin1 COLLATE latin1_german1_ci'],
  ['tt', 'text CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci'],
  ['b', 'binary(16)'],
  ['vbin', 'varbinary(100)'],
  ['bl', 'blob'],
  ['ge', 'geometry'],
]

const CREATE = `CREATE TABLE w.typed (id int PRIMARY KEY, ${TYPES.map(([name, type]) => `${name} ${type}`).join(', ')})`

const MASKS: readonly ColumnMask[] = TYPES.map(([name]) => ({
  ...maskLine('typed', name, { strategy: 'null' }),
  schemas: ['w'],
}))
const ROLE = { scope: [scopeRule({ schemas: ['w'] })] }
const FEW = { scope: [scopeRule({ schemas: ['w'], columns: ['id', 'v'] })] }
const SOME_ROWS = { scope: [scopeRule({ schemas: ['w'], where: [{ column: 'id', op: '>', value: [0] }] })] }

for (const family of FAMILIES) {
  family.describe(`${family.name}: a typed NULL`, () => {
    let server: DatabaseServer
    let root: mysql.Connection
    let narrow: mysql.Connection
    let judge: Judge

    beforeAll(async () => {
      server = await family.start()
      const { host, port, user, password, ca } = server
      root = await createConnection({ host, port, user, password, ssl: { ca } })
      await root.query('CREATE DATABASE w')
      await root.query(CREATE)
      await root.query("INSERT INTO w.typed (id, v, i) VALUES (1, 'one', 7), (2, 'two', 8)")
      await root.query("CREATE USER few@'%' IDENTIFIED BY 'not-a-secret'")
      await root.query("GRANT SELECT (id, v) ON w.typed TO few@'%'")
      narrow = await createConnection({ host, port, user: 'few', password: 'not-a-secret', ssl: { ca } })
      judge = await createJudge(server, 'w')
    }, 240_000)

    afterAll(async () => {
      root?.destroy()
      narrow?.destroy()
      await server?.stop()
    }, 60_000)

    async function typesOf(sql: string): Promise<readonly unknown[]> {
      const [, fields] = await root.query({ sql, rowsAsArray: true })
      // NOT_NULL, key and blob flags aside: whether a number has a sign. MySQL 8.4 says of a date or time that was
      // computed that it is in the connection's character set.
      return fields.map(({ columnType, characterSet, flags, name }) => [
        name,
        columnType,
        TEMPORAL.has(Number(columnType)) ? null : characterSet,
        Number(flags) & 32,
      ])
    }

    const names = TYPES.map(([name]) => name).join(', ')

    it.each([`SELECT ${names} FROM w.typed`, `SELECT ${names} FROM w.typed UNION ALL SELECT ${names} FROM w.typed`])(
      'has the type of its column',
      async (text) => {
        for (const role of [ROLE, SOME_ROWS]) {
          const one = judge.judge(text, role, MASKS)
          expect(one.code).toBeNull()
          expect(await typesOf(one.sql)).toEqual(await typesOf(text))
          const [rows] = await root.query<mysql.RowDataPacket[]>({ sql: one.sql, rowsAsArray: true })
          expect(new Set(rows.flat())).toEqual(new Set([null]))
        }
      },
    )

    it.each(['c', 'v', 'vb', 'vl', 'tt', 'i'])('compares by the collation of %s', async (name) => {
      const text = `SELECT COLLATION(${name}), CHARSET(${name}), COERCIBILITY(${name}) FROM w.typed LIMIT 1`
      const one = judge.judge(text, ROLE, MASKS)
      expect(one.code).toBeNull()
      expect(await run(root, one)).toEqual(await run(root, { code: null, sql: text, masked: [] }))
    })

    it('is a group, a key of a join and a row of a table like any NULL', async () => {
      for (const [name] of TYPES.filter(([one]) => one !== 'ge')) {
        for (const [text, expected] of [
          [`SELECT ${name}, count(*) FROM w.typed GROUP BY ${name}`, [['null', '2']]],
          [`SELECT DISTINCT ${name} FROM w.typed`, [['null']]],
          [`SELECT a.id FROM w.typed a JOIN w.typed b ON a.${name} = b.${name}`, []],
          [`SELECT count(*) FROM w.typed WHERE ${name} IS NULL`, [['2']]],
          [`SELECT max(${name}) FROM w.typed`, [['null']]],
        ] as const) {
          const one = judge.judge(text, ROLE, MASKS)
          expect(one.code, text).toBeNull()
          expect(await run(root, one), one.sql).toEqual(expected)
        }
      }
    })

    describe('for an account that may read few columns', () => {
      it.each([
        [
          'SELECT id, v FROM w.typed ORDER BY id',
          [
            ['1', 'one'],
            ['2', 'two'],
          ],
        ],
        ["SELECT count(*) FROM w.typed t WHERE t.v LIKE 'o%'", [['1']]],
        ['SELECT a.v FROM w.typed a JOIN w.typed b USING (id) ORDER BY 1', [['one'], ['two']]],
        ['SELECT q.v FROM (SELECT id, v FROM w.typed) q WHERE q.id = 2', [['two']]],
      ])('%s', async (text, expected) => {
        const one = judge.judge(text, FEW, [])
        expect(one.code).toBeNull()
        expect(await run(narrow, one), one.sql).toEqual(expected)
        const where = judge.judge(text, { scope: [{ ...FEW.scope[0]!, where: SOME_ROWS.scope[0]!.where }] }, [])
        expect(await run(narrow, where), where.sql).toEqual(expected)
      })
    })
  })
}
