import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { parseFrom } from './from.ts'
import { limitClause, orderClause } from './order.ts'
import { plainTable, qualifiedName } from './plain_table.ts'
import { commonTables, parseQuery } from './query.ts'
import { selectItem } from './select.ts'
import type { Token } from './token.ts'
import type { Expr, Query, Select, TableItem, TableName } from './tree.ts'
import type { Change, Insert, RowAlias, Value } from './write_tree.ts'
import { assignments, columnList, parseValue } from './write_value.ts'

const NO_COMMON = { recursive: false, ctes: [] }

/** INSERT and REPLACE (Reference Manual 15.2.7, 15.2.12; MariaDB's RETURNING). */
export function parseInsert(cursor: Cursor): Insert {
  const replace = cursor.next().upper === 'REPLACE'
  const ignore = modifiers(cursor, /^(?:LOW_PRIORITY|HIGH_PRIORITY|DELAYED|IGNORE)$/)
  cursor.accept('INTO')
  const head = { kind: 'insert', replace, ignore, table: insertTarget(cursor) } as const
  if (cursor.accept('SET')) {
    const set = assignments(cursor)
    const given = { columns: set.map(({ target }) => target), rows: [set.map(({ value }) => value)], query: null }
    return { ...head, ...given, ...tail(cursor) }
  }
  const columns = cursor.sees('(') && !opensQuery(cursor) ? columnList(cursor) : null
  return { ...head, columns, ...source(cursor), ...tail(cursor) }
}

/** True where IGNORE was among them. */
function modifiers(cursor: Cursor, words: RegExp): boolean {
  let ignore = false
  while (words.test(cursor.peek().upper)) ignore = cursor.next().upper === 'IGNORE' || ignore
  return ignore
}

