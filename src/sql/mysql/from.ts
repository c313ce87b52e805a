import type { Span } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { atQuery, columnAliases, parseSubquery } from './query.ts'
import type { Token } from './token.ts'
import type { TableItem, TableName } from './tree.ts'
import { NO_BARE_ALIAS } from './words.ts'

/** The table references after FROM (Reference Manual 15.2.13.2). */
export function parseFrom(cursor: Cursor): TableItem {
  const items = cursor.list(() => tableReference(cursor))
  return items.length === 1 ? items[0]! : { kind: 'list', items }
}

function tableReference(cursor: Cursor): TableItem {
  let left = factor(cursor)
  for (;;) {
    const joined = join(cursor, left)
    if (joined === null) return left
    left = joined
  }
}

function join(cursor: Cursor, left: TableItem): TableItem | null {
  if (cursor.sees('NATURAL')) cursor.fail('NATURAL joins are refused', 'SP-OPAQUE')
  if (cursor.accept('STRAIGHT_JOIN')) return condition(cursor, left, false, false)
  if (cursor.accept('JOIN') || cursor.accept('INNER', 'JOIN') || cursor.accept('CROSS', 'JOIN'))
    return condition(cursor, left, false, false)
  const right = cursor.sees('RIGHT')
  if (!right && !cursor.sees('LEFT')) return null
  cursor.next()
  cursor.accept('OUTER')
  cursor.expect('JOIN')
  return condition(cursor, left, right, true)
}

function condition(cursor: Cursor, left: TableItem, rightJoin: boolean, needed: boolean): TableItem {
  const right = factor(cursor)
  const on = cursor.accept('ON') ? parseExpr(cursor) : null
  const using = on === null && cursor.accept('USING') ? usingColumns(cursor) : null
  if (needed && on === null && using === null) cursor.fail('nested outer joins need parentheses', 'SP-OPAQUE')
  return { kind: 'join', left, right, on, using, rightJoin }
}

function usingColumns(cursor: Cursor): Token[] {
  cursor.expect('(')
  const names = cursor.list(() => cursor.name())
  cursor.expect(')')
  return names
}

function factor(cursor: Cursor): TableItem {
  return cursor.nested(() => {
    if (cursor.sees('LATERAL')) cursor.fail('LATERAL is refused', 'SP-OPAQUE')
    if (cursor.sees('JSON_TABLE')) cursor.fail('JSON_TABLE is refused', 'SP-OPAQUE')
    if (!cursor.sees('(')) return tableName(cursor)
    if (atQuery(cursor, 0)) return derived(cursor)
    cursor.expect('(')
    const inner = parseFrom(cursor)
    cursor.expect(')')
    return inner
  })
}

function derived(cursor: Cursor): TableItem {
  const query = parseSubquery(cursor)
  const alias = tableAlias(cursor)
  if (alias === null) return cursor.fail('a derived table needs an alias')
  return { kind: 'derived', query, alias, columns: columnAliases(cursor) }
}

function tableName(cursor: Cursor): TableName {
  const parts = qualifiedName(cursor)
  if (cursor.sees('(')) cursor.fail('a table function is refused', 'SP-OPAQUE')
  const partition = cursor.sees('PARTITION') ? partitionClause(cursor) : null
  const alias = tableAlias(cursor)
  if (cursor.sees('(')) cursor.fail('a table function is refused', 'SP-OPAQUE')
  const hints = indexHints(cursor)
  const table: TableName = { kind: 'table', parts, alias, partition, hints }
  cursor.notes.tables.push(table)
  return table
}

/** `t` or `db.t`. */
function qualifiedName(cursor: Cursor): Token[] {
  const parts = [cursor.name()]
  if (cursor.accept('.')) parts.push(cursor.nameAfterDot())
  if (cursor.sees('.')) cursor.fail('a table name has too many parts')
  return parts
}

function tableAlias(cursor: Cursor): Token | null {
  if (cursor.accept('AS')) return cursor.name()
  return cursor.seesName() && !cursor.seesAny(NO_BARE_ALIAS) ? cursor.next() : null
}

function partitionClause(cursor: Cursor): Span {
  const { start } = cursor.peek()
  cursor.expect('PARTITION', '(')
  cursor.list(() => cursor.name())
  cursor.expect(')')
  return { start, end: cursor.previous().end }
}

function indexHints(cursor: Cursor): Span | null {
  const { start } = cursor.peek()
  let seen = false
  while (/^(?:USE|FORCE|IGNORE)$/.test(cursor.peek().upper) && /^(?:INDEX|KEY)$/.test(cursor.peek(1).upper)) {
    seen = true
    cursor.next()
    cursor.next()
    hintScope(cursor)
    cursor.expect('(')
    if (!cursor.sees(')')) cursor.list(() => (cursor.accept('PRIMARY') ? null : cursor.name()))
    cursor.expect(')')
  }
  return seen ? { start, end: cursor.previous().end } : null
}

function hintScope(cursor: Cursor): void {
  if (!cursor.accept('FOR')) return
  if (cursor.accept('JOIN') || cursor.accept('ORDER', 'BY')) return
  cursor.expect('GROUP', 'BY')
}
