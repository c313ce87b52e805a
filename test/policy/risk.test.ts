import { describe, expect, it } from 'vitest'
import { parseScript } from '../../src/policy/migration.ts'
import { addsUnclassified, risksOf } from '../../src/policy/risk.ts'
import { type Dialect, relationKey } from '../../src/sql/catalog.ts'
import { analyzeMysql } from '../../src/sql/mysql/analyze.ts'
import { analyzePostgres } from '../../src/sql/postgres/analyze.ts'
import { shopContext } from '../sql/mysql/shop.ts'
import { PARSER_18 } from '../sql/postgres/parsers.ts'
import { SHOP } from '../sql/postgres/shop.ts'

function risks(script: string, dialect: Dialect = 'postgres') {
  const postgres = { ...SHOP, compared: true } as const
  const mysql = shopContext({ compared: true })
  const analyze = (text: string) =>
    dialect === 'postgres' ? analyzePostgres(text, postgres, PARSER_18) : analyzeMysql(text, mysql)
  const { catalog } = dialect === 'postgres' ? postgres : mysql
  return risksOf({
    statements: parseScript(script, dialect, analyze).statements,
    catalog,
    isClassified: (_schema, _table, column, comment) => column === 'id' || /\[class: /.test(comment ?? ''),
    rows: new Map([[relationKey('shop', 'orders'), 1_200_000]]),
  })
}

function brief(script: string, dialect: Dialect = 'postgres') {
  return risks(script, dialect).map(({ kind, severity }) => `${kind} ${severity}`)
}

describe('the risks of a statement on PostgreSQL', () => {
  it.each<[string, readonly string[]]>([
    ["UPDATE shop.orders SET status = 'x'", ['missing_where high']],
    ["UPDATE shop.orders SET status = 'x' WHERE id = 1", ['data_change info']],
    ['DELETE FROM shop.orders', ['missing_where high']],
    ['INSERT INTO shop.orders (id) VALUES (1)', ['data_change info']],
    ['TRUNCATE shop.orders', ['drop high', 'lock medium']],
    ['DROP TABLE shop.orders CASCADE', ['drop high', 'lock medium']],
    ['DROP INDEX shop.i', ['drop medium', 'lock medium']],
    ['DROP INDEX CONCURRENTLY shop.i', ['drop medium']],
    ['CREATE INDEX i ON shop.orders (status)', ['lock high']],
    ['CREATE UNIQUE INDEX CONCURRENTLY i ON shop.orders (status)', ['lock info']],
    ['ALTER TABLE shop.orders ADD COLUMN id2 int', ['lock medium', 'unclassified_column high']],
    ['ALTER TABLE shop.orders ADD COLUMN x int DEFAULT 1', ['lock medium', 'unclassified_column high']],
    [
      'ALTER TABLE shop.orders ADD COLUMN x uuid DEFAULT gen_random_uuid()',
      ['rewrite high', 'unclassified_column high'],
    ],
    ['ALTER TABLE shop.orders ADD x bigserial', ['rewrite high', 'unclassified_column high']],
    ['ALTER TABLE shop.orders DROP COLUMN status', ['lock medium', 'drop high']],
    ['ALTER TABLE shop.orders ALTER COLUMN total TYPE bigint', ['rewrite high']],
    ['ALTER TABLE shop.orders ALTER status SET NOT NULL', ['lock high']],
    ['ALTER TABLE shop.orders ADD CONSTRAINT c CHECK (total > 0)', ['lock high']],
    ['ALTER TABLE shop.orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID', ['lock medium']],
    ['ALTER TABLE shop.orders VALIDATE CONSTRAINT c', ['lock info']],
    ['ALTER TABLE shop.orders ADD FOREIGN KEY (user_id) REFERENCES shop.users', ['lock high']],
    ['ALTER TABLE shop.orders ADD FOREIGN KEY (user_id) REFERENCES shop.users NOT VALID', ['lock medium']],
    ['ALTER TABLE shop.orders ADD UNIQUE (status)', ['lock high']],
    ['ALTER TABLE shop.orders ADD CONSTRAINT u UNIQUE USING INDEX i', ['lock medium']],
    ['ALTER TABLE shop.orders SET UNLOGGED', ['rewrite high']],
    ['ALTER TABLE shop.orders OWNER TO bob', ['grant high', 'lock medium']],
    ['VACUUM FULL shop.orders', ['rewrite high']],
    ['GRANT SELECT ON shop.orders TO bob', ['grant high']],
    ['CREATE ROLE bob', ['grant high']],
    ['ALTER TABLE shop.users DISABLE ROW LEVEL SECURITY', ['grant high', 'lock medium']],
    ['DO $$ BEGIN DELETE FROM shop.orders; END $$', ['opaque high']],
    [
      'CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT 1$$',
      ['opaque medium', 'grant high'],
    ],
    ['SELECT x FROM shop.not_there', ['opaque info']],
    ['SELECT not_there FROM shop.orders', ['opaque info']],
    ['UPDATE shop.not_there SET x = 1 WHERE y = 2', ['opaque info', 'data_change info']],
    ['UPDATE shop.orders SET not_there = 1', ['opaque info', 'missing_where high']],
    ['DELETE FROM shop.not_there', ['opaque info', 'missing_where high']],
    ['SELECT id FROM shop.orders', []],
    ['CREATE TABLE shop.t (id int, x text, PRIMARY KEY (id))', ['unclassified_column high']],
    ["CREATE TABLE shop.t (id int, x text); COMMENT ON COLUMN shop.t.x IS 'of a person [class: pii.name]'", []],
  ])('%s', (sql, expected) => {
    expect(brief(sql)).toEqual(expected)
  })

  it('are numbered, and say how large the table is where that is known', () => {
    const found = risks("SELECT 1; UPDATE shop.orders SET status = 'secret'")
    expect(found).toMatchObject([{ statement: 1, text: expect.stringContaining('about 1,200,000 rows') }])
    expect(JSON.stringify(found)).not.toContain('secret')
  })

  it('tell rules of approval of a column without a class', () => {
    expect(addsUnclassified(risks('ALTER TABLE shop.orders ADD COLUMN x int'))).toBe(true)
    expect(addsUnclassified(risks('ALTER TABLE shop.orders ADD COLUMN id int'))).toBe(false)
  })
})

describe('the risks of a statement on MySQL', () => {
  it.each<[string, readonly string[]]>([
    ['ALTER TABLE shop.orders ADD COLUMN x int', ['lock medium', 'unclassified_column high']],
    ["ALTER TABLE shop.orders ADD COLUMN x int COMMENT 'a [class: internal]'", ['lock medium']],
    ['ALTER TABLE shop.orders ADD COLUMN x int, ALGORITHM=INSTANT', ['lock medium', 'unclassified_column high']],
    ['ALTER TABLE shop.orders DROP COLUMN status', ['lock medium', 'drop high']],
    ['ALTER TABLE shop.orders MODIFY status varchar(60)', ['lock medium', 'rewrite high']],
    ['ALTER TABLE shop.orders MODIFY status bigint', ['lock medium', 'rewrite high']],
    ['ALTER TABLE shop.orders ADD INDEX (status)', ['lock medium']],
    ['ALTER TABLE shop.orders ADD FULLTEXT INDEX (status)', ['lock medium', 'lock high']],
    ['ALTER TABLE shop.orders ADD PRIMARY KEY (id)', ['lock medium', 'rewrite high']],
    ['ALTER TABLE shop.orders CONVERT TO CHARACTER SET utf8mb4', ['lock medium', 'rewrite high']],
    ['ALTER TABLE shop.orders ADD FOREIGN KEY (user_id) REFERENCES users (id)', ['lock medium', 'lock high']],
    ['CREATE INDEX i ON shop.orders (status)', ['lock info']],
    ['DROP TABLE shop.orders', ['drop high', 'lock medium']],
    ['DELETE FROM shop.orders', ['missing_where high']],
    ['DELETE FROM shop.orders WHERE not_there = 1', ['opaque info', 'data_change info']],
    ['GRANT SELECT ON shop.orders TO bob', ['grant high']],
    ["CREATE TABLE shop.t (id int, `x y` text COMMENT '[class: a]', KEY (id))", []],
  ])('%s', (sql, expected) => {
    expect(brief(sql, 'mysql')).toEqual(expected)
  })
})
