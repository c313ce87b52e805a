import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { psql } from '../../clients/programs.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'

/** Definitions that quote values of a masked column, and everything that prints them. Bob has no mask: he sees them. */

const SQL = [
  'CREATE SCHEMA yard',
  `CREATE TABLE yard.people (id int PRIMARY KEY, mail text CONSTRAINT no_mail CHECK (mail <> 'CANARY-CHECK'), age int CHECK (age > 17))`,
  `CREATE TABLE yard.things (id int, mail text)`,
  `ALTER TABLE yard.things ADD CONSTRAINT whole CHECK (things <> ROW(1, 'CANARY-ROW')::yard.things)`,
  `CREATE INDEX people_some ON yard.people (id) WHERE mail = 'CANARY-PREDICATE'`,
  `CREATE INDEX people_is ON yard.people ((mail = 'CANARY-EXPRESSION'))`,
  'CREATE INDEX people_age ON yard.people (age) WHERE age > 64',
  `CREATE STATISTICS yard.people_stat ON (mail || 'CANARY-STATISTICS'), age FROM yard.people`,
  'CREATE STATISTICS yard.plain_stat ON id, age FROM yard.people',
  'CREATE SEQUENCE yard.open_numbers START 71',
  'CREATE SEQUENCE yard.shut_numbers START 72',
  'CREATE TABLE yard.parts (id int, mail text) PARTITION BY LIST (mail)',
  `CREATE TABLE yard.part_1 PARTITION OF yard.parts FOR VALUES IN ('CANARY-BOUND')`,
  `CREATE VIEW yard.texts AS SELECT pg_get_constraintdef(oid) AS def FROM pg_constraint`,
  `CREATE VIEW yard.bounds AS SELECT relname, pg_get_expr(relpartbound, oid) AS bound FROM pg_class`,
]

const SCOPE = { schemas: ['yard'], tables: ['*'], verbs: ['read'] }
const ROLES: readonly Section[] = [
  { name: 'reader', scope: [SCOPE] },
  { name: 'dumper', scope: [{ ...SCOPE, exceptTables: ['shut_*'], verbs: ['read', 'export'] }] },
  { name: 'lifted', scope: [SCOPE], unmask: ['yard.*.mail'] },
]

/** What clients send when they browse, and what somebody curious would. `shown` is what is there for everybody. */
const BROWSING: readonly (readonly [text: string, shown: RegExp])[] = [
  [
    `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'yard.people'::regclass`,
    /PRIMARY KEY.*age > 17|age > 17.*PRIMARY KEY/,
  ],
  [
    `SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true) FROM pg_catalog.pg_constraint r WHERE r.contype = 'c'`,
    /age > 17/,
  ],
  ['SELECT conname, pg_get_expr(conbin, conrelid) FROM pg_constraint', /age > 17/],
  ['SELECT conname, conbin::text FROM pg_constraint', /people_pkey/],
  ['SELECT * FROM pg_constraint', /people_pkey/],
  [`SELECT row_to_json(k)::text FROM pg_constraint k`, /people_pkey/],
  [
    `SELECT c2.relname, pg_get_indexdef(i.indexrelid, 0, true) FROM pg_class c, pg_class c2, pg_index i
     LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid
     WHERE c.oid = i.indrelid AND i.indexrelid = c2.oid AND c.relname = 'people'`,
    /age > 64/,
  ],
  [
    `SELECT tmp.i, pg_get_indexdef(tmp.ci_oid, tmp.n, false) FROM (SELECT ci.oid AS ci_oid, ci.relname AS i, 1 AS n
     FROM pg_class ci JOIN pg_index x ON ci.oid = x.indexrelid) tmp`,
    /people_age/,
  ],
  ['SELECT pg_get_expr(indpred, indrelid), pg_get_expr(indexprs, indrelid) FROM pg_index', /age > 64/],
  ['SELECT indexname, indexdef FROM pg_indexes', /people_some/],
  ['SELECT * FROM information_schema.check_constraints', /no_mail/],
  ['SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c', /part_1/],
  [`SELECT relpartbound::text, relname FROM pg_class WHERE relname LIKE 'part%'`, /part_1/],
  ['SELECT stxname, pg_get_statisticsobjdef_columns(oid) FROM pg_statistic_ext', /plain_stat/],
]

