import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { parseFrom } from './from.ts'
import { Reads } from './reads.ts'
import type { Token } from './token.ts'
import type { Cte, Expr, Query, Select, StarItem, ValueItem } from './tree.ts'
import { NO_BARE_ALIAS, SELECT_MODIFIERS } from './words.ts'

const AFTER_NESTED_QUERY = new Set([
  ')',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'MINUS',
  'ORDER',
  'LIMIT',
  'FOR',
  'LOCK',
  'INTO',
])

/** True where the parenthesis `ahead` opens a query, not an expression that begins with a subquery. */
export function atQuery(cursor: Cursor, ahead: number): boolean {
  return opensQuery(cursor, cursor.position + ahead, 0)
}

/** As deep as `Cursor.nested` allows: each level looks for its closing parenthesis once. */
function opensQuery(cursor: Cursor, open: number, level: number): boolean {
  const { upper } = cursor.at(open + 1)
  if (/^(?:SELECT|WITH|VALUES|TABLE)$/.test(upper)) return cursor.at(open + 2).upper !== '(' || upper !== 'VALUES'
  if (upper !== '(') return false
  if (level > 8) cursor.fail('the statement is nested too deeply', 'SP-OPAQUE')
  if (!opensQuery(cursor, open + 1, level + 1)) return false
  return AFTER_NESTED_QUERY.has(cursor.at(cursor.closing(open + 1) + 1).upper)
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
    const terms = [term(cursor)]
    while (setOperator(cursor)) terms.push(term(cursor))
    const orderBy = orderClause(cursor)
    limitClause(cursor)
    lockClause(cursor)
    if (cursor.sees('INTO')) refuseInto(cursor)
    return { kind: 'query', recursive, ctes, terms, orderBy }
  })
}

function setOperator(cursor: Cursor): boolean {
  if (cursor.sees('MINUS')) cursor.fail('MINUS is refused', 'SP-OPAQUE')
  if (!cursor.accept('UNION') && !cursor.accept('EXCEPT') && !cursor.accept('INTERSECT')) return false
  if (!cursor.accept('ALL')) cursor.accept('DISTINCT')
  return true
}

