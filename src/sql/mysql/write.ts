import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { targetTable } from './from.ts'
import { limitClause, orderClause, parseQuery } from './query.ts'
import type { Assignment, ColumnName, Delete, Expr, Insert, Query, Update } from './tree.ts'

/** INSERT and REPLACE (Reference Manual 15.2.7, 15.2.12), without row aliases and RETURNING. */
export function parseInsert(cursor: Cursor): Insert {
  const replace = cursor.next().upper === 'REPLACE'
  while (/^(?:LOW_PRIORITY|HIGH_PRIORITY|DELAYED|IGNORE)$/.test(cursor.peek().upper)) cursor.next()
  cursor.accept('INTO')
  const table = targetTable(cursor, false)
  if (cursor.accept('SET')) {
    const set = assignments(cursor)
    const columns = set.map(({ target }) => target)
    return {
      kind: 'insert',
      replace,
      table,
      columns,
      values: present(set),
      query: null,
      onDuplicate: duplicate(cursor),
    }
  }
  const columns = cursor.sees('(') && !opensSelect(cursor) ? columnList(cursor) : null
  const { values, query } = source(cursor)
  return { kind: 'insert', replace, table, columns, values, query, onDuplicate: duplicate(cursor) }
}

function opensSelect(cursor: Cursor): boolean {
  return /^(?:SELECT|WITH|\()$/.test(cursor.peek(1).upper)
}

function columnList(cursor: Cursor): ColumnName[] {
  cursor.expect('(')
  const names = cursor.sees(')') ? [] : cursor.list(() => columnName(cursor))
  cursor.expect(')')
  return names
}

/** A column of the table that is written, by its name. */
export function columnName(cursor: Cursor): ColumnName {
  const parts = [cursor.name()]
  while (parts.length < 3 && cursor.accept('.')) parts.push(cursor.nameAfterDot())
  const column: ColumnName = { kind: 'column', parts }
  cursor.notes.columns.push(column)
  return column
}

function source(cursor: Cursor): { values: Expr[]; query: Query | null } {
  if (!cursor.accept('VALUES') && !cursor.accept('VALUE')) return { values: [], query: parseQuery(cursor) }
  const values: Expr[] = []
  cursor.list(() => {
    cursor.expect('(')
    if (!cursor.sees(')')) {
      cursor.list(() => {
        const value = valueOrDefault(cursor)
        if (value !== null) values.push(value)
      })
    }
    cursor.expect(')')
  })
  return { values, query: null }
}

/** Null for the keyword DEFAULT. */
function valueOrDefault(cursor: Cursor): Expr | null {
  if (cursor.sees('DEFAULT') && cursor.peek(1).upper !== '(') {
    cursor.next()
    return null
  }
  return parseExpr(cursor)
}

function duplicate(cursor: Cursor): Assignment[] {
  if (!cursor.accept('ON', 'DUPLICATE', 'KEY', 'UPDATE')) return []
  cursor.notes.onDuplicate = true
  const set = assignments(cursor)
  cursor.notes.onDuplicate = false
  return set
}

function assignments(cursor: Cursor): Assignment[] {
  return cursor.list(() => {
    const target = columnName(cursor)
    if (!cursor.accept('=')) cursor.expect(':=')
    return { target, value: valueOrDefault(cursor) }
  })
}

function present(set: readonly Assignment[]): Expr[] {
  return set.flatMap(({ value }) => (value === null ? [] : [value]))
}

/** Single-table UPDATE (Reference Manual 15.2.17). */
export function parseUpdate(cursor: Cursor): Update {
  cursor.expect('UPDATE')
  cursor.accept('LOW_PRIORITY')
  cursor.accept('IGNORE')
  const table = targetTable(cursor, true)
  if (!cursor.accept('SET')) cursor.fail('UPDATE of several tables is refused', 'SP-OPAQUE')
  const set = assignments(cursor)
  const where = cursor.accept('WHERE') ? parseExpr(cursor) : null
  const orderBy = orderClause(cursor)
  limitClause(cursor)
  return { kind: 'update', table, set, where, orderBy }
}

/** Single-table DELETE (Reference Manual 15.2.2). */
export function parseDelete(cursor: Cursor): Delete {
  cursor.expect('DELETE')
  while (/^(?:LOW_PRIORITY|QUICK|IGNORE)$/.test(cursor.peek().upper)) cursor.next()
  if (!cursor.accept('FROM')) cursor.fail('DELETE from several tables is refused', 'SP-OPAQUE')
  const table = targetTable(cursor, true)
  if (cursor.sees('USING') || cursor.sees(',') || cursor.sees('.'))
    cursor.fail('DELETE from several tables is refused', 'SP-OPAQUE')
  const where = cursor.accept('WHERE') ? parseExpr(cursor) : null
  const orderBy = orderClause(cursor)
  limitClause(cursor)
  if (cursor.sees('RETURNING')) cursor.fail('RETURNING is refused', 'SP-OPAQUE')
  return { kind: 'delete', table, where, orderBy }
}
