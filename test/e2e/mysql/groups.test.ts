import type mysql from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import { maskLine, scopeRule } from '../../policy/build.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { FAMILIES } from './families.ts'
import { createJudge, type Judge, run } from './judged.ts'

/** `aggregate`: figures over the clear column, of groups that are large enough, and nothing else. */

const SETUP: readonly string[] = [
  'CREATE DATABASE pay',
  'CREATE TABLE pay.staff (id int PRIMARY KEY, dept varchar(20) NOT NULL, salary int, boss int, KEY by_salary (salary))',
  `INSERT INTO pay.staff VALUES (1, 'dev', 10, NULL), (2, 'dev', 20, 1), (3, 'dev', 60, 1), (4, 'ops', 5, 1), (5, 'ops', 7, 1),
     (6, 'law', 3, 1), (7, 'law', NULL, 1), (8, 'law', NULL, 1)`,
]

const MASKS: readonly ColumnMask[] = [
  { ...maskLine('staff', 'salary', { strategy: 'null' }), schemas: ['pay'], aggregate: { minGroup: 3 } },
]
const ROLE = { scope: [scopeRule({ schemas: ['pay'] })] }
const ROWS = { scope: [scopeRule({ schemas: ['pay'], where: [{ column: 'id', op: '<>', value: [3] }] })] }

for (const family of FAMILIES) {
  family.describe(`${family.name}: groups that are aggregated in clear`, () => {
    let server: DatabaseServer
    let connection: mysql.Connection
    let judge: Judge

    beforeAll(async () => {
      server = await family.start()
      const { host, port, user, password, ca } = server
      connection = await createConnection({ host, port, user, password, ssl: { ca } })
      for (const statement of SETUP) await connection.query(statement)
      judge = await createJudge(server, 'pay')
    }, 240_000)

    afterAll(async () => {
      connection?.destroy()
      await server?.stop()
    }, 60_000)

    it.each([
      ['SELECT dept, sum(salary) FROM staff GROUP BY dept ORDER BY dept', [['dev', '90']]],
      ['SELECT dept, count(salary) c, max(id) FROM staff s GROUP BY s.dept', [['dev', '3', '3']]],
      ['SELECT sum(salary), count(*) FROM staff', [['105', '8']]],
      ['SELECT sum(salary) FROM staff WHERE id < 3', []],
      ["SELECT sum(salary) FROM pay.staff WHERE dept = 'dev' LIMIT 5", [['90']]],
      ['SELECT dept FROM staff GROUP BY dept ORDER BY avg(salary), dept', [['dev']]],
      // Of the small groups this is out of range.
      ['SELECT dept FROM staff GROUP BY dept ORDER BY exp(800 - sum(salary) * 10)', [['dev']]],
      ['SELECT dept, exp(800 - sum(salary) * 10) > 1 FROM staff GROUP BY dept', [['dev', '0']]],
    ])('%s', async (text, expected) => {
      const one = judge.judge(text, ROLE, MASKS)
      expect(one.code).toBeNull()
      expect(await run(connection, one), one.sql).toEqual(expected)
    })

    it('counts the rows in scope alone', async () => {
      const total = judge.judge('SELECT sum(salary) FROM staff', ROWS, MASKS)
      expect(await run(connection, total), total.sql).toEqual([['45']])
      const one = judge.judge('SELECT dept, sum(salary) FROM staff GROUP BY dept', ROWS, MASKS)
      expect(await run(connection, one), one.sql).toEqual([])
    })

    it.each([
      'SELECT dept, max(salary) FROM staff GROUP BY dept',
      'SELECT dept, sum(salary + 1) FROM staff GROUP BY dept',
      'SELECT dept, sum(DISTINCT salary) FROM staff GROUP BY dept',
      'SELECT dept, sum(salary) FROM staff GROUP BY dept WITH ROLLUP',
      'SELECT dept, sum(salary) FROM staff GROUP BY dept HAVING sum(salary) > 0',
      'SELECT dept, sum(salary) FROM staff WHERE salary > 0 GROUP BY dept',
      'SELECT salary, sum(salary) FROM staff GROUP BY salary',
      'SELECT dept, sum(salary) OVER () FROM staff',
      'SELECT dept, row_number() OVER (ORDER BY exp(800 - sum(salary) * 10)) FROM staff GROUP BY dept',
      'SELECT dept, group_concat(salary) FROM staff GROUP BY dept',
      'SELECT q.s FROM (SELECT dept, sum(salary) s FROM staff GROUP BY dept) q',
      'SELECT sum(a.salary) FROM staff a JOIN staff b ON a.boss = b.id',
      'SELECT sum(salary) salary FROM staff GROUP BY dept ORDER BY salary',
      'SELECT dept, sum(salary) FROM staff GROUP BY dept UNION SELECT dept, sum(salary) FROM staff GROUP BY dept',
      'SELECT id, salary FROM staff WHERE salary IN (SELECT max(salary) FROM staff)',
      'SELECT CASE WHEN sum(salary) > 5 THEN 1 END, dept FROM staff WHERE (SELECT sum(salary)) > 1 GROUP BY dept',
    ])('never otherwise: %s', async (text) => {
      const one = judge.judge(text, ROLE, MASKS)
      const before = await run(connection, one)
      await connection.query('BEGIN')
      await connection.query('UPDATE pay.staff SET salary = 100 - salary')
      const after = await run(connection, one)
      await connection.query('ROLLBACK')
      expect(after, one.sql).toEqual(before)
    })
  })
}
