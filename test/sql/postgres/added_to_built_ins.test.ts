import { describe, expect, test } from 'vitest'
import type { AnalysisContext } from '../../../src/sql/facts.ts'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { PARSER_18 } from './parsers.ts'
import { SHOP } from './shop.ts'

/** Somebody made a function and an operator in pg_catalog itself, under the names of built-ins. */
const catalog = {
  ...SHOP.catalog,
  functions: new Map([...SHOP.catalog.functions, ['upper', ['pg_catalog']]]),
  operators: new Map([...SHOP.catalog.operators, ['<->', ['pg_catalog']]]),
}

const called = (sql: string, context: AnalysisContext = { ...SHOP, catalog }) =>
  analyzePostgres(sql, context, PARSER_18).statements[0]?.functions ?? []

describe('what was added to pg_catalog', () => {
  test.each(["SELECT upper('a')", "SELECT pg_catalog.upper('a')"])('%s', (sql) => {
    for (const use of called(sql)) expect(use).toMatchObject({ schema: 'pg_catalog', name: 'upper', userDefined: true })
  })

  test('an operator', () => {
    const use = { schema: 'pg_catalog', name: '<->', userDefined: true }
    expect(called('SELECT id <-> 1 FROM users')).toMatchObject([use])
    expect(called('SELECT id OPERATOR(pg_catalog.<->) 1 FROM users')).toMatchObject([use])
    expect(called('SELECT id + 1 FROM users')).toEqual([])
  })

  test('leaves the other built-ins as they are', () => {
    expect(called("SELECT initcap('a')")).toMatchObject([{ name: 'initcap', userDefined: false }])
    expect(called("SELECT upper('a')", SHOP)).toMatchObject([{ name: 'upper', userDefined: false }])
  })
})
