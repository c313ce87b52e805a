import type mysql from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ScopeRule } from '../../../src/policy/role.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { FAMILIES } from './families.ts'
import { createJudge, type Judge, run } from './judged.ts'

/**
 * A row condition is a barrier: the rows that it excludes are changed, and every statement must come out as before, to
 * the letter. What they are changed to fails in each way that an expression can.
 */

const SETUP: readonly string[] = [
  `CREATE TABLE port.berths (id int PRIMARY KEY, pier int NOT NULL, quay int NOT NULL DEFAULT 1, depth int NOT NULL,
     label varchar(40) NOT NULL, doc varchar(80) NOT NULL, kind varchar(20), big bigint NOT NULL, day date,
     KEY by_pier (pier), KEY by_label (label), KEY by_depth (depth), UNIQUE KEY by_big (big, id))`,
  'CREATE TABLE port.ships (id int PRIMARY KEY, berth_id int NOT NULL, name varchar(40) NOT NULL)',
  'CREATE TABLE port.moored (id int PRIMARY KEY, berth_id int, FOREIGN KEY (berth_id) REFERENCES port.berths (id))',
]

/** The excluded rows as what every expression stumbles over. */
const TRAPS: readonly string[] = [
  '',
  `UPDATE port.berths SET depth = 0, label = 'trap', doc = 'no json <', kind = '(', big = 9223372036854775807, day = '9999-12-31' WHERE pier = 2`,
  `UPDATE port.berths SET depth = 0, label = 'trap', doc = 'x', day = NULL WHERE id = 200`,
]

const VERBS = ['read', 'update', 'delete', 'insert'] as const
const PLACE: Omit<ScopeRule, 'tables' | 'where'> = {
  databases: ['*'],
  schemas: ['port'],
  columns: null,
  exceptTables: [],
  exceptColumns: [],
  verbs: VERBS,
}
const ROLE = {
  scope: [
    { ...PLACE, tables: ['berths'], where: [{ column: 'pier', op: '=', value: [1] }] },
    { ...PLACE, tables: ['*'], where: [] },
  ] as const,
}

