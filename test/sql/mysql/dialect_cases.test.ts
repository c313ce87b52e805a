import { describe, expect, it } from 'vitest'
import { relationKey } from '../../../src/sql/catalog.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { DIALECT_CASES } from './dialect_cases.ts'
import { shopCatalog, shopContext } from './shop.ts'

describe('statements on which parsers err', () => {
  it.each(DIALECT_CASES)('%s', (sql, tables) => {
    for (const dialect of ['mysql', 'mariadb'] as const) {
      const catalog = shopCatalog(dialect)
      const { statements } = analyzeMysql(sql, shopContext({ catalog }))
      if (statements.some(({ opaque }) => opaque !== null)) continue
      const seen = new Set(
        statements.flatMap(({ uses, definitions }) => [
          ...uses.map(({ relation }) => relation.name),
          ...(definitions ?? []).map(({ name }) => name),
        ]),
      )
      for (const table of tables) expect([...seen]).toContain(table)
      for (const { relation } of statements.flatMap(({ uses }) => uses))
        expect(catalog.relations.has(relationKey(relation.schema, relation.name))).toBe(true)
    }
  })
})