const CURIOUS: readonly string[] = [
  'SELECT pg_get_constraintdef(g) FROM generate_series(16384, 17000) g',
  'SELECT pg_get_indexdef(g) FROM generate_series(16384, 17000) g',
  `SELECT pg_get_indexdef('yard.people_some'::regclass)`,
  'SELECT pg_get_constraintdef((oid::int + 0)::oid) FROM pg_constraint',
  'SELECT pg_get_constraintdef((SELECT max(oid) FROM pg_constraint))',
  'SELECT pg_get_constraintdef(objid) FROM pg_depend',
  'SELECT pg_get_constraintdef(oid) FROM (SELECT oid FROM pg_constraint UNION SELECT objid FROM pg_depend) k',
  'SELECT pg_get_partition_constraintdef(oid) FROM pg_class',
  'SELECT pg_get_statisticsobjdef(objid) FROM pg_depend',
  'SELECT pg_get_statisticsobjdef_expressions(objid) FROM pg_depend',
  'SELECT * FROM yard.texts',
  'SELECT * FROM yard.bounds',
]

let stack: PostgresStack
let alice: pg.Client
let bob: pg.Client

const seen = (client: pg.Client, text: string): Promise<string> =>
  client.query({ text, rowMode: 'array' }).then(
    ({ rows }) => JSON.stringify(rows),
    (error: Error) => `refused: ${error.message}`,
  )

describe('definitions that quote values of a masked column', () => {
  beforeAll(async () => {
    stack = await startPostgresStack({
      // Which alone has pg_get_sequence_data.
      version: 18,
      setupSql: SQL,
      roles: ROLES,
      masking: { masks: [{ schemas: ['yard'], tables: ['*'], columns: ['mail'], strategy: 'null' }] },
      grants: () => [grantOf('alice', 'reader'), grantOf('bob', 'lifted'), grantOf('carol', 'dumper')],
    })
    alice = await stack.connect('alice')
    bob = await stack.connect('bob')
  })
  afterAll(() => stack?.stop())

  it.each(BROWSING)('are left out of what is browsed: %s', async (text, shown) => {
    const [masked, clear] = [await seen(alice, text), await seen(bob, text)]
    expect(masked).not.toContain('CANARY')
    expect(masked).not.toMatch(/^refused/)
    expect(masked).toMatch(shown)
    expect(clear).toMatch(shown)
  })

  it.each(CURIOUS)('are not printed by what could be asked of any object: %s', async (text) => {
    expect(await seen(alice, text)).toMatch(/^refused: .*\(SP-(FUNCTION|SCOPE)\)/)
    expect(await seen(bob, text)).not.toMatch(/^refused/)
  })

  it('tell nothing by an error that a condition of the person makes', async () => {
    const oracle = `SELECT 1 FROM pg_constraint WHERE 1 / (1 - (pg_get_constraintdef(oid) LIKE '%CANARY%')::int) = 1`
    expect(await seen(alice, oracle)).toMatch(/^\[\[1\]/)
    expect(await seen(bob, oracle)).toMatch(/division by zero/)
  })

  it('do not keep psql from describing the table', async () => {
    for (const command of ['\\d yard.people', '\\d yard.part_1', '\\d yard.parts', '\\di yard.*']) {
      const { code, stdout } = await psql(await stack.login('alice'), '\\t off', command)
      expect([command, code]).toEqual([command, 0])
      expect(stdout).not.toContain('CANARY')
    }
    const described = await psql(await stack.login('bob'), '\\t off', '\\d yard.people')
    expect(described.stdout).toContain('CANARY-CHECK')
  })

  it('tell how far a sequence has come to one who may export it, of that one alone', async () => {
    const carol = await stack.connect('carol')
    const dump = `SELECT last_value, is_called FROM pg_catalog.pg_sequence, pg_get_sequence_data(seqrelid) ORDER BY seqrelid`
    expect(await seen(carol, dump)).toBe('[["71",false]]')
    expect(await seen(alice, dump)).toBe('[]')
    for (const text of [
      `SELECT * FROM pg_get_sequence_data('yard.open_numbers')`,
      'SELECT d.* FROM pg_class c, pg_get_sequence_data(c.oid) d',
      'SELECT d.* FROM pg_sequence s, pg_get_sequence_data((SELECT s.seqrelid)) d',
    ])
      expect(await seen(carol, text)).toMatch(/SP-FUNCTION/)
  })
})