const READS: readonly string[] = [
  'SELECT id FROM berths',
  'SELECT id FROM berths WHERE depth = 0',
  'SELECT id FROM berths WHERE id = 200',
  "SELECT id FROM berths WHERE label = 'trap' AND depth < 5",
  'SELECT big + 1 FROM berths ORDER BY 1',
  'SELECT id FROM berths WHERE big + 1 > 0',
  'SELECT id FROM berths WHERE id = 200 AND big * 2 > 0 ORDER BY id LIMIT 1',
  'SELECT sum(big * 2) FROM berths',
  'SELECT max(big + 1) FROM berths',
  'SELECT id FROM berths WHERE exp(10000 - depth * 1000) > 0',
  "SELECT count(*) FROM berths WHERE json_extract(doc, '$.a') > 0",
  "SELECT json_extract(doc, '$.a') FROM berths ORDER BY id",
  'SELECT count(*) FROM berths WHERE json_length(doc) > 0',
  "SELECT count(*) FROM berths WHERE 'x' REGEXP kind",
  "SELECT count(*) FROM berths WHERE extractvalue('<a/>', concat('/', kind)) = ''",
  'SELECT count(*) FROM berths WHERE (SELECT 1 UNION SELECT CASE WHEN depth = 0 THEN 2 ELSE 1 END) = 1',
  'SELECT id, (SELECT s.id FROM ships s WHERE s.id = b.depth OR b.depth = 0) FROM berths b ORDER BY id',
  "SELECT CASE WHEN label = 'trap' THEN big + 1 ELSE 0 END FROM berths ORDER BY id",
  'SELECT b.id FROM berths b JOIN ships s ON s.berth_id = b.id AND b.big + 1 > 0 ORDER BY 1',
  'SELECT b.id FROM ships s LEFT JOIN berths b ON s.berth_id = b.id AND b.big + 1 > 0 ORDER BY 1',
  'SELECT b.id FROM ships s RIGHT JOIN berths b ON s.berth_id = b.id WHERE b.big + 1 > 0 ORDER BY 1',
  'SELECT s.id FROM ships s NATURAL JOIN berths b ORDER BY 1',
  'SELECT s.id FROM ships s STRAIGHT_JOIN berths b ON b.id = s.berth_id WHERE b.big + 1 > 0 ORDER BY 1',
  'SELECT id FROM ships s WHERE EXISTS (SELECT 1 FROM berths b WHERE b.id = s.berth_id AND b.big + 1 > 0) ORDER BY 1',
  'SELECT id FROM ships WHERE berth_id IN (SELECT id FROM berths WHERE big + 1 > 0) ORDER BY 1',
  'SELECT id FROM ships WHERE berth_id NOT IN (SELECT id FROM berths) ORDER BY 1',
  'SELECT id FROM ships WHERE berth_id > ALL (SELECT id FROM berths WHERE big + 1 > 0) ORDER BY 1',
  'SELECT (SELECT label FROM berths b WHERE b.id = s.berth_id) FROM ships s ORDER BY s.id',
  "SELECT (SELECT id FROM berths WHERE label = 'trap')",
  'WITH q AS (SELECT * FROM berths) SELECT id FROM q WHERE big + 1 > 0 ORDER BY 1',
  'WITH RECURSIVE q AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM q, berths b WHERE b.id = n AND b.big + 1 > 0) SELECT n FROM q',
  'SELECT id FROM (SELECT id, big FROM berths UNION ALL SELECT 1, 10) q WHERE big + 1 > 0 ORDER BY 1',
  'SELECT q.c FROM (SELECT depth, count(*) c FROM berths GROUP BY depth) q WHERE q.depth + 9223372036854775807 > 0',
  'SELECT id, rank() OVER (ORDER BY big + 1, id) FROM berths ORDER BY id',
  'SELECT DISTINCT big + 1 FROM berths ORDER BY 1',
  'SELECT big + 1, count(*) FROM berths GROUP BY 1 HAVING count(*) > min(big + 1) - 3 ORDER BY 1',
  'SELECT pier, count(*) FROM berths GROUP BY pier',
  'SELECT pier, count(*) FROM berths GROUP BY pier WITH ROLLUP',
  'SELECT * FROM berths ORDER BY depth, id LIMIT 3 OFFSET 1',
  'SELECT id FROM berths WHERE day IS NULL ORDER BY id',
  'SELECT date_add(day, INTERVAL 1 DAY) FROM berths ORDER BY id',
  'SELECT port.berths.id FROM port.berths WHERE port.berths.big + 1 > 0 ORDER BY 1',
  'SELECT b.id, b.label FROM berths b GROUP BY b.id, b.label ORDER BY b.id',
  'SELECT b.label FROM berths b GROUP BY b.id ORDER BY b.id',
  'SELECT count(*), min(big), max(big) FROM berths',
  'SELECT max(id) FROM berths',
  'SELECT id FROM berths FORCE INDEX (by_depth) WHERE big + 1 > 0',
  'SELECT id FROM berths WHERE depth = 10 OR big + 1 > 0 ORDER BY id',
  'SELECT id FROM berths WHERE (depth, big + 1) IN ((0, 1), (10, 2)) ORDER BY id',
  'SELECT id FROM berths ORDER BY big + 1 LIMIT 2',
  'SELECT group_concat(label ORDER BY big + 1) FROM berths',
  'SELECT id FROM berths FOR UPDATE',
  'SELECT id FROM berths WHERE big + 1 > 0 FOR SHARE',
  'EXPLAIN SELECT id FROM berths WHERE depth = 0',
]