/** `name [(columns)] AS (query), ...` after WITH. */
export function commonTables(cursor: Cursor): Cte[] {
  cursor.accept('RECURSIVE')
  return cursor.list(() => {
    const name = cursor.name()
    const columns = columnAliases(cursor)
    cursor.expect('AS')
    const query = parseSubquery(cursor)
    if (cursor.sees('CYCLE')) cursor.fail('CYCLE is refused', 'SP-OPAQUE')
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

function term(cursor: Cursor): Select | Query {
  if (cursor.sees('(')) return cursor.nested(() => parseSubquery(cursor))
  if (cursor.sees('TABLE') || cursor.sees('VALUES')) cursor.fail('TABLE and VALUES statements are refused', 'SP-OPAQUE')
  cursor.expect('SELECT')
  return selectBody(cursor)
}

function selectBody(cursor: Cursor): Select {
  let distinct = false
  while (cursor.seesAny(SELECT_MODIFIERS)) {
    const { upper } = cursor.peek()
    distinct ||= upper === 'DISTINCT' || upper === 'DISTINCTROW'
    cursor.acceptSkipped(upper)
  }
  const items = cursor.list(() => selectItem(cursor))
  if (cursor.sees('INTO')) refuseInto(cursor)
  const dual = cursor.acceptSkipped('FROM', 'DUAL')
  const from = !dual && cursor.accept('FROM') ? parseFrom(cursor) : null
  const where = cursor.accept('WHERE') ? parseExpr(cursor) : null
  const groupBy = groupClause(cursor)
  const having = cursor.accept('HAVING') ? parseExpr(cursor) : null
  const windows = cursor.accept('WINDOW') ? namedWindows(cursor) : []
  return { kind: 'select', distinct, items, from, where, groupBy, having, windows }
}

/** One output column: of a select list or of RETURNING. */
export function selectItem(cursor: Cursor): StarItem | ValueItem {
  const star = starItem(cursor)
  if (star !== null) {
    cursor.notes.stars.push(star)
    return star
  }
  const expr = parseExpr(cursor)
  const alias = outputAlias(cursor)
  if (alias === null && expr.bare === null) cursor.notes.unnamed.push(expr.span)
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

function groupClause(cursor: Cursor): Expr[] {
  if (!cursor.accept('GROUP', 'BY')) return []
  const exprs = sortKeys(cursor)
  cursor.acceptSkipped('WITH', 'ROLLUP')
  return exprs
}

/** ORDER BY keys of a query, UPDATE or DELETE; empty where there is no clause. */
export function orderClause(cursor: Cursor): Expr[] {
  if (!cursor.accept('ORDER', 'BY')) return []
  const exprs = sortKeys(cursor)
  cursor.acceptSkipped('WITH', 'ROLLUP')
  return exprs
}

function sortKeys(cursor: Cursor): Expr[] {
  return cursor.list(() => {
    const expr = parseExpr(cursor)
    if (!cursor.accept('ASC')) cursor.accept('DESC')
    return expr
  })
}

/** `LIMIT n`, `LIMIT n, m`, `LIMIT n OFFSET m` with numbers or parameters. */
export function limitClause(cursor: Cursor): void {
  if (!cursor.accept('LIMIT')) return
  const count = (): void => {
    const token = cursor.next()
    if (token.kind !== 'param' && !(token.kind === 'number' && /^\d+$/.test(token.text)))
      cursor.fail('LIMIT takes numbers')
  }
  count()
  if (cursor.accept(',') || cursor.accept('OFFSET')) count()
}

function lockClause(cursor: Cursor): void {
  for (;;) {
    if (cursor.acceptSkipped('LOCK', 'IN', 'SHARE', 'MODE')) cursor.notes.locking = true
    else if (cursor.acceptSkipped('FOR', 'UPDATE') || cursor.acceptSkipped('FOR', 'SHARE')) {
      cursor.notes.locking = true
      if (cursor.sees('OF')) cursor.fail('FOR UPDATE OF is refused', 'SP-OPAQUE')
    } else return
    if (!cursor.acceptSkipped('NOWAIT')) cursor.acceptSkipped('SKIP', 'LOCKED')
  }
}

function namedWindows(cursor: Cursor): Expr[] {
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
export function windowSpec(cursor: Cursor, reads: Reads): void {
  cursor.expect('(')
  if (cursor.seesName() && !/^(?:ROWS|RANGE|GROUPS)$/.test(cursor.peek().upper)) cursor.next()
  if (cursor.accept('PARTITION', 'BY')) windowKeys(cursor, reads)
  if (cursor.accept('ORDER', 'BY')) windowKeys(cursor, reads)
  if (cursor.accept('ROWS') || cursor.accept('RANGE')) frame(cursor)
  cursor.expect(')')
}

/** A constant is refused: a server might take it for the place of an output column. */
function windowKeys(cursor: Cursor, reads: Reads): void {
  for (const key of sortKeys(cursor)) {
    if (key.constant) cursor.fail('a window takes no constant as a key', 'SP-OPAQUE')
    reads.windowKey(key)
  }
}

function frame(cursor: Cursor): void {
  const bound = (): void => {
    if (cursor.accept('CURRENT', 'ROW')) return
    if (!cursor.accept('UNBOUNDED') && !/^(?:number|param)$/.test(cursor.next().kind))
      cursor.fail('expected a frame bound')
    if (!cursor.accept('PRECEDING')) cursor.expect('FOLLOWING')
  }
  if (!cursor.accept('BETWEEN')) return bound()
  bound()
  cursor.expect('AND')
  bound()
}

function refuseInto(cursor: Cursor): never {
  const file = cursor.peek(1).upper === 'OUTFILE' || cursor.peek(1).upper === 'DUMPFILE'
  return cursor.fail('SELECT INTO is refused', file ? 'SP-EXPORT' : 'SP-OPAQUE')
}
