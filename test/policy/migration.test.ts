import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MigrationPlan } from '../../src/policy/grant.ts'
import { isHarmless, matchPlan, parseScript, planOutcome } from '../../src/policy/migration.ts'
import type { Dialect } from '../../src/sql/catalog.ts'
import { analyzeMysql } from '../../src/sql/mysql/analyze.ts'
import { analyzePostgres } from '../../src/sql/postgres/analyze.ts'
import { shopContext } from '../sql/mysql/shop.ts'
import { PARSER_18 } from '../sql/postgres/parsers.ts'
import { SHOP } from '../sql/postgres/shop.ts'
import { relation, selectOf } from './build.ts'

function analyze(dialect: Dialect, text: string) {
  if (dialect === 'postgres') return analyzePostgres(text, { ...SHOP, compared: true }, PARSER_18)
  return analyzeMysql(text, shopContext({ compared: true }))
}

function parse(script: string, dialect: Dialect = 'postgres') {
  return parseScript(script, dialect, (text) => analyze(dialect, text))
}

function texts(script: string, dialect: Dialect = 'postgres') {
  return parse(script, dialect).plan.statements.map(({ text }) => text)
}

function matches(plan: MigrationPlan, done: number, sql: string, dialect: Dialect = 'postgres') {
  const [statement] = analyze(dialect, sql).statements
  return statement ? matchPlan(plan, done, statement, dialect) : null
}

