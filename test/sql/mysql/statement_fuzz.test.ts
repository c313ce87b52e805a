import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { shopCatalog, shopContext } from './shop.ts'
import { STATEMENTS } from './statement_cases.ts'
import { WRITES } from './write_cases.ts'

const TEXTS = [...STATEMENTS, ...WRITES].map(({ sql }) => sql)
const WORDS = [...new Set(TEXTS.flatMap((sql) => sql.match(/\w+|[^\s\w]/g) ?? []))]
const CONTEXTS = (['mysql', 'mariadb'] as const).map((dialect) => shopContext({ catalog: shopCatalog(dialect) }))

function analyzed(sql: string) {
  return CONTEXTS.map((context) => analyzeMysql(sql, context).statements)
}

describe('statements that nobody meant', () => {
  it('have facts too: of a known kind, or opaque with a code', () => {
    const start = fc.constantFrom(...TEXTS).map((sql) => sql.match(/\w+|[^\s\w]/g)!.slice(0, 3))
    const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 })
    fc.assert(
      fc.property(start, soup, (first, rest) => {
        for (const statements of analyzed([...first, ...rest].join(' '))) {
          for (const { kind, opaque } of statements) expect(kind !== 'opaque' || opaque !== null).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('a part of a statement is never taken for another kind than it, or nothing', () => {
    for (const sql of TEXTS) {
      const tokens = sql.match(/'[^']*'|`[^`]*`|@+[\w.]+|\w+|[^\s\w]/g) ?? []
      for (let length = 1; length < tokens.length; length += 1) {
        for (const statements of analyzed(tokens.slice(0, length).join(' '))) expect(statements.length).toBe(1)
      }
    }
  })

  it.each([
    ['CREATE PROCEDURE p() BEGIN ', 'IF a THEN SELECT 1; END IF; '],
    ['CREATE TABLE t (a int) ', '('],
    ['SET @a = 1', ', @a = 1'],
    ['INSERT INTO tenants VALUES (1, 2, 3)', ', (1, 2, 3)'],
    ['DELETE FROM tenants', ', tenants'],
    ['UPDATE tenants SET id = 1', ', id = 1'],
    ['LOCK TABLES tenants READ', ', tenants READ'],
    ['RENAME TABLE a TO b', ', a TO b'],
    ['SET sql_mode = ', 'CONCAT('],
    ['ALTER TABLE tenants ', '((RENAME TO x '],
  ])('%s with 5,000 times %s is read in bounded time', (begin, more) => {
    const start = performance.now()
    analyzed(begin + more.repeat(5_000))
    expect(performance.now() - start).toBeLessThan(4_000)
  })
})
