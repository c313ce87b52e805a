import type { Cursor } from './cursor.ts'
import { intoClause } from './into.ts'
import { lockClause } from './locking.ts'
import { limitClause, orderClause } from './order.ts'
import { selectBody, tableStatement, valuesRows } from './select.ts'
import type { Cte, Query, Select } from './tree.ts'

const AFTER_NESTED_QUERY = new Set([
  ...[')', 'UNION', 'EXCEPT', 'INTERSECT', 'MINUS', 'ORDER', 'LIMIT', 'OFFSET', 'FETCH', 'FOR', 'LOCK', 'INTO', ''],
])

/** True where the parenthesis `ahead` opens a query, not an expression that begins with a subquery. */
export function atQuery(cursor: Cursor, ahead: number): boolean {
  let open = cursor.position + ahead
  let level = 0
  while (cursor.at(open).upper === '(' && cursor.at(open + 1).upper === '(') {
    open += 1
    level += 1
  }
  if (!opensQuery(cursor, open)) return false
  for (; level > 0; level -= 1) {
    const behind = cursor.at(cursor.closing(open) + 1)
    if (!AFTER_NESTED_QUERY.has(behind.upper) || (behind.upper === '' && behind.kind !== 'end')) return false
    open -= 1
  }
  return true
}

/** `VALUES (` begins rows, except where the assignments of ON DUPLICATE KEY UPDATE call it with a column. */
function opensQuery(cursor: Cursor, open: number): boolean {
  const { upper } = cursor.at(open + 1)
  if (cursor.at(open).upper !== '(' || !/^(?:SELECT|WITH|VALUES|TABLE)$/.test(upper)) return false
  return upper !== 'VALUES' || cursor.at(open + 2).upper !== '(' || !cursor.notes.onDuplicate
}

/** `( query )`. Inside, VALUES(column) no longer means the value that an INSERT gives. */
export function parseSubquery(cursor: Cursor): Query {
  const { onDuplicate } = cursor.notes
  cursor.notes.onDuplicate = false
  cursor.expect('(')
  const query = parseQuery(cursor)
  cursor.expect(')')
  cursor.notes.onDuplicate = onDuplicate
  return query
}

/** A query expression (Reference Manual 15.2.13 to 15.2.20), up to what can't belong to it. */
export function parseQuery(cursor: Cursor): Query {
  return cursor.nested(() => {
    const recursive = cursor.sees('WITH', 'RECURSIVE')
    const ctes = cursor.accept('WITH') ? commonTables(cursor) : []
    const terms = [...term(cursor)]
    while (setOperator(cursor)) terms.push(...term(cursor))
    const orderBy = orderClause(cursor)
    const limited = limitClause(cursor)
    if (cursor.sees('PROCEDURE')) cursor.fail('PROCEDURE is refused', 'SP-OPAQUE')
    lockClause(cursor)
    if (intoClause(cursor)) lockClause(cursor)
    return { kind: 'query', recursive, ctes, terms, orderBy, limited }
  })
}

function setOperator(cursor: Cursor): boolean {
  if (cursor.sees('MINUS')) cursor.fail('MINUS is refused', 'SP-OPAQUE')
  if (!cursor.accept('UNION') && !cursor.accept('EXCEPT') && !cursor.accept('INTERSECT')) return false
  if (!cursor.accept('ALL')) cursor.accept('DISTINCT')
  return true
}

/** `name [(columns)] AS (query) [CYCLE columns RESTRICT], ...` after WITH. */
export function commonTables(cursor: Cursor): Cte[] {
  cursor.accept('RECURSIVE')
  return cursor.list(() => {
    const name = cursor.name()
    const columns = columnAliases(cursor)
    cursor.expect('AS')
    const query = parseSubquery(cursor)
    if (!cursor.accept('CYCLE')) return { name, columns, query }
    cursor.list(() => cursor.name())
    cursor.expect('RESTRICT')
    return { name, columns, query }
  })
}

/** `(a, b)` after the name of a CTE or derived table. */
export function columnAliases(cursor: Cursor): string[] | null {
  if (!cursor.accept('(')) return null
  const names = cursor.list(() => cursor.name().value)
  cursor.expect(')')
  return names
}

function term(cursor: Cursor): (Select | Query)[] {
  if (cursor.sees('(')) return [cursor.nested(() => parseSubquery(cursor))]
  if (cursor.accept('TABLE')) return [tableStatement(cursor)]
  if (cursor.accept('VALUES')) return valuesRows(cursor)
  cursor.expect('SELECT')
  return [selectBody(cursor)]
}
