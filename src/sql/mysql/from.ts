import type { Span } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { parseJoins } from './join.ts'
import { jsonTable } from './json_table.ts'
import { atQuery, columnAliases, parseSubquery } from './query.ts'
import { tablePeriod } from './table_period.ts'
import type { Token } from './token.ts'
import type { TableItem, TableName } from './tree.ts'

/** The table references after FROM (Reference Manual 15.2.13.2). */
export function parseFrom(cursor: Cursor): TableItem {
  const items = cursor.list(() => tableReference(cursor))
  return items.length === 1 ? items[0]! : { kind: 'list', items }
}

/** Tables joined to each other; `{oj ...}` is an escape of ODBC around such. */
function tableReference(cursor: Cursor): TableItem {
  return parseJoins(cursor, factor)
}

function factor(cursor: Cursor): TableItem {
  return cursor.nested(() => {
    if (cursor.sees('{')) return escaped(cursor)
    if (cursor.sees('JSON_TABLE', '(')) return jsonTable(cursor)
    if (cursor.sees('LATERAL')) return derived(cursor)
    if (!cursor.sees('(')) return tableName(cursor)
    if (atQuery(cursor, 0)) return derived(cursor)
    cursor.expect('(')
    const inner = parseFrom(cursor)
    cursor.expect(')')
    return inner.kind === 'list' ? inner : { kind: 'list', items: [inner] }
  })
}

function escaped(cursor: Cursor): TableItem {
  cursor.expect('{')
  cursor.name()
  const inner = tableReference(cursor)
  cursor.expect('}')
  return { kind: 'list', items: [inner] }
}

function derived(cursor: Cursor): TableItem {
  const lateral = cursor.accept('LATERAL')
  const query = parseSubquery(cursor)
  const alias = tableAlias(cursor)
  if (alias === null) return cursor.fail('a derived table needs an alias')
  return { kind: 'derived', query, lateral, alias, columns: columnAliases(cursor) }
}

/** A table or view with what may stand around its alias, in the order of either flavour. */
function tableName(cursor: Cursor): TableName {
  const parts = qualifiedName(cursor)
  if (cursor.sees('(')) cursor.fail('a table function is refused', 'SP-OPAQUE')
  const partition = cursor.sees('PARTITION') ? partitionClause(cursor) : null
  const sampled = cursor.sees('TABLESAMPLE') && sample(cursor)
  const period = tablePeriod(cursor)
  const alias = tableAlias(cursor)
  if (cursor.sees('(')) cursor.fail('a table function is refused', 'SP-OPAQUE')
  const hints = indexHints(cursor)
  const table: TableName = { kind: 'table', parts, alias, partition, hints, period, sampled }
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
  return cursor.seesName() && !cursor.sees('WINDOW') ? cursor.next() : null
}

function partitionClause(cursor: Cursor): Span {
  const { start } = cursor.peek()
  cursor.expect('PARTITION', '(')
  cursor.list(() => cursor.name())
  cursor.expect(')')
  return { start, end: cursor.previous().end }
}

/** `TABLESAMPLE SYSTEM (10)`. */
function sample(cursor: Cursor): true {
  cursor.expect('TABLESAMPLE')
  if (!cursor.accept('SYSTEM')) cursor.expect('BERNOULLI')
  cursor.expect('(')
  if (parseExpr(cursor).constant === false) cursor.fail('a sample is of a constant size', 'SP-OPAQUE')
  cursor.expect(')')
  return true
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
