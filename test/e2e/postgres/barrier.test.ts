import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeEachPostgres } from '../../servers/availability.ts'
import type { PostgresMajor } from '../../servers/postgres_major.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { type Observed, observe } from './observe.ts'

/**
 * A row condition is a barrier: the rows that it excludes are changed, and every statement must come out as before, to
 * the letter. What they are changed to fails in each way that an expression can.
 */

const SETUP: readonly string[] = [
  'CREATE SCHEMA port',
  `CREATE TABLE port.berths (id int PRIMARY KEY, pier int NOT NULL, quay int NOT NULL DEFAULT 1, depth int NOT NULL, label text NOT NULL,
     doc text NOT NULL, kind text, big bigint NOT NULL, day date, opened boolean)`,
  'CREATE INDEX berths_pier ON port.berths (pier)',
  'CREATE INDEX berths_label ON port.berths (label text_pattern_ops)',
  'CREATE INDEX berths_depth ON port.berths (depth)',
  'CREATE TABLE port.ships (id int PRIMARY KEY, berth_id int NOT NULL, name text NOT NULL)',
  `INSERT INTO port.berths SELECT g, 1, 1, 10, 'a' || g, '{"a":1}', 'x', g, '2020-01-01', true FROM generate_series(1, 20) g`,
  `INSERT INTO port.berths SELECT g, 2, 2, 10, 'b' || g, '{"b":1}', 'y', g, '2020-01-01', true FROM generate_series(101, 400) g`,
  `INSERT INTO port.ships SELECT g, 1 + g % 400, 's' || g FROM generate_series(1, 100) g`,
  'CREATE SCHEMA kept',
  'CREATE TABLE kept.berths AS SELECT * FROM port.berths',
  'CREATE TABLE kept.ships AS SELECT * FROM port.ships',
]

/** The excluded rows as what every expression stumbles over. */
const TRAPS: readonly string[] = [
  `UPDATE port.berths SET depth = 0, label = 'trap', doc = 'no json <', kind = '(', big = 9223372036854775807, day = '5874897-12-31', opened = NULL WHERE pier = 2`,
  `UPDATE port.berths SET depth = 0, label = 'trap', doc = 'x' WHERE id = 200`,
]

const PIER_1 = {
  name: 'pier1',
  scope: [
    {
      databases: ['postgres'],
      schemas: ['port'],
      tables: ['berths'],
      verbs: ['read', 'update', 'delete', 'insert'],
      where: [{ column: 'pier', op: '=', values: [1] }],
    },
    { databases: ['postgres'], schemas: ['port'], tables: ['ships'], verbs: ['read', 'update'] },
  ],
}

/** A condition that costs the server more than what a person writes, on a column without an index. */
const QUAYS = {
  ...PIER_1,
  name: 'quays',
  scope: PIER_1.scope.map((rule) =>
    rule.where
      ? { ...rule, where: [{ column: 'quay', op: 'in', values: [...Array(30).keys()].map((n) => (n === 2 ? 99 : n)) }] }
      : rule,
  ),
}

