import type { Given } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import type { Token } from './token.ts'
import type { ColumnName } from './tree.ts'
import type { Assignment, Value } from './write_tree.ts'

/** A column of the table that is written, by its name. */
export function columnName(cursor: Cursor): ColumnName {
  const parts = [cursor.name()]
  while (parts.length < 3 && cursor.accept('.')) parts.push(cursor.nameAfterDot())
  const column: ColumnName = { kind: 'column', parts }
  cursor.notes.columns.push(column)
  return column
}

/** `(a, b)`, which may be empty. */
export function columnList(cursor: Cursor): ColumnName[] {
  cursor.expect('(')
  const names = cursor.sees(')') ? [] : cursor.list(() => columnName(cursor))
  cursor.expect(')')
  return names
}

/** `a = 1, t.b = DEFAULT`. */
export function assignments(cursor: Cursor): Assignment[] {
  return cursor.list(() => {
    const target = columnName(cursor)
    if (!cursor.accept('=')) cursor.expect(':=')
    return { target, value: parseValue(cursor) }
  })
}

/** An expression, DEFAULT, or MariaDB's IGNORE: the default or the value that stands. */
export function parseValue(cursor: Cursor): Value {
  const word = cursor.sees('DEFAULT') || cursor.sees('IGNORE')
  if (word && cursor.peek(1).upper !== '(') {
    cursor.next()
    return { expr: null, given: undefined }
  }
  const tokens = [cursor.peek(), cursor.peek(1)] as const
  const start = cursor.position
  const expr = parseExpr(cursor)
  return { expr, given: constantOf(tokens, cursor.position - start) }
}

/** A value that is written out, as text; undefined for anything that the server would have to work out. */
function constantOf([first, second]: readonly [Token, Token], length: number): Given {
  if (length === 2 && first.upper === '-' && second.kind === 'number') return `-${second.text}`
  if (length !== 1) return undefined
  if (first.kind === 'string') return first.value
  if (first.kind === 'number') return first.text
  if (first.upper === 'NULL') return null
  return first.upper === 'TRUE' || first.upper === 'FALSE' ? first.upper.toLowerCase() : undefined
}