describe('a script', () => {
  it('is taken apart into its statements, without what only psql reads', () => {
    const script = [
      '\\set ON_ERROR_STOP on',
      "\\echo it's time",
      '-- first',
      'ALTER TABLE shop.orders ADD COLUMN x int; /* and */',
      '\\timing',
      "UPDATE shop.orders SET status = 'a;b';",
    ].join('\n')
    expect(texts(script)).toEqual(['ALTER TABLE shop.orders ADD COLUMN x int', "UPDATE shop.orders SET status = 'a;b'"])
  })

  it('is taken apart at its own delimiters', () => {
    const script = [
      'ALTER TABLE orders ADD COLUMN x int;',
      'DELIMITER $$',
      "CREATE PROCEDURE p() BEGIN SELECT 'DELIMITER'; SELECT 2; END$$",
      'DELIMITER ;',
      'DROP PROCEDURE p;',
    ].join('\n')
    expect(texts(script, 'mysql')).toEqual([
      'ALTER TABLE orders ADD COLUMN x int',
      "CREATE PROCEDURE p() BEGIN SELECT 'DELIMITER'; SELECT 2; END",
      'DROP PROCEDURE p',
    ])
  })

  it.each<[string, Dialect, RegExp]>([
    ['', 'postgres', /no statement/],
    ['\\copy orders from x', 'postgres', /\\copy/],
    ['SELECT 1 \\gexec', 'postgres', /\\gexec/],
    ['\\echo `date`\nSELECT 1', 'postgres', /\\echo/],
    ['\\set x 1\nSELECT :x', 'postgres', /\\set/],
    ['COPY shop.orders FROM stdin', 'postgres', /COPY/],
    ['UPDATE shop.orders SET status = $1', 'postgres', /parameter/],
    ['SELECT 1; SELEC', 'postgres', /can't be read/],
    ['BEGIN; ROLLBACK', 'postgres', /statement 2 .*ROLLBACK/],
    ['PREPARE p AS SELECT 1', 'postgres', /prepares/],
    ['UPDATE orders SET status = ?', 'mysql', /parameter/],
    ['source other.sql', 'mysql', /source/],
    ['DELIMITER abc\nSELECT 1', 'mysql', /delimiter/],
    ["LOAD DATA INFILE 'x' INTO TABLE orders", 'mysql', /file/],
    ['SELECT 1;'.repeat(2001), 'mysql', /2000/],
  ])('is refused where it is not what runs: %s', (script, dialect, why) => {
    expect(() => parse(script, dialect)).toThrow(why)
  })

  it('has the digest of what is compared', () => {
    const one = parse('alter table  SHOP.orders -- x\n add column X int')
    expect(one.plan.digest).toBe(parse('ALTER TABLE shop.orders ADD COLUMN x INT;').plan.digest)
    expect(one.plan.digest).not.toBe(parse('ALTER TABLE shop.orders ADD COLUMN y INT;').plan.digest)
  })
})

describe('a statement that is sent', () => {
  const plan = parse("ALTER TABLE shop.orders ADD COLUMN x int; UPDATE shop.orders SET status = 'open'").plan
  const other = parse('ALTER TABLE Orders ADD COLUMN x int', 'mysql').plan

  it.each(['alter table shop.orders add column X INT', 'ALTER TABLE shop . orders\n/* x */ ADD COLUMN x int;'])(
    'is the next of the script: %s',
    (sql) => {
      expect(matches(plan, 0, sql)).toEqual({ kind: 'next' })
    },
  )

  it.each([
    ['ALTER TABLE shop.orders ADD COLUMN x text', 0, /statement 1 of 2 .* word 9 should be int, and is text/],
    ['ALTER TABLE shop."Orders" ADD COLUMN x int', 0, /word 5 should be orders/],
    ["UPDATE shop.orders SET status = 'open'", 0, /statement 1 of 2/],
    ["UPDATE shop.orders SET status = 'paid'", 1, /statement 2 of 2 .* another literal/],
    ["UPDATE shop.orders SET status = 'open' WHERE true", 1, /goes on after its end, with where/],
    ['DROP TABLE shop.orders', 2, /all 2 statements/],
  ])('deviates: %s', (sql, done, why) => {
    expect(matches(plan, done, sql)).toMatchObject({ kind: 'deviates', reason: expect.stringMatching(why) })
  })

  it('deviates where a condition is left out', () => {
    const limited = parse('DELETE FROM shop.orders WHERE id = 1').plan
    const match = matches(limited, 0, 'DELETE FROM shop.orders')
    expect(match).toMatchObject({ kind: 'deviates', reason: expect.stringMatching(/ends before where/) })
  })

  it('tells the case of names apart in MySQL, and not that of its words', () => {
    expect(matches(other, 0, 'alter table Orders add column x INT', 'mysql')).toEqual({ kind: 'next' })
    expect(matches(other, 0, 'ALTER TABLE orders ADD COLUMN x int', 'mysql')).toMatchObject({ kind: 'deviates' })
  })

  it('never has its literal in the reason', () => {
    const secret = matches(plan, 1, "UPDATE shop.orders SET status = 'hunter2'")
    expect(JSON.stringify(secret)).not.toContain('hunter2')
  })

  it('is equal only where the words are', () => {
    const word = fc.constantFrom(
      'a',
      'A',
      "'a'",
      "'A'",
      '1',
      '"a"',
      '+',
      ', ',
      ' ',
      '\n',
      '/* c */',
      "'a b'",
      "''",
      '.',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.array(word, { maxLength: 6 }), (one, two) => {
        const [first, second] = [one, two].map((words) => analyze('postgres', `SELECT ${words.join('')}`).statements[0])
        if (first?.compared === undefined || first.compared !== second?.compared) return
        const folded = (words: readonly string[]) => PARSER_18.parse(`SELECT ${words.join('')}`)
        const bare = (tree: unknown) => JSON.stringify(tree, (key, value) => (/location|_len/.test(key) ? 0 : value))
        expect(bare(folded(one))).toBe(bare(folded(two)))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('what tools send around a script', () => {
  it.each<[string, Dialect, boolean]>([
    ['BEGIN', 'postgres', true],
    ['COMMIT', 'postgres', true],
    ['SELECT 1', 'postgres', true],
    ['SELECT relname FROM pg_catalog.pg_class', 'postgres', true],
    ["SET lock_timeout = '3s'", 'postgres', true],
    ['SHOW search_path', 'postgres', true],
    ['SET search_path = archive', 'postgres', false],
    ["SELECT set_config('search_path', 'archive', false)", 'postgres', false],
    ['SET session_replication_role = replica', 'postgres', false],
    ['SELECT id FROM shop.orders', 'postgres', false],
    ["SELECT nextval('s')", 'postgres', false],
    ['SELECT id FROM pg_catalog.pg_stats', 'postgres', false],
    ['SELECT rolpassword FROM pg_catalog.pg_authid', 'postgres', false],
    ["SELECT setval('s', 1)", 'postgres', false],
    ['SELECT pg_advisory_lock(1)', 'postgres', false],
    ['SELECT relname FROM pg_catalog.pg_class FOR UPDATE', 'postgres', false],
    ['DISCARD ALL', 'postgres', false],
    ['EXPLAIN ANALYZE SELECT 1', 'postgres', false],
    ['EXECUTE p', 'postgres', false],
    ['SET autocommit = 0', 'mysql', true],
    ['SELECT @@version', 'mysql', true],
    ['SHOW WARNINGS', 'mysql', true],
    ['SET foreign_key_checks = 0', 'mysql', false],
    ['USE shop', 'mysql', true],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", 'mysql', false],
    ['SELECT 1 INTO @x', 'mysql', false],
    ['SET @x = 1', 'mysql', false],
    ['KILL 3', 'mysql', false],
  ])('%s (%s): %s', (sql, dialect, expected) => {
    const [statement] = analyze(dialect, sql).statements
    expect(statement && isHarmless(statement, dialect)).toBe(expected)
  })
})

describe("the system's catalogs around a script", () => {
  it.each([
    ['pg_class', 'relname', true],
    ['pg_stats', 'most_common_vals', false],
    ['pg_authid', 'rolpassword', false],
  ])('%s.%s: %s', (table, column, expected) => {
    const system = relation(table, [column], { kind: 'system', schema: 'pg_catalog' })
    expect(isHarmless(selectOf(system, [column]), 'postgres')).toBe(expected)
  })
})

describe('the outcome of a script', () => {
  const { plan } = parse('SELECT 1; SELECT 2')
  it.each([
    [{ done: 2, deviations: 0, lastFailed: false, ended: false }, 'ran_as_approved'],
    [{ done: 2, deviations: 1, lastFailed: false, ended: true }, 'deviated'],
    [{ done: 1, deviations: 0, lastFailed: false, ended: false }, 'running'],
    [{ done: 1, deviations: 0, lastFailed: true, ended: true }, 'failed'],
    [{ done: 1, deviations: 0, lastFailed: false, ended: true }, 'incomplete'],
  ])('%j is %s', (progress, expected) => {
    expect(planOutcome(plan, progress)).toBe(expected)
  })
})