const ATTACKS: readonly string[] = [
  'SELECT id FROM port.berths WHERE 1 / depth > 0',
  'SELECT id FROM port.berths WHERE 1 / depth > 0 AND id = 200',
  'SELECT id FROM port.berths WHERE id = 200 AND 1 / depth > 0 ORDER BY id LIMIT 1',
  'SELECT id FROM port.berths WHERE depth = 0 AND 1 / depth > 0',
  'SELECT count(*) FROM port.berths WHERE label::int > 0 OR true',
  "SELECT count(*) FROM port.berths WHERE CASE WHEN label = 'trap' THEN 1 / (depth - depth) ELSE 1 END > 0",
  'SELECT sum(1 / depth) FROM port.berths',
  'SELECT max(big + 1) FROM port.berths',
  'SELECT big + 1 FROM port.berths ORDER BY big + 1',
  'SELECT id FROM port.berths WHERE big * 2 > 0 ORDER BY 1',
  'SELECT doc::json FROM port.berths ORDER BY id',
  "SELECT count(*) FROM port.berths WHERE doc::jsonb ? 'a'",
  'SELECT count(*) FROM port.berths WHERE xml_is_well_formed(doc) AND length(doc::xml::text) > 0',
  "SELECT count(*) FROM port.berths WHERE 'x' ~ kind",
  String.raw`SELECT count(*) FROM port.berths WHERE label LIKE 't_\'`,
  String.raw`SELECT count(*) FROM port.berths b WHERE label NOT LIKE 'tr%\'`,
  String.raw`SELECT count(*) FROM port.berths b JOIN port.ships s ON s.berth_id = b.id WHERE b.label ILIKE 't_\'`,
  String.raw`SELECT id FROM (SELECT * FROM port.berths) q WHERE label LIKE 't_\' ORDER BY id`,
  'SELECT day + 1 FROM port.berths ORDER BY id',
  "SELECT count(*) FROM port.berths WHERE day + interval '1 day' > now()",
  'SELECT b.id FROM port.berths b JOIN port.ships s ON s.berth_id = b.id AND 1 / b.depth > 0 ORDER BY 1',
  'SELECT b.id FROM port.ships s LEFT JOIN port.berths b ON s.berth_id = b.id AND 1 / b.depth > 0 ORDER BY 1',
  'SELECT b.id FROM port.ships s RIGHT JOIN port.berths b ON s.berth_id = b.id WHERE 1 / b.depth > 0 ORDER BY 1',
  'SELECT b.id, s.id FROM port.ships s FULL JOIN port.berths b ON s.berth_id = b.id ORDER BY 1, 2',
  'SELECT id FROM port.ships s WHERE EXISTS (SELECT FROM port.berths b WHERE b.id = s.berth_id AND 1 / b.depth > 0) ORDER BY 1',
  'SELECT id FROM port.ships WHERE berth_id IN (SELECT id FROM port.berths WHERE 1 / depth > 0) ORDER BY 1',
  'SELECT id FROM port.ships WHERE berth_id NOT IN (SELECT id FROM port.berths) ORDER BY 1',
  'SELECT s.id, x.v FROM port.ships s, LATERAL (SELECT 1 / b.depth AS v FROM port.berths b WHERE b.id = s.berth_id) x ORDER BY 1',
  'SELECT (SELECT label FROM port.berths b WHERE b.id = s.berth_id) FROM port.ships s ORDER BY s.id',
  "SELECT (SELECT id FROM port.berths WHERE label = 'trap')",
  'WITH q AS MATERIALIZED (SELECT * FROM port.berths) SELECT id FROM q WHERE 1 / depth > 0 ORDER BY 1',
  'WITH q AS NOT MATERIALIZED (SELECT * FROM port.berths) SELECT id FROM q WHERE 1 / depth > 0 ORDER BY 1',
  'SELECT id FROM (SELECT id, depth FROM port.berths UNION ALL SELECT 1, 10) q WHERE 1 / depth > 0 ORDER BY 1',
  'SELECT id, rank() OVER (ORDER BY 1 / depth, id) FROM port.berths ORDER BY id',
  'SELECT DISTINCT 1 / depth FROM port.berths',
  'SELECT 1 / depth, count(*) FROM port.berths GROUP BY 1 HAVING count(*) > 1 / min(depth)',
  'SELECT pier, count(*) FROM port.berths GROUP BY pier',
  'SELECT * FROM port.berths ORDER BY depth, id LIMIT 3 OFFSET 1',
  'SELECT id FROM port.berths WHERE id = 200',
  'SELECT id FROM port.berths WHERE depth = 0',
  "SELECT id FROM port.berths WHERE label = 'trap' AND depth < 5",
  'SELECT id FROM port.berths WHERE opened IS NULL ORDER BY id',
  'SELECT b FROM port.berths b ORDER BY id',
  'SELECT row_to_json(b) FROM port.berths b ORDER BY id',
  'SELECT (b).label FROM port.berths b ORDER BY (b).id',
  'SELECT b.label FROM port.berths b WHERE b IS NOT NULL ORDER BY id',
  'SELECT id, tableoid::regclass FROM port.berths ORDER BY id',
  'SELECT *, b.xmin = b.xmin FROM port.berths b ORDER BY id',
  'SELECT b.id FROM ONLY port.berths b WHERE 1 / port.berths.depth > 0',
  'SELECT port.berths.id FROM port.berths WHERE 1 / port.berths.depth > 0 ORDER BY 1',
  'TABLE port.berths ORDER BY id',
  'SELECT b.id, b.label FROM port.berths b GROUP BY b.id ORDER BY b.id',
  'EXPLAIN SELECT * FROM port.berths',
  'EXPLAIN ANALYZE SELECT id FROM port.berths WHERE depth = 0',
  'EXPLAIN (COSTS OFF, SUMMARY ON) SELECT id FROM port.berths WHERE depth = 0',
  'EXPLAIN (COSTS OFF) UPDATE port.berths SET depth = 1 WHERE depth = 0',
  'SELECT id FROM port.berths TABLESAMPLE bernoulli (50) REPEATABLE (1)',
  'SELECT id FROM port.berths WHERE id < 5 ORDER BY id FOR UPDATE',
  'SELECT id FROM port.berths WHERE 1 / depth > 0 FOR UPDATE',
  'BEGIN; SELECT id FROM port.berths WHERE id = 200 FOR UPDATE NOWAIT; ROLLBACK',
]

