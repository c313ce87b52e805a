import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import type { Expr } from './tree.ts'

/** GROUP BY keys; ROLLUP in either place names no column of its own. */
export function groupClause(cursor: Cursor): Expr[] {
  if (!cursor.accept('GROUP', 'BY')) return []
  const exprs = grouping(cursor) ?? sortKeys(cursor)
  if (cursor.accept('WITH', 'ROLLUP')) cursor.notes.regrouped = true
  return exprs
}

/** `ROLLUP (a, b)` and `CUBE (a, b)`, which are no calls. */
function grouping(cursor: Cursor): Expr[] | null {
  if (!cursor.accept('ROLLUP', '(') && !cursor.accept('CUBE', '(')) return null
  cursor.notes.regrouped = true
  const keys = sortKeys(cursor)
  cursor.expect(')')
  return keys
}

/** ORDER BY keys of a query, UPDATE or DELETE; empty where there is no clause. */
export function orderClause(cursor: Cursor): Expr[] {
  if (!cursor.accept('ORDER', 'BY')) return []
  const exprs = sortKeys(cursor)
  if (cursor.accept('WITH', 'ROLLUP')) cursor.notes.regrouped = true
  return exprs
}

export function sortKeys(cursor: Cursor): Expr[] {
  return cursor.list(() => {
    const expr = parseExpr(cursor)
    if (!cursor.accept('ASC')) cursor.accept('DESC')
    return expr
  })
}

/**
 * `LIMIT n`, `LIMIT n, m`, `LIMIT n OFFSET m`; of MariaDB also `ROWS EXAMINED n`, `OFFSET n ROWS` and `FETCH FIRST n
 * ROWS`. True where one of them stood here.
 */
export function limitClause(cursor: Cursor): boolean {
  if (cursor.accept('LIMIT')) {
    if (examined(cursor)) return true
    count(cursor)
    if (cursor.accept(',') || cursor.accept('OFFSET')) count(cursor)
    examined(cursor)
    return true
  }
  const offset = cursor.sees('OFFSET') && cursor.peek(2).upper.startsWith('ROW')
  if (offset) {
    cursor.next()
    count(cursor)
    cursor.next()
  }
  return fetchClause(cursor) || offset
}

function examined(cursor: Cursor): boolean {
  if (!cursor.accept('ROWS', 'EXAMINED')) return false
  count(cursor)
  cursor.notes.examined = true
  return true
}

function fetchClause(cursor: Cursor): boolean {
  if (!cursor.accept('FETCH')) return false
  if (!cursor.accept('FIRST')) cursor.expect('NEXT')
  if (!cursor.sees('ROW') && !cursor.sees('ROWS')) count(cursor)
  if (!cursor.accept('ROW')) cursor.expect('ROWS')
  if (!cursor.accept('ONLY')) cursor.expect('WITH', 'TIES')
  return true
}

function count(cursor: Cursor): void {
  const token = cursor.next()
  const digits = token.kind === 'number' && /^\d+$/.test(token.text)
  if (token.kind !== 'param' && token.kind !== 'hex' && !digits) cursor.fail('LIMIT takes numbers')
}
