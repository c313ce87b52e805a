import type { ColumnRef, OutputField } from '../facts.ts'
import { asksForValues } from './plain.ts'
import { openUse, resolveFrom } from './resolve_from.ts'
import {
  type CteScope,
  lookUp,
  lookup,
  mark,
  opaque,
  type Resolution,
  type Scope,
  type ScopeColumn,
  sourcesOf,
  unique,
  type Visibility,
} from './scope.ts'
import { resolveList } from './select_list.ts'
import type { Cte, Expr, Query, Select } from './tree.ts'

export interface Place {
  readonly outer: Scope | null
  readonly ctes: CteScope | null
  /** True for the outermost query of a plain SELECT: only there may a column pass through. */
  readonly top: boolean
}

/** One column of a result: its field, and the columns that it is made of. */
export interface Output {
  readonly field: OutputField
  readonly columns: readonly ScopeColumn[]
}

export interface ResolvedQuery {
  readonly outputs: readonly Output[]
  readonly rowSources: readonly ColumnRef[]
  /** What its FROM offers, where the query is one plain SELECT without groups. */
  readonly scope?: Scope
  /** The same, with groups or without. */
  readonly within?: Scope
}

/** Finds what every name in the query means, and marks each column that it reads on its `OpenUse`. */
export function resolveQuery(state: Resolution, query: Query, place: Place, self: CteScope | null): ResolvedQuery {
  const rows: ColumnRef[] = []
  const ctes = resolveCtes(state, query, place, rows)
  const single = query.terms.length === 1
  const first = query.terms[0]!
  const inner: Place = { outer: place.outer, ctes, top: place.top && single && first.kind === 'select' }
  const resolved =
    single && first.kind === 'select'
      ? resolveSelect(state, first, inner, query)
      : resolveTerms(state, query, inner, self)
  return { ...resolved, rowSources: unique([...rows, ...resolved.rowSources]) }
}

/**
 * In a WITH RECURSIVE list every name is in scope from the start, but one that is used before it has columns is
 * refused: MariaDB lets a CTE name a later one, MySQL does not.
 */
export function resolveCtes(
  state: Resolution,
  query: Pick<Query, 'ctes' | 'recursive'>,
  place: Place,
  rows: ColumnRef[],
): CteScope | null {
  let ctes = place.ctes
  const entries: CteScope[] = []
  for (const cte of query.ctes) {
    const entry: CteScope = { cte, result: { columns: null }, outer: query.recursive ? ctes : null }
    entries.push(entry)
    if (query.recursive) ctes = entry
  }
  for (const declared of entries) {
    const entry = query.recursive ? declared : { ...declared, outer: ctes }
    const inner: Place = { outer: place.outer, ctes, top: false }
    const result = resolveQuery(state, entry.cte.query, inner, query.recursive ? entry : null)
    entry.result.columns = derivedColumns(entry.cte, result.outputs, query.recursive)
    rows.push(...result.rowSources)
    if (!query.recursive) ctes = entry
  }
  return ctes
}

/** The columns that a CTE or derived table offers: what they are made of, never a base column of their own. */
export function derivedColumns(
  { columns }: Pick<Cte, 'columns'>,
  outputs: readonly Output[],
  pooled: boolean,
): ScopeColumn[] {
  if (columns !== null && columns.length !== outputs.length) throw opaque('a column list does not match its query')
  const all = pooled ? unique(outputs.flatMap(({ field }) => field.sources)) : []
  return outputs.map(({ field }, index) => ({
    name: columns?.[index] ?? field.name,
    base: null,
    sources: pooled ? all : field.sources,
  }))
}

/** A set operation, or one query in parentheses: nothing passes through it. */
function resolveTerms(state: Resolution, query: Query, place: Place, self: CteScope | null): ResolvedQuery {
  const rows: ColumnRef[] = []
  const results: ResolvedQuery[] = []
  for (const term of query.terms) {
    const result =
      term.kind === 'select' ? resolveSelect(state, term, place, UNORDERED) : resolveQuery(state, term, place, null)
    results.push(result)
    rows.push(...result.rowSources)
    if (self !== null && self.result.columns === null && query.terms.length > 1)
      self.result.columns = derivedColumns(self.cte, result.outputs, true)
  }
  const outputs = mergeOutputs(results)
  if (query.terms.length > 1) rows.push(...outputs.flatMap(({ field }) => field.sources))
  // Behind one query in parentheses some servers look among its tables, others only at what it gives: both count.
  const inside = query.terms.length === 1 ? results[0]!.scope : undefined
  const outer: Scope = {
    catalog: state.context.catalog,
    sources: inside?.sources ?? [],
    merged: inside?.merged ?? [],
    outputs: outputs.map(({ field, columns }) => ({ name: field.name, columns })),
    open: true,
    parent: place.outer,
  }
  rows.push(...readSortKeys(state, query, { ...place, outer }, outer, outputs))
  return { outputs, rowSources: rows }
}

/** ORDER BY of a query as a whole. */
function readSortKeys(
  state: Resolution,
  { orderBy, limited }: Sorted,
  place: Place,
  scope: Scope,
  outputs: readonly Output[],
): readonly ColumnRef[] {
  const keys = orderBy.map((key) => readSortKey(state, key, place, scope, outputs))
  if (limited && keys.length > 0) state.tops?.push(keys)
  return keys.flat()
}

