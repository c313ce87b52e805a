import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { observe } from './observe.ts'

/** A column that may be aggregated over groups of three, and every way to get at one value in it. */

const SETUP: readonly string[] = [
  'CREATE SCHEMA crew',
  `CREATE TABLE crew.hands (id int PRIMARY KEY, ship text NOT NULL, pay numeric(10,2), years int,
     mail text)`,
  `INSERT INTO crew.hands VALUES (1, 'a', 100, 1), (2, 'a', 200, 2), (3, 'a', 400, 3), (4, 'b', 7001, 4), (5, 'b', 7002, 5),
     (6, 'c', 50, 6), (7, 'c', 60, 7), (8, 'c', NULL, 8), (9, 'd', 1000, 9), (10, 'd', 2000, 10), (11, 'd', 3000, 11)`,
  "UPDATE crew.hands SET mail = 'CANARY-' || id || '@example.test'",
  'CREATE TABLE crew.weights (id int PRIMARY KEY, w int)',
  'INSERT INTO crew.weights VALUES (1, 1), (2, 1000)',
  'ANALYZE',
]

const PURSER = {
  name: 'purser',
  scope: [{ databases: ['postgres'], schemas: ['crew'], tables: ['*'], verbs: ['read'] }],
}

const MASKS = {
  masks: [
    { schemas: ['crew'], tables: ['hands'], columns: ['pay'], aggregate: { minGroup: 3 } },
    {
      schemas: ['crew'],
      tables: ['hands'],
      columns: ['mail'],
      strategy: 'redact',
      text: '[hidden]',
      predicates: 'equality',
      budgetPerHour: 10,
    },
  ],
}

const ALLOWED: readonly (readonly [string, readonly (readonly (string | null)[])[]])[] = [
  [
    'SELECT ship, sum(pay), round(avg(h.pay), 2) FROM crew.hands h GROUP BY ship ORDER BY ship',
    [
      ['a', '700.00', '233.33'],
      ['d', '6000.00', '2000.00'],
    ],
  ],
  ['SELECT count(pay), count(*) FROM crew.hands', [['10', '11']]],
  ["SELECT sum(pay) FROM crew.hands WHERE ship = 'b'", []],
  ['SELECT 1 / (sum(pay) - 7001) FROM crew.hands WHERE id = 4', []],
  ["SELECT sum(pay) FROM crew.hands WHERE ship = 'c' ORDER BY sum(pay) LIMIT 1", []],
  ['SELECT ship FROM crew.hands GROUP BY ship ORDER BY avg(pay) DESC', [['d'], ['a']]],
]

/** Nothing of these may be computed from a clear value: the sums are of NULLs. */
const MASKED: readonly string[] = [
  'SELECT max(pay) FROM crew.hands',
  'SELECT sum(DISTINCT pay) FROM crew.hands',
  'SELECT sum(pay) FILTER (WHERE id = 4) FROM crew.hands',
  'SELECT sum(pay + 0) FROM crew.hands',
  'SELECT sum(pay), min(pay) FROM crew.hands',
  'SELECT sum(pay) FROM crew.hands WHERE pay > 500',
  'SELECT sum(pay) FROM crew.hands GROUP BY pay',
  'SELECT sum(pay) OVER (PARTITION BY id) FROM crew.hands',
  'SELECT ship, sum(pay) FROM crew.hands GROUP BY ROLLUP (ship, id)',
  'SELECT sum(pay) FROM crew.hands HAVING sum(pay) > 1',
  'SELECT sum(h.pay) FROM crew.hands h JOIN crew.weights w USING (id)',
  'SELECT sum(h.pay) FROM crew.hands h, generate_series(1, CASE h.id WHEN 4 THEN 100000 ELSE 1 END) g',
  'SELECT (SELECT sum(pay) FROM crew.hands WHERE id = w.id) FROM crew.weights w',
  'SELECT s FROM (SELECT sum(pay) AS s FROM crew.hands WHERE id = 4) q',
  'WITH q AS (SELECT sum(pay) AS s FROM crew.hands) SELECT s FROM q',
  'SELECT sum(pay) FROM crew.hands UNION ALL SELECT 1',
  'SELECT sum(q.p) FROM crew.hands q (i, s, p, y)',
  'SELECT array_agg(pay), sum(pay) FROM crew.hands',
  'SELECT sum(pay), max(h::text) FROM crew.hands h',
]

const MAIL = "'CANARY-4@example.test'"

/** Answered from the mask, whatever the budget. */
const NO_LOOKUP: readonly string[] = [
  `SELECT id FROM crew.hands WHERE mail = ${MAIL} AND mail LIKE '%'`,
  `SELECT id FROM crew.hands WHERE mail <> ${MAIL} AND id = 4 AND mail <> '[hidden]'`,
  `SELECT id FROM crew.hands WHERE mail = ANY (ARRAY[${MAIL}])`,
  `SELECT id FROM crew.hands WHERE mail IN (SELECT ${MAIL})`,
  `SELECT id FROM crew.hands WHERE mail IN (VALUES (${MAIL}))`,
  `SELECT h.id FROM crew.hands h JOIN (VALUES (${MAIL})) v (m) ON h.mail = v.m`,
  `SELECT mail FROM crew.hands WHERE mail = ${MAIL} GROUP BY mail`,
  `SELECT DISTINCT mail FROM crew.hands WHERE mail = ${MAIL}`,
  `SELECT h.id FROM crew.weights w LEFT JOIN crew.hands h ON h.mail = ${MAIL} WHERE h.mail > 'A'`,
  `SELECT id FROM crew.hands WHERE lower(mail) = lower(${MAIL})`,
  `SELECT id FROM crew.hands WHERE mail = ${MAIL} FOR UPDATE`,
  `SELECT h FROM crew.hands h WHERE mail = ${MAIL}`,
]

describe('a column that may be aggregated or looked up', () => {
  let stack: PostgresStack
  let alice: pg.Client

  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: SETUP,
      roles: [PURSER],
      masking: MASKS,
      grants: () => [grantOf('alice', 'purser')],
    })
    alice = await stack.connect('alice')
  }, 120_000)

  afterAll(() => stack?.stop(), 60_000)

  it.each(ALLOWED)('%s', async (statement, rows) => {
    const { tables, states } = await observe(alice, [statement])
    expect({ tables, states }).toEqual({ tables: [rows], states: [null] })
  })

  it.each(MASKED)('%s', async (statement) => {
    const { texts } = await observe(alice, [statement])
    expect(texts.join(' ')).not.toMatch(/\d{3}/)
  })

  it.each(NO_LOOKUP)('%s', async (statement) => {
    const { texts, tables } = await observe(alice, [statement])
    expect(texts.join(' ')).not.toContain('CANARY')
    expect(tables.flat()).toEqual([])
  })

  it('answers as many questions for a value as the budget holds, and shows the mask', async () => {
    const one = { text: 'SELECT id, mail FROM crew.hands WHERE mail = $1', values: ['CANARY-4@example.test'] }
    const many = `SELECT id FROM crew.hands WHERE mail IN (${MAIL}, 'CANARY-5@example.test', 'x') ORDER BY id`
    const { tables, states, texts } = await observe(alice, [
      one,
      many,
      many,
      many,
      one,
      'SELECT count(mail) FROM crew.hands',
    ])
    expect(tables.slice(0, 3)).toEqual([[['4', '[hidden]']], [['4'], ['5']], [['4'], ['5']]])
    expect(states).toEqual([null, null, null, null, '53400', null])
    expect(texts.join(' ')).toContain('no more than 10 values of crew.hands.mail may be looked up in an hour')
  })
})
