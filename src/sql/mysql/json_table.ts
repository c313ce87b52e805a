import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { readLiteral } from './literal.ts'
import { onEmptyOrError } from './named_argument.ts'
import { Reads } from './reads.ts'
import type { JsonTable } from './tree.ts'
import { parseType } from './type_name.ts'

/** `JSON_TABLE(document, path COLUMNS (...)) AS alias` (Reference Manual 14.17.6). */
export function jsonTable(cursor: Cursor): JsonTable {
  cursor.expect('JSON_TABLE', '(')
  const source = parseExpr(cursor)
  cursor.expect(',')
  path(cursor)
  const columns = columnList(cursor)
  cursor.expect(')')
  cursor.notes.calls.push({ schema: '', name: 'json_table', userDefined: false, args: 2 })
  cursor.accept('AS')
  return { kind: 'json_table', source, alias: cursor.name(), columns }
}

function path(cursor: Cursor): void {
  const literal = readLiteral(cursor)
  if (literal === null || literal.kind === 'number' || literal.kind === 'null') cursor.fail('expected a path')
}

function columnList(cursor: Cursor): string[] {
  cursor.expect('COLUMNS', '(')
  const columns = cursor.list(() => column(cursor)).flat()
  cursor.expect(')')
  return columns
}

function column(cursor: Cursor): readonly string[] {
  if (cursor.sees('NESTED') && (cursor.peek(1).upper === 'PATH' || cursor.peek(1).kind === 'string')) {
    cursor.next()
    cursor.accept('PATH')
    path(cursor)
    return cursor.nested(() => columnList(cursor))
  }
  const name = cursor.name().value
  if (cursor.accept('FOR', 'ORDINALITY')) return [name]
  parseType(cursor)
  cursor.accept('EXISTS')
  cursor.expect('PATH')
  path(cursor)
  const reads = new Reads()
  onEmptyOrError(cursor, reads)
  if (reads.columns.length > 0 || reads.queries.length > 0) cursor.fail('a default is a constant', 'SP-OPAQUE')
  return [name]
}