/** The server's own limit for a table; without it common tables that double each other would exhaust the memory. */
const MAX_OUTPUT_COLUMNS = 4096

function mergeOutputs(results: readonly ResolvedQuery[]): Output[] {
  const width = results[0]!.outputs.length
  if (results.some(({ outputs }) => outputs.length !== width))
    throw opaque('the parts of a set operation differ in width')
  return results[0]!.outputs.map(({ field }, index) => {
    const parts = results.map(({ outputs }) => outputs[index]!)
    const sources = unique(parts.flatMap((part) => part.field.sources))
    return {
      field: { name: field.name, origin: null, sources },
      columns: parts.flatMap(({ columns }) => columns),
    }
  })
}

type Sorted = Pick<Query, 'orderBy' | 'limited'>

const UNORDERED: Sorted = { orderBy: [], limited: false }

function resolveSelect(state: Resolution, select: Select, place: Place, sorted: Sorted): ResolvedQuery {
  const from = resolveFrom(state, select.from, place)
  const scope: Scope = {
    catalog: state.context.catalog,
    sources: from.sources,
    merged: from.merged,
    outputs: [],
    open: false,
    parent: place.outer,
  }
  const inner: Place = { outer: scope, ctes: place.ctes, top: false }
  const outputs = resolveList(state, select, scope, { ...inner, top: place.top })
  if (outputs.length > MAX_OUTPUT_COLUMNS) throw opaque('the query has too many columns')
  const rows = [...from.rowSources]
  if (select.where) rows.push(...readCondition(state, select.where, inner, scope))
  for (const window of select.windows) rows.push(...readExpr(state, window, inner, scope, 'clause'))
  const open = { ...scope, open: true }
  for (const clause of [select.having, select.qualify])
    if (clause) rows.push(...readExpr(state, clause, { ...inner, outer: open }, open, 'clause'))
  for (const key of select.groupBy) rows.push(...readSortKey(state, key, inner, scope, outputs))
  rows.push(...readSortKeys(state, sorted, inner, scope, outputs))
  const all = [...select.items.flatMap((item) => (item.kind === 'value' ? [item.expr] : [])), ...select.windows]
  const ordinals = [...all, select.having, select.qualify, ...sorted.orderBy].some((expr) => expr?.ordinals)
  if (select.distinct || ordinals) {
    for (const { columns } of outputs) mark(columns, 'computed')
    rows.push(...outputs.flatMap(({ field }) => field.sources))
  }
  const result = { outputs, rowSources: rows, within: scope }
  return select.groupBy.length > 0 ? result : { ...result, scope }
}

/** ORDER BY and GROUP BY: an integer names an output column; another constant might, so it counts for all of them. */
function readSortKey(
  state: Resolution,
  key: Expr,
  place: Place,
  scope: Scope,
  outputs: readonly Output[],
): readonly ColumnRef[] {
  if (!key.constant) return readExpr(state, key, place, scope, 'clause')
  const named = key.integer === null ? outputs : outputs.slice(key.integer - 1, key.integer)
  for (const { columns } of named) mark(columns, 'computed')
  return named.flatMap(({ field }) => field.sources)
}

export function columnsOf(expr: Expr, scope: Scope, visibility: Visibility): ScopeColumn[] {
  return [
    ...expr.columns.flatMap((column) => lookup(column, scope, visibility)),
    ...expr.windowColumns.flatMap((column) => lookup(column, scope, 'window')),
  ]
}

/**
 * Marks everything that the expression reads as computed on, and gives all that its value depends on. Its own names
 * are looked up in `scope`, those of its subqueries in `place.outer` after their own.
 */
export function readExpr(
  state: Resolution,
  expr: Expr,
  place: Place,
  scope: Scope,
  visibility: Visibility,
): readonly ColumnRef[] {
  const columns = columnsOf(expr, scope, visibility)
  mark(columns, 'computed')
  const refs = sourcesOf(columns)
  for (const sequence of expr.sequences) openUse(state, sequence, 'read', 'a sequence has numbers and no rows')
  for (const query of expr.queries) {
    const result = resolveQuery(state, query, { ...place, top: false }, null)
    refs.push(...result.rowSources, ...result.outputs.flatMap(({ field }) => field.sources))
  }
  return unique(refs)
}

/** WHERE and ON: where the whole is a conjunction, a column that is only compared with values is told from the rest. */
export function readCondition(state: Resolution, expr: Expr, place: Place, scope: Scope): readonly ColumnRef[] {
  if (expr.tests === null) return readExpr(state, expr, place, scope, 'columns')
  const refs: ColumnRef[] = []
  for (const { test, operands } of expr.tests) {
    const columns = operands.flatMap((operand) =>
      operand.kind === 'column' ? [lookup(operand, scope, 'columns')] : [],
    )
    const values = operands.flatMap((operand) => (operand.kind === 'column' ? [] : [operand]))
    const equality = (test === 'equal' || test === 'in') && columns.length === 1 && values.length > 0
    for (const found of columns) {
      if (equality && asksForValues(found, values, scope.catalog.dialect, state.boundAsText))
        lookUp(found, values.length)
      else mark(found, 'computed')
      refs.push(...sourcesOf(found))
    }
  }
  return unique(refs)
}