const WRITES: readonly string[] = [
  "UPDATE port.berths SET kind = 'z' WHERE depth = 0",
  "UPDATE port.berths SET kind = 'z'",
  "UPDATE port.berths SET kind = 'z' WHERE 1 / depth > 0 RETURNING id, label",
  "UPDATE port.berths b SET kind = 'z' WHERE 1 / b.depth > 0 OR port.berths.id = 1 RETURNING b.id",
  'UPDATE port.berths SET kind = 1 / depth WHERE 1 / depth >= 0 -- a comment\n RETURNING id',
  "UPDATE port.berths SET kind = 'z' WHERE id = 200",
  'UPDATE port.berths SET pier = 2 WHERE id = 1',
  'UPDATE port.berths SET pier = pier WHERE id = 1',
  "UPDATE port.berths SET pier = 1, kind = 'q' WHERE id = 1 RETURNING *",
  'UPDATE port.berths SET kind = s.name FROM port.ships s WHERE s.berth_id = port.berths.id RETURNING port.berths.id',
  'UPDATE port.berths SET kind = s.name FROM port.ships s WHERE s.berth_id = port.berths.id AND 1 / depth > 0',
  'UPDATE port.berths SET id = 200 WHERE id = 1',
  'UPDATE port.ships s SET name = b.label FROM port.berths b WHERE b.id = s.berth_id AND 1 / b.depth > 0',
  "UPDATE port.ships SET name = 'q' WHERE berth_id IN (SELECT id FROM port.berths WHERE 1 / depth > 0)",
  'DELETE FROM port.berths WHERE id = 200',
  'DELETE FROM port.berths WHERE 1 / depth < 0',
  "DELETE FROM port.berths WHERE label = 'trap' RETURNING id",
  'DELETE FROM port.berths USING port.ships s WHERE s.berth_id = port.berths.id AND s.id = 100',
  "WITH gone AS (DELETE FROM port.berths WHERE label = 'trap' RETURNING id) SELECT count(*) FROM gone",
  "INSERT INTO port.berths (id, pier, depth, label, doc, big) VALUES (200, 1, 1, 'n', 'd', 1)",
  "INSERT INTO port.berths (pier, depth, label, doc, big) VALUES (2, 1, 'n', 'd', 1)",
  "INSERT INTO port.berths (id, pier, depth, label, doc, big) VALUES (200, 1, 1, 'n', 'd', 1) ON CONFLICT DO NOTHING",
  "MERGE INTO port.berths b USING port.ships s ON s.berth_id = b.id WHEN MATCHED THEN UPDATE SET kind = 'z'",
]

describeEachPostgres('a row condition', barrier)

function barrier(version: PostgresMajor): void {
  let stack: PostgresStack
  let root: pg.Client
  let alice: pg.Client
  let bob: pg.Client

  beforeAll(async () => {
    stack = await startPostgresStack({
      version,
      setupSql: SETUP,
      roles: [PIER_1, QUAYS],
      masking: { masks: [] },
      grants: () => [grantOf('alice', 'pier1'), grantOf('bob', 'quays')],
    })
    root = await stack.direct()
    alice = await stack.connect('alice')
    bob = await stack.connect('bob')
  }, 120_000)

  afterAll(() => stack?.stop(), 60_000)

  async function reset(change: string): Promise<void> {
    await root.query('TRUNCATE port.berths, port.ships')
    await root.query('INSERT INTO port.berths SELECT * FROM kept.berths')
    await root.query('INSERT INTO port.ships SELECT * FROM kept.ships')
    if (change !== '') await root.query(change)
    await root.query('ANALYZE port.berths')
  }

  it.each(ATTACKS)('%s', async (statement) => {
    const seen: Observed[][] = []
    for (const change of ['', ...TRAPS]) {
      await reset(change)
      seen.push([await observe(alice, [statement]), await observe(bob, [statement])])
    }
    for (const other of seen) expect(other).toEqual(seen[0])
  })

  it.each(WRITES)('%s', async (statement) => {
    for (const person of [alice, bob]) {
      const seen: Observed[] = []
      for (const change of ['', ...TRAPS]) {
        await reset(change)
        const before = await excluded()
        seen.push(inAnyOrder(await observe(person, [statement])))
        expect(await excluded()).toEqual(before)
      }
      for (const other of seen) expect(other).toEqual(seen[0])
    }
  })

  it('shows a plan without estimates, fenced whatever the statement says', async () => {
    await reset('')
    const { texts, states } = await observe(alice, [
      "EXPLAIN (COSTS OFF) SELECT id FROM port.berths WHERE label = 'trap'",
    ])
    expect(states).toEqual([null])
    expect(texts.join('\n')).toMatch(/Subquery Scan on f\n +Filter: \(f\.label = 'trap'::text\)/)
    expect(texts.join('\n')).not.toMatch(/rows=|cost=/)
  })

  async function excluded() {
    return (await root.query('SELECT * FROM port.berths WHERE id > 100 ORDER BY id')).rows
  }
}

/** Which way the server goes through a table is no matter of the condition. */
function inAnyOrder(observed: Observed): Observed {
  const tables = observed.tables.map((rows) =>
    [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  )
  return { ...observed, texts: [...observed.texts].sort(), tables }
}
