import { describe, expect, test } from 'vitest'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { analyze, one, PARSER_15, PARSER_18 } from './parsers.ts'
import { SHOP } from './shop.ts'

const set = (name: string, values: unknown, scope = 'session') => ({ name, scope, values })

describe('set_config', () => {
  test.each([
    ["SELECT pg_catalog.set_config('search_path', '', false)", [set('search_path', [''])]],
    ["SELECT set_config('Search_Path', 'a, \"B c\" ,D', true)", [set('search_path', ['a', 'B c', 'd'], 'local')]],
    [
      "SELECT set_config('bytea_output', 'hex', false), 1, set_config('timezone', NULL, NULL)",
      [set('bytea_output', ['hex']), set('timezone', null)],
    ],
    ["SELECT set_config('role', 'alice', false) AS x", [set('role', ['alice'])]],
  ])('by itself it sets as SET does: %s', (sql, settings) => {
    for (const parser of [PARSER_15, PARSER_18]) expect(one(sql, parser).settings).toEqual(settings)
  })

  const LISTED = "FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'"

  test('pg_dump sets what the server knows of, by its list of settings', () => {
    const { settings } = one(`SELECT set_config(name, 'view, foreign-table', false) ${LISTED}`)
    expect(settings).toEqual([{ ...set('restrict_nonsystem_relation_kind', ['view, foreign-table']), uncertain: true }])
  })

  test.each([
    `SELECT set_config(setting, 'x', false) ${LISTED}`,
    `SELECT set_config(name, setting, false) ${LISTED}`,
    `SELECT set_config(name, 'x', false) ${LISTED} OR true`,
    `SELECT set_config(name, 'x', false) ${LISTED} ORDER BY set_config('search_path', 'a', false)`,
    `SELECT set_config(name, 'x', false), 1 ${LISTED}`,
    `SELECT set_config(name, 'x', false) FROM pg_settings`,
    `SELECT set_config(name, 'x', false) FROM pg_settings WHERE name <> 'bytea_output'`,
    `SELECT set_config(name, 'x', false) FROM pg_settings, set_config('search_path', 'a', false) WHERE name = 'role'`,
    `SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = set_config('search_path', 'a', false)`,
    `SELECT set_config(name, 'x', false) FROM (SELECT 'role' AS name) AS pg_settings WHERE name = 'bytea_output'`,
  ])('but by no other query: %s', (sql) => {
    expect(one(sql).settings).toContainEqual(expect.objectContaining({ values: 'expression' }))
  })

  test.each([
    ["SELECT set_config('bytea_output', 'hex', false) FROM pg_class WHERE relname = $1", ['hex']],
    ["SELECT set_config('search_path', 'a', false) LIMIT 0", ['a']],
    ["SELECT set_config('search_path', 'a', false), generate_series(1, 0)", ['a']],
    ["SELECT (SELECT set_config('search_path', 'a', false))", ['a']],
    ["SELECT set_config('search_path', $1, false)", 'expression'],
    ["SELECT set_config('search_path', 'a,,b', false)", 'expression'],
    ["SELECT set_config($1, 'a', false)", 'expression'],
    ["SELECT set_config('search_path', 'a', 1 = 1)", 'expression'],
    ["SELECT set_config(setting_name => 'search_path', new_value => 'a', is_local => false)", 'expression'],
    ["SELECT set_config('search_path', 'a', false) UNION SELECT '1'", ['a']],
    ["WITH x AS (SELECT 1) SELECT set_config('search_path', 'a', false)", ['a']],
    ["UPDATE users SET email = set_config('search_path', 'a', false)", ['a']],
    ["INSERT INTO users(email) VALUES (set_config('search_path', 'a', false))", ['a']],
    ["PREPARE p AS SELECT set_config('search_path', 'a', false)", ['a']],
    ["DECLARE c CURSOR FOR SELECT set_config('search_path', 'a', false)", ['a']],
    ["EXECUTE p(set_config('search_path', 'a', false))", ['a']],
    ["EXPLAIN ANALYZE SELECT set_config('search_path', 'a', false)", ['a']],
    ["CALL f_user_email(set_config('search_path', 'a', false))", ['a']],
    ["CREATE TABLE t AS SELECT set_config('search_path', 'a', false)", ['a']],
  ])('elsewhere how often it runs is not known: %s', (sql, values) => {
    const { settings, opaque } = one(sql)
    expect(opaque).toBe(null)
    expect(settings).toEqual([expect.objectContaining({ values, uncertain: true })])
  })

  test('where the path may shadow it, what runs is not known', () => {
    const catalog = { ...SHOP.catalog, functions: new Map([['set_config', ['shop']]]) }
    const settings = (sql: string) => analyzePostgres(sql, { ...SHOP, catalog }, PARSER_18).statements[0]?.settings
    expect(settings("SELECT set_config('search_path', 'a', false)")).toMatchObject([{ uncertain: true }])
    expect(settings("SELECT pg_catalog.set_config('search_path', 'a', false)")).toEqual([set('search_path', ['a'])])
  })

  test('a function of that name in another schema is none', () => {
    expect(one("SELECT shop.set_config('search_path', 'a', false)").settings).toEqual([])
    expect(analyze("SELECT lower('a')").statements[0]?.settings).toEqual([])
  })
})
