import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import type { Token } from './token.ts'
import type { JoinedTable, TableItem } from './tree.ts'

interface Operator {
  readonly natural: boolean
  readonly rightJoin: boolean
  /** LEFT and RIGHT, which a condition has to follow. */
  readonly outer: boolean
}

/**
 * One table reference. As in the servers' grammars a condition belongs to the last join that lacks one, so that
 * `a LEFT JOIN b JOIN c ON x ON y` is `a LEFT JOIN (b JOIN c ON x) ON y`; what has no condition in the end is joined
 * from left to right (sql_yacc.yy, joined_table; PT_cross_join and add_cross_joined_table).
 */
export function parseJoins(cursor: Cursor, factor: (cursor: Cursor) => TableItem): TableItem {
  const operands = [factor(cursor)]
  const operators: Operator[] = []
  for (;;) {
    const operator = joinOperator(cursor)
    if (operator?.natural) {
      cursor.notes.expands = true
      const left = operands.pop()!
      operands.push(joined(operator, left, factor(cursor), null, null))
    } else if (operator) {
      operators.push(operator)
      operands.push(factor(cursor))
    } else if (operators.length > 0 && (cursor.sees('ON') || cursor.sees('USING'))) {
      const right = operands.pop()!
      const left = operands.pop()!
      operands.push(conditional(cursor, operators.pop()!, left, right))
    } else return unconditional(cursor, operands, operators)
  }
}

function joinOperator(cursor: Cursor): Operator | null {
  const natural = cursor.accept('NATURAL')
  if (cursor.accept('STRAIGHT_JOIN')) return { natural, rightJoin: false, outer: false }
  const rightJoin = cursor.sees('RIGHT')
  const outer = rightJoin || cursor.sees('LEFT')
  if (outer) {
    cursor.next()
    cursor.accept('OUTER')
  } else if (!cursor.accept('INNER') && !natural) cursor.accept('CROSS')
  if (cursor.accept('JOIN')) return { natural, rightJoin, outer }
  return natural || outer ? cursor.fail('expected JOIN') : null
}

function conditional(cursor: Cursor, operator: Operator, left: TableItem, right: TableItem): JoinedTable {
  if (cursor.accept('ON')) return joined(operator, left, right, parseExpr(cursor), null)
  cursor.expect('USING', '(')
  const using = cursor.list(() => cursor.name())
  cursor.expect(')')
  return joined(operator, left, right, null, using)
}

function joined(
  { natural, rightJoin }: Operator,
  left: TableItem,
  right: TableItem,
  on: JoinedTable['on'],
  using: readonly Token[] | null,
): JoinedTable {
  return { kind: 'join', left, right, on, using, natural, rightJoin }
}

function unconditional(cursor: Cursor, operands: readonly TableItem[], operators: readonly Operator[]): TableItem {
  if (operators.some(({ outer }) => outer)) cursor.fail('an outer join needs a condition')
  const [first, ...rest] = operands
  return rest.reduce((left, right, at) => graft(left, operators[at]!, right), first!)
}

/** `a JOIN (b LEFT JOIN c ON x)`, written without the parentheses, is `(a JOIN b) LEFT JOIN c ON x`. */
function graft(left: TableItem, operator: Operator, right: TableItem): TableItem {
  if (right.kind === 'join') return { ...right, left: graft(left, operator, right.left) }
  return joined(operator, left, right, null, null)
}
