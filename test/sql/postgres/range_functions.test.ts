import { describe, expect, test } from 'vitest'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { columns, one, PARSER_15, PARSER_18 } from './parsers.ts'
import { SHOP } from './shop.ts'

const fields = (sql: string) =>
  one(sql)
    .output?.map(({ name }) => name)
    .join(' ')

describe('functions in FROM', () => {
  test.each([
    ['generate_series(1, 2)', 'generate_series'],
    ['generate_series(1, 2) WITH ORDINALITY', 'generate_series ordinality'],
    ['generate_series(1, 2) g', 'g'],
    ['json_each($1) AS j(k)', 'k value'],
    ['jsonb_array_elements($1) WITH ORDINALITY AS x', 'value ordinality'],
    ['unnest(ARRAY[1], ARRAY[2]) u', 'unnest unnest'],
    ['ROWS FROM (generate_series(1, 2), json_each($1)) AS r(a, b, c)', 'a b c'],
    ['ROWS FROM (json_to_record($1) AS (a int, b text), now()) WITH ORDINALITY', 'a b now ordinality'],
    ['json_to_recordset($1) AS x(a int, b text)', 'a b'],
    ['pg_available_extensions()', 'name default_version comment'],
    ['pg_input_error_info($1, $2)', 'message detail hint sql_error_code'],
    ['ts_parse($1, $2)', 'tokid token'],
    ['version()', 'version'],
    ['pg_catalog.format($1) f', 'f'],
    ['current_date', 'current_date'],
  ])('%s', (from, expected) => {
    expect(fields(`SELECT * FROM ${from}`)).toBe(expected)
  })

  test('columns of scalar types give arrays of scalars', () => {
    const plain = 'SELECT l.* FROM users u, LATERAL unnest(ARRAY[u.email, u.ssn]) WITH ORDINALITY l(v, n)'
    expect([fields(plain), columns(one(plain))]).toEqual(['v n', ['users.email=computed', 'users.ssn=computed']])
    expect(one('SELECT l.* FROM users u, LATERAL unnest(ARRAY[u]) l').kind).toBe('opaque')
    expect(one('SELECT l.* FROM users u, LATERAL unnest(ARRAY[$1]) l').kind).toBe('opaque')
  })

  test('a row that a subquery gives keeps its columns', () => {
    const all = one('SELECT (x.o).* FROM (SELECT o FROM cases o) x')
    expect(all.output?.map(({ name }) => name)).toEqual(['id', 'user_id', 'subject', 'state', 'priority'])
    expect(columns(all)).toContain('cases.subject=computed')
    expect(one('SELECT (x.o).subject FROM (SELECT o FROM cases o(a, b)) x').functions).toEqual([])
    // A name that is no column of it is a function in column notation.
    expect(one('SELECT (x.o).a FROM (SELECT o FROM cases o(a, b)) x').functions).toMatchObject([{ name: 'a' }])
    expect(one('SELECT (x.f).g FROM (SELECT f FROM generate_series(1, 2) f(g)) x').functions).toMatchObject([
      { name: 'generate_series' },
      { name: 'g' },
    ])
  })

  test('pg_show_all_settings has the columns of pg_settings', () => {
    const shown = fields('SELECT * FROM pg_show_all_settings()')
    expect(shown?.split(' ')).toHaveLength(17)
    expect(shown).toContain('name setting unit')
  })

  test('what a schema of the path may shadow is not taken for the built-in', () => {
    const functions = new Map([
      ...SHOP.catalog.functions,
      ['now', ['shop']],
      ['unnest', ['shop']],
      ['json_each', ['shop']],
    ])
    const context = { ...SHOP, catalog: { ...SHOP.catalog, functions } }
    for (const call of [
      'now()',
      'unnest(ARRAY[1])',
      'json_each($1)',
      'shop.now()',
      'shop.unnest(ARRAY[1])',
      'upper($1)',
    ]) {
      const [facts] = analyzePostgres(`SELECT * FROM ${call}`, context, PARSER_18).statements
      expect([call, facts?.kind]).toEqual([call, 'opaque'])
    }
    const [facts] = analyzePostgres('SELECT * FROM pg_catalog.now()', context, PARSER_18).statements
    expect(facts?.kind).toBe('select')
  })
})

describe('names by escapes', () => {
  test.each([
    `SELECT email FROM U&"us!0065rs" UESCAPE '!'`,
    `SELECT email FROM ONLY shop.U&"!+000075sers" UESCAPE '!' AS u`,
    `SELECT U&"us?0065rs" UESCAPE '?' .email FROM users`,
    `SELECT shop.U&"us\\0065rs".email FROM shop.users`,
    'SELECT U&"u\\0073ers".email FROM U&"\\0075sers"',
  ])('%s', (sql) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      expect(one(sql, parser).opaque).toBe(null)
      expect(columns(one(sql, parser))).toEqual(['users.email=passed'])
    }
  })

  test('an escape that is written as another string is refused', () => {
    expect(one(`SELECT email FROM U&"us!0065rs" UESCAPE E'!'`).opaque?.code).toBe('SP-OPAQUE')
  })
})

test('pg_catalog stands where the path names it', () => {
  const relations = new Map(SHOP.catalog.relations)
  const users = relations.get('shop\0users')!
  relations.set('shop\0pg_class', { ...users, name: 'pg_class' })
  const schemaOf = (searchPath: readonly string[]) => {
    const context = { ...SHOP, searchPath, catalog: { ...SHOP.catalog, relations } }
    return analyzePostgres('SELECT 1 FROM pg_class', context, PARSER_18).statements[0]?.uses[0]?.relation.schema
  }
  expect(schemaOf(['shop'])).toBe('pg_catalog')
  expect(schemaOf(['shop', 'pg_catalog'])).toBe('shop')
  expect(schemaOf(['pg_catalog', 'shop'])).toBe('pg_catalog')
})
