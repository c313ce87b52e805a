import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import type { Expr } from './tree.ts'

/** MariaDB, system-versioned tables: `FOR SYSTEM_TIME AS OF x`, `BETWEEN x AND y`, `FROM x TO y`, `ALL`. */
export function tablePeriod(cursor: Cursor): readonly Expr[] | null {
  if (!cursor.accept('FOR', 'SYSTEM_TIME')) return null
  if (cursor.accept('ALL')) return []
  if (cursor.accept('AS', 'OF')) return [point(cursor)]
  if (cursor.accept('BETWEEN')) return [point(cursor)]
  cursor.expect('FROM')
  const from = point(cursor)
  cursor.expect('TO')
  return [from, point(cursor)]
}

/** `BETWEEN x AND y` is read as one expression, since nothing but what it reads matters. */
function point(cursor: Cursor): Expr {
  if (cursor.peek(1).kind !== 'string' && !cursor.accept('TRANSACTION')) {
    const named = cursor.sees('TIMESTAMP') && cursor.peek(1).upper !== '('
    if (named) cursor.expect('TIMESTAMP')
  }
  return parseExpr(cursor)
}