const WRITES: readonly string[] = [
  "UPDATE berths SET kind = 'z' WHERE depth = 0",
  "UPDATE berths SET kind = 'z'",
  "UPDATE berths SET kind = 'z' WHERE big + 1 > 0",
  "UPDATE port.berths SET port.berths.kind = 'z' WHERE port.berths.big + 1 > 0",
  "UPDATE berths b SET kind = 'z' WHERE b.big + 1 > 0 OR b.id = 1",
  "UPDATE berths SET kind = 'z' WHERE id = 200",
  "UPDATE berths SET kind = 'z' WHERE id = 1",
  "UPDATE berths SET kind = 'z' WHERE id IN (1, 2, 200)",
  "UPDATE berths SET kind = 'z' WHERE (SELECT count(*) FROM ships s WHERE s.berth_id = berths.id AND berths.big + 1 > 0) > 0",
  "UPDATE berths SET kind = 'z' ORDER BY big + 1 LIMIT 2",
  "UPDATE berths SET kind = 'z' WHERE big + 1 > 0 ORDER BY big + 1 LIMIT 2",
  'UPDATE berths SET depth = big + 1 WHERE depth = 10 LIMIT 3',
  'UPDATE berths SET pier = 2 WHERE id = 1',
  'UPDATE berths SET pier = pier WHERE id = 1',
  "UPDATE berths SET pier = 1, kind = 'q' WHERE id = 1",
  "UPDATE IGNORE berths SET kind = 'z' WHERE id = 200",
  'UPDATE berths SET id = 200 WHERE id = 1',
  "UPDATE berths b JOIN ships s ON s.berth_id = b.id SET b.kind = 'z'",
  'UPDATE ships s JOIN berths b ON s.berth_id = b.id SET s.name = b.label WHERE b.big + 1 > 0',
  "UPDATE ships SET name = 'q' WHERE berth_id IN (SELECT id FROM berths WHERE big + 1 > 0)",
  'DELETE FROM berths WHERE id = 200',
  'DELETE FROM berths WHERE id = 3',
  'DELETE FROM berths WHERE big + 1 < 0',
  'DELETE FROM berths WHERE big + 1 > 0 ORDER BY big + 1 LIMIT 2',
  "DELETE FROM port.berths WHERE label = 'trap'",
  'DELETE b FROM berths b JOIN ships s ON s.berth_id = b.id',
  'DELETE s FROM ships s JOIN berths b ON s.berth_id = b.id WHERE b.big + 1 > 0',
  "INSERT INTO berths (id, pier, depth, label, doc, big) VALUES (200, 1, 1, 'n', 'd', 1)",
  "INSERT INTO berths (pier, depth, label, doc, big) VALUES (2, 1, 'n', 'd', 1)",
  "INSERT IGNORE INTO berths (id, pier, depth, label, doc, big) VALUES (200, 1, 1, 'n', 'd', 1)",
  "REPLACE INTO berths (id, pier, depth, label, doc, big) VALUES (200, 1, 1, 'n', 'd', 1)",
  "INSERT INTO berths (id, pier, depth, label, doc, big) VALUES (200, 1, 1, 'n', 'd', 1) ON DUPLICATE KEY UPDATE kind = 'z'",
  'INSERT INTO ships SELECT id + 1000, id, label FROM berths WHERE big + 1 > 0',
  'INSERT INTO moored SELECT id, id FROM berths',
]