function opensQuery(cursor: Cursor): boolean {
  return /^(?:SELECT|WITH|VALUES|TABLE|\()$/.test(cursor.peek(1).upper)
}

function insertTarget(cursor: Cursor): TableName {
  const parts = qualifiedName(cursor)
  partitions(cursor)
  return plainTable(parts)
}

/** `PARTITION (p0, p1)` of a target. */
export function partitions(cursor: Cursor): void {
  if (!cursor.sees('PARTITION')) return
  cursor.expect('PARTITION', '(')
  cursor.list(() => cursor.name())
  cursor.expect(')')
}

function source(cursor: Cursor): Pick<Insert, 'rows' | 'query'> {
  if (!cursor.accept('VALUES') && !cursor.accept('VALUE')) return { rows: null, query: parseQuery(cursor) }
  const rows = cursor.list(() => {
    cursor.accept('ROW')
    return row(cursor)
  })
  return { rows, query: null }
}

function row(cursor: Cursor): Value[] {
  cursor.expect('(')
  const values = cursor.sees(')') ? [] : cursor.list(() => parseValue(cursor))
  cursor.expect(')')
  return values
}

function tail(cursor: Cursor): Pick<Insert, 'alias' | 'onDuplicate' | 'returning'> {
  const alias = cursor.sees('AS') ? rowAlias(cursor) : null
  return { alias, onDuplicate: duplicate(cursor), returning: returning(cursor) }
}

function rowAlias(cursor: Cursor): RowAlias {
  cursor.expect('AS')
  const name = cursor.name()
  if (!cursor.accept('(')) return { name, columns: null }
  const columns = cursor.list(() => cursor.name().value)
  cursor.expect(')')
  return { name, columns }
}

function duplicate(cursor: Cursor): Insert['onDuplicate'] {
  if (!cursor.accept('ON', 'DUPLICATE', 'KEY', 'UPDATE')) return []
  cursor.notes.onDuplicate = true
  const set = assignments(cursor)
  cursor.notes.onDuplicate = false
  return set
}

function returning(cursor: Cursor): Select['items'] | null {
  return cursor.accept('RETURNING') ? cursor.list(() => selectItem(cursor)) : null
}

/** UPDATE and DELETE with the common tables before them, in MySQL. */
export function parseChange(cursor: Cursor): Change {
  const recursive = cursor.sees('WITH', 'RECURSIVE')
  const common = cursor.accept('WITH') ? { recursive, ctes: commonTables(cursor) } : NO_COMMON
  return cursor.sees('UPDATE') ? parseUpdate(cursor, common) : parseDelete(cursor, common)
}

type Common = Pick<Query, 'ctes' | 'recursive'>

/** Reference Manual 15.2.17. */
function parseUpdate(cursor: Cursor, common: Common): Change {
  cursor.expect('UPDATE')
  modifiers(cursor, /^(?:LOW_PRIORITY|IGNORE)$/)
  const from = parseFrom(cursor)
  const portion = portionOf(cursor)
  cursor.expect('SET')
  const set = assignments(cursor)
  return { kind: 'update', common, from, targets: null, set, portion, ...rows(cursor), returning: returning(cursor) }
}

function rows(cursor: Cursor): Pick<Change, 'where' | 'orderBy'> {
  const where = cursor.accept('WHERE') ? parseExpr(cursor) : null
  const orderBy = orderClause(cursor)
  limitClause(cursor)
  return { where, orderBy }
}

/** Reference Manual 15.2.2: `FROM t`, `a, b.* FROM ...` and `FROM a, b USING ...`. */
function parseDelete(cursor: Cursor, common: Common): Change {
  cursor.expect('DELETE')
  if (cursor.sees('HISTORY', 'FROM')) cursor.fail('DELETE HISTORY removes what other statements keep', 'SP-OPAQUE')
  modifiers(cursor, /^(?:LOW_PRIORITY|QUICK|IGNORE)$/)
  const head = { kind: 'delete', common, set: [] } as const
  if (cursor.sees('FROM') && !namesTargets(cursor)) {
    cursor.expect('FROM')
    const from = deleteTarget(cursor)
    const portion = portionOf(cursor)
    return { ...head, from, targets: null, portion, ...rows(cursor), returning: returning(cursor) }
  }
  const targets = targetNames(cursor)
  cursor.accept('FROM')
  return { ...head, from: parseFrom(cursor), targets, portion: null, ...rows(cursor), returning: null }
}

/** The names are checked against what FROM or USING offers. */
function targetNames(cursor: Cursor): Token[][] {
  const before = cursor.accept('FROM')
  const targets = cursor.list(() => targetName(cursor))
  if (before) cursor.expect('USING')
  else if (!cursor.sees('FROM')) cursor.fail('expected FROM')
  return targets
}

/** True where names and USING, or several names, come after FROM: the tables that lose rows. */
function namesTargets(cursor: Cursor): boolean {
  let at = 2
  while (cursor.peek(at).upper === '.') at += 2
  return /^(?:,|USING)$/.test(cursor.peek(at).upper)
}

/** `t`, `db.t`, `t.*`. */
function targetName(cursor: Cursor): Token[] {
  const parts = [cursor.name()]
  while (cursor.accept('.') && !cursor.accept('*')) parts.push(cursor.nameAfterDot())
  if (parts.length > 2) cursor.fail('a table name has too many parts')
  return parts
}

/** PARTITION stands behind the alias in MySQL, before it in MariaDB. */
function deleteTarget(cursor: Cursor): TableItem {
  const from = parseFrom(cursor)
  if (from.kind !== 'table') cursor.fail('DELETE FROM takes one table')
  partitions(cursor)
  return from
}

/** MariaDB, application-time periods: `FOR PORTION OF p FROM a TO b`. */
function portionOf(cursor: Cursor): Expr[] | null {
  if (!cursor.accept('FOR', 'PORTION', 'OF')) return null
  cursor.name()
  cursor.expect('FROM')
  const from = parseExpr(cursor)
  cursor.expect('TO')
  return [from, parseExpr(cursor)]
}
