import { describe, expect, it } from 'vitest'
import type { Column } from '../../../src/sql/catalog.ts'
import { Cursor } from '../../../src/sql/mysql/cursor.ts'
import { parseExpr } from '../../../src/sql/mysql/expression.ts'
import { maskSql } from '../../../src/sql/mysql/mask_sql.ts'
import { type LexMode, lexMode } from '../../../src/sql/mysql/token.ts'
import { tokenize } from '../../../src/sql/mysql/tokenizer.ts'
import type { SqlMask } from '../../../src/sql/substitution.ts'

/** What the servers make of the forms is shown end to end; here, that they read as one expression everywhere. */

const MASKS: readonly SqlMask[] = [
  { kind: 'null' },
  { kind: 'constant', text: `it's "\\hidden\\" é` },
  { kind: 'partial', keepFirst: 1, keepLast: 2, fill: `'\\`, maxCharacters: 1_000_000 },
  { kind: 'email', maxBytes: 1000 },
  { kind: 'bucket', width: 1000 },
  ...(['hour', 'day', 'week', 'month', 'quarter', 'year'] as const).map(
    (unit): SqlMask => ({ kind: 'date_trunc', unit }),
  ),
]
const TYPES = [
  ...[
    'varchar(40)',
    'char(3)',
    'tinytext',
    'longtext',
    'binary(16)',
    'blob',
    'json',
    'tinyint',
    'bigint unsigned',
    'year',
  ],
  ...[
    'decimal(10,2)',
    'float',
    'float(9,2)',
    'double',
    'date',
    'datetime(3)',
    'timestamp',
    'time',
    'bit(3)',
    "enum('a')",
  ],
]
const MODES: readonly LexMode[] = [new Set<string>(), new Set(['ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES'])].flatMap(
  (modes) => (['mysql', 'mariadb'] as const).map((dialect) => lexMode(modes, { dialect, version: '' })),
)

function formsOf(type: string, mode: LexMode): readonly string[] {
  const collation = /char|text/.test(type) ? 'utf8mb4_general_ci' : null
  const column: Column = { name: 'a`b', ordinal: 1, type, typeOid: 0, collation, generatedFrom: [] }
  return MASKS.flatMap((mask) => maskSql(mask, column, mode) ?? [])
}

describe('masks in SQL', () => {
  it.each(TYPES)('%s: each form is one expression over the column alone', (type) => {
    for (const mode of MODES) {
      for (const form of formsOf(type, mode)) {
        const cursor = new Cursor(tokenize(form, mode))
        const { queries, columns } = parseExpr(cursor)
        cursor.end()
        expect(queries).toEqual([])
        expect(new Set(columns.map(({ parts }) => JSON.stringify(parts.map(({ value }) => value))))).toEqual(
          new Set(form.includes('`a``b`') ? ['["a`b"]'] : []),
        )
      }
    }
  })

  it('a constant does not name the column, which the account may not be allowed to read', () => {
    const column: Column = {
      name: 'c',
      ordinal: 1,
      type: 'varchar(4)',
      typeOid: 0,
      collation: 'latin1_bin',
      generatedFrom: [],
    }
    const form = (text: string, over: Partial<Column> = {}) =>
      maskSql({ kind: 'constant', text }, { ...column, ...over }, lexMode(new Set()))
    expect(form('hidden')).toBe("CAST('hidd' AS CHAR(4) CHARACTER SET latin1) COLLATE latin1_bin")
    expect(form('é')).toBe("CAST('é' AS CHAR(4))")
    expect(form('😀', { collation: 'utf8mb4_bin' })).toBe(
      "CAST('😀' AS CHAR(4) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin",
    )
    expect(form('', { type: 'binary(2)', collation: null })).toBe("CAST(X'' AS BINARY(2))")
  })
})