for (const family of FAMILIES) {
  family.describe(`${family.name}: a row condition`, () => {
    let server: DatabaseServer
    let connection: mysql.Connection
    let judge: Judge

    beforeAll(async () => {
      server = await family.start({ settings: ['--innodb-stats-auto-recalc=OFF'] })
      const { host, port, user, password, ca } = server
      connection = await createConnection({ host, port, user, password, ssl: { ca } })
      await connection.query('CREATE DATABASE port')
      for (const statement of SETUP) await connection.query(statement)
      const berths = [
        ...Array.from(
          { length: 20 },
          (_, at) => `(${at + 1}, 1, 1, 10, 'a${at + 1}', '{"a":1}', 'x', ${at + 1}, '2020-01-01')`,
        ),
        ...Array.from(
          { length: 300 },
          (_, at) => `(${at + 101}, 2, 2, 10, 'b${at}', '{"b":1}', 'y', ${at + 101}, '2020-01-01')`,
        ),
      ]
      await connection.query(`INSERT INTO port.berths VALUES ${berths.join(', ')}`)
      const ships = Array.from({ length: 100 }, (_, at) => `(${at + 1}, ${1 + (at % 30) * 13}, 's${at}')`)
      await connection.query(`INSERT INTO port.ships VALUES ${ships.join(', ')}`)
      await connection.query('ANALYZE TABLE port.berths, port.ships')
      judge = await createJudge(server, 'port')
    }, 240_000)

    afterAll(async () => {
      connection?.destroy()
      await server?.stop()
    }, 60_000)

    /** Everything is rolled back: what is excluded has to come out of it as it went in. */
    async function inTrap<T>(trap: string, body: () => Promise<T>): Promise<T> {
      await connection.query('BEGIN')
      try {
        if (trap !== '') await connection.query(trap)
        return await body()
      } finally {
        await connection.query('ROLLBACK')
      }
    }

    async function excluded(): Promise<string> {
      const [rows] = await connection.query('SELECT * FROM port.berths WHERE pier <> 1 ORDER BY id')
      return JSON.stringify(rows)
    }

    it.each(READS)('%s', async (text) => {
      const one = judge.judge(text, ROLE, [])
      const seen: unknown[] = []
      for (const trap of TRAPS) seen.push(await inTrap(trap, () => run(connection, one)))
      for (const other of seen) expect(other, one.sql).toEqual(seen[0])
      expect(JSON.stringify(seen)).not.toContain('trap')
    })

    it.each(WRITES)('%s', async (text) => {
      const one = judge.judge(text, ROLE, [])
      const seen: unknown[] = []
      for (const trap of TRAPS) {
        await inTrap(trap, async () => {
          const before = await excluded()
          const answer = await run(connection, one)
          const [left] = await connection.query(
            'SELECT id, kind, depth, label FROM port.berths WHERE pier = 1 ORDER BY id',
          )
          seen.push([answer, left])
          expect(await excluded(), one.sql).toBe(before)
        })
      }
      for (const other of seen) expect(other, one.sql).toEqual(seen[0])
    })

    it('has traps that the bare server falls into', async () => {
      const errors: unknown[] = []
      for (const trap of TRAPS.slice(0, 2)) {
        const sql = 'SELECT id FROM port.berths WHERE big + 1 > 0 AND pier > 0'
        errors.push(await inTrap(trap, () => run(connection, { code: null, sql, masked: [] })))
      }
      expect(errors[0]).toHaveLength(320)
      expect(errors[1]).toBe(1690)
    })

    it('lets the daily writes through', async () => {
      for (const [text, rows] of [
        ["UPDATE berths SET kind = 'z' WHERE id = 1", 1],
        ["UPDATE berths SET kind = 'z'", 20],
        ["UPDATE berths SET kind = concat(label, 'z') WHERE lower(label) LIKE 'a1%'", 11],
        ['DELETE FROM berths WHERE id < 4', 3],
        ['DELETE FROM berths WHERE id % 2 = 0 ORDER BY id LIMIT 2', 2],
        ["INSERT INTO berths (pier, depth, label, doc) VALUES (1, 1, 'n', 'd')", null],
      ] as const) {
        const one = judge.judge(text, ROLE, [])
        if (rows === null) {
          // The key is no column that may be given, and has no default.
          expect(one.code, text).toBe(null)
          continue
        }
        expect(one.code, text).toBe(null)
        await inTrap('', async () => {
          const [answer] = await connection.query<mysql.ResultSetHeader>(one.sql)
          expect(answer.affectedRows, one.sql).toBe(rows)
        })
      }
    })
  })
}
