import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { parseFrom } from './from.ts'
import { intoClause } from './into.ts'
import { groupClause } from './order.ts'
import { plainTable, qualifiedName } from './plain_table.ts'
import type { Token } from './token.ts'
import type { Select, StarItem, ValueItem } from './tree.ts'
import { namedWindows } from './window.ts'
import { NO_BARE_ALIAS, SELECT_MODIFIERS } from './words.ts'

const NOTHING: Omit<Select, 'items' | 'from'> = {
  kind: 'select',
  distinct: false,
  where: null,
  groupBy: [],
  having: null,
  windows: [],
  qualify: null,
}

/** What follows SELECT, up to what belongs to the query as a whole. */
export function selectBody(cursor: Cursor): Select {
  let distinct = false
  while (cursor.seesAny(SELECT_MODIFIERS)) {
    const { upper } = cursor.peek()
    distinct ||= upper === 'DISTINCT' || upper === 'DISTINCTROW' || upper === 'UNIQUE'
    cursor.accept(upper)
  }
  const items = cursor.list(() => selectItem(cursor))
  intoClause(cursor)
  const dual = cursor.accept('FROM', 'DUAL')
  const from = !dual && cursor.accept('FROM') ? parseFrom(cursor) : null
  const where = cursor.accept('WHERE') ? parseExpr(cursor) : null
  const groupBy = groupClause(cursor)
  const having = cursor.accept('HAVING') ? parseExpr(cursor) : null
  const windows = cursor.accept('WINDOW') ? namedWindows(cursor) : []
  const qualify = cursor.accept('QUALIFY') ? parseExpr(cursor) : null
  return { kind: 'select', distinct, items, from, where, groupBy, having, windows, qualify }
}

/** `TABLE t` is `SELECT * FROM t`, with nothing but a name in that place. */
export function tableStatement(cursor: Cursor): Select {
  cursor.notes.expands = true
  const table = plainTable(qualifiedName(cursor))
  return { ...NOTHING, items: [{ kind: 'star', parts: [] }], from: { ...table, nameOnly: true } }
}

/** `VALUES ROW(1, 2), ROW(3, 4)`, in MariaDB `VALUES (1, 2)`: each row is a SELECT without tables. */
export function valuesRows(cursor: Cursor): Select[] {
  return cursor.list(() => {
    const named = cursor.accept('ROW')
    cursor.expect('(')
    const exprs = cursor.sees(')') ? [] : cursor.list(() => parseExpr(cursor))
    cursor.expect(')')
    const items = exprs.map((expr, at): ValueItem => ({ kind: 'value', expr, alias: named ? `column_${at}` : null }))
    return { ...NOTHING, items, from: null }
  })
}

/** One output column: of a select list or of RETURNING. */
export function selectItem(cursor: Cursor): StarItem | ValueItem {
  const star = starItem(cursor)
  if (star !== null) {
    cursor.notes.stars.push(star)
    cursor.notes.expands = true
    return star
  }
  const expr = parseExpr(cursor)
  const alias = outputAlias(cursor)
  if (alias === null) cursor.notes.unnamed.push(expr)
  return { kind: 'value', expr, alias }
}

function starItem(cursor: Cursor): StarItem | null {
  if (cursor.accept('*')) return { kind: 'star', parts: [] }
  const parts: Token[] = []
  for (const ahead of [1, 3]) {
    if (cursor.peek(ahead).upper !== '.' || !cursor.seesName()) return null
    if (cursor.peek(ahead + 1).upper !== '*') continue
    parts.push(cursor.next())
    while (!cursor.accept('.', '*')) {
      cursor.expect('.')
      parts.push(cursor.nameAfterDot())
    }
    return { kind: 'star', parts }
  }
  return null
}

/** The alias of an output column: a name or a string. */
function outputAlias(cursor: Cursor): string | null {
  const explicit = cursor.accept('AS')
  if (cursor.peek().kind === 'string') return cursor.next().value
  if (explicit) return cursor.name().value
  return cursor.seesName() && !cursor.seesAny(NO_BARE_ALIAS) ? cursor.next().value : null
}
