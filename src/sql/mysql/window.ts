import type { Cursor } from './cursor.ts'
import { readExpr } from './expression.ts'
import { sortKeys } from './order.ts'
import { Reads } from './reads.ts'
import type { Expr } from './tree.ts'

/** What may follow the arguments of an aggregate or window function; true where it is asked over a window. */
export function over(cursor: Cursor, reads: Reads): boolean {
  if (cursor.accept('WITHIN', 'GROUP', '(', 'ORDER', 'BY')) {
    sortedBy(cursor, reads)
    cursor.expect(')')
  }
  if (!cursor.accept('FROM', 'FIRST')) cursor.accept('FROM', 'LAST')
  if (!cursor.accept('RESPECT', 'NULLS')) cursor.accept('IGNORE', 'NULLS')
  if (!cursor.accept('OVER')) return false
  cursor.notes.regrouped = true
  if (cursor.seesName()) cursor.next()
  else windowSpec(cursor, reads)
  return true
}

/** Keys of an ORDER BY inside an expression. */
export function sortedBy(cursor: Cursor, reads: Reads): void {
  cursor.list(() => {
    readExpr(cursor, reads)
    if (!cursor.accept('ASC')) cursor.accept('DESC')
  })
}

/** The windows of a WINDOW clause. */
export function namedWindows(cursor: Cursor): Expr[] {
  return cursor.list(() => {
    cursor.name()
    cursor.expect('AS')
    const reads = new Reads()
    const start = cursor.peek()
    windowSpec(cursor, reads)
    reads.call()
    return reads.expr({ start: start.start, end: cursor.previous().end }, null, start, 2)
  })
}

/** `( [name] [PARTITION BY ..] [ORDER BY ..] [frame] )`. */
function windowSpec(cursor: Cursor, reads: Reads): void {
  cursor.expect('(')
  if (cursor.seesName() && !/^(?:ROWS|RANGE|GROUPS)$/.test(cursor.peek().upper)) cursor.next()
  if (cursor.accept('PARTITION', 'BY')) for (const key of sortKeys(cursor)) reads.windowKey(key)
  if (cursor.accept('ORDER', 'BY')) for (const key of sortKeys(cursor)) reads.windowKey(key)
  if (cursor.accept('ROWS') || cursor.accept('RANGE') || cursor.accept('GROUPS')) frame(cursor, reads)
  cursor.expect(')')
}

function frame(cursor: Cursor, reads: Reads): void {
  if (cursor.accept('BETWEEN')) {
    bound(cursor, reads)
    cursor.expect('AND')
  }
  bound(cursor, reads)
  if (!cursor.accept('EXCLUDE')) return
  if (cursor.accept('NO', 'OTHERS') || cursor.accept('CURRENT', 'ROW') || cursor.accept('TIES')) return
  cursor.expect('GROUP')
}

/** `UNBOUNDED PRECEDING`, `CURRENT ROW`, `5 FOLLOWING`, `INTERVAL 1 DAY PRECEDING`. */
function bound(cursor: Cursor, reads: Reads): void {
  if (cursor.accept('CURRENT', 'ROW')) return
  if (!cursor.accept('UNBOUNDED')) {
    readExpr(cursor, reads)
    reads.call()
  }
  if (!cursor.accept('PRECEDING')) cursor.expect('FOLLOWING')
}
