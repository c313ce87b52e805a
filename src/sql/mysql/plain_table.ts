import type { Cursor } from './cursor.ts'
import type { Token } from './token.ts'
import type { TableName } from './tree.ts'

/** A table by its name, with nothing that a FROM clause could say of it. */
export function plainTable(parts: readonly Token[], alias: Token | null = null): TableName {
  const table: TableName = { kind: 'table', parts, alias, partition: null, hints: null, period: null, sampled: false }
  return table
}

/** `t` or `db.t`. */
export function qualifiedName(cursor: Cursor): Token[] {
  const parts = [cursor.name()]
  if (cursor.accept('.')) parts.push(cursor.nameAfterDot())
  return parts
}

/** `AS a` or `a`. */
export function aliasOf(cursor: Cursor): Token | null {
  return cursor.accept('AS') || cursor.seesName() ? cursor.name() : null
}
