import type { ColumnRef } from '../facts.ts'
import { starColumns } from './join_columns.ts'
import { columnsOf, type Output, type Place, readExpr } from './resolve_query.ts'
import {
  type CteScope,
  lookup,
  mark,
  type Resolution,
  type Scope,
  type ScopeColumn,
  sourcesOf,
  unique,
} from './scope.ts'
import type { Select, StarItem, ValueItem } from './tree.ts'

type List = Pick<Select, 'items' | 'from' | 'distinct'>

/** Output columns over a scope that is known already: RETURNING. Nothing passes through. */
export function resolveItems(
  state: Resolution,
  items: Select['items'],
  from: Select['from'],
  scope: Scope,
  ctes: CteScope | null,
): readonly Output[] {
  return resolveList(state, { items, from, distinct: false }, scope, { outer: scope, ctes, top: false })
}

/**
 * The columns of a select list, which `scope` then knows by their names. The keys of windows come last, since they may
 * name any of the others.
 */
export function resolveList(state: Resolution, list: List, scope: Scope, place: Place): readonly Output[] {
  const slots = list.items.map((item) =>
    item.kind === 'value' ? scope.outputs.push({ name: outputName(state, item), columns: null }) - 1 : -1,
  )
  const outputs = list.items.map((item, at) =>
    item.kind === 'star'
      ? shownByStar(item, list, scope, place.top && !list.distinct)
      : [shownByValue(state, item, scope, slots[at]!, { ...place, top: place.top && !list.distinct })],
  )
  return list.items.flatMap((item, at) =>
    item.kind === 'value' && item.expr.windowColumns.length > 0
      ? [overWindow(item, outputs[at]![0]!, scope, slots[at]!)]
      : outputs[at]!,
  )
}

function shownByValue(state: Resolution, item: ValueItem, scope: Scope, slot: number, place: Place): Output {
  const name = outputName(state, item)
  const expr = { ...item.expr, windowColumns: [] }
  if (expr.bare) {
    const columns = lookup(expr.bare, scope, 'columns')
    const own = columns.length === 1 && scope.sources.some((source) => source.columns.includes(columns[0]!))
    scope.outputs[slot] = { name, columns }
    return output(columns, name, place.top && own)
  }
  const sources = readExpr(state, expr, { ...place, top: false }, scope, 'columns')
  return computed(scope, slot, name, columnsOf(expr, scope, 'columns'), sources)
}

/** The same column with all that the keys of its windows read. */
function overWindow({ expr }: ValueItem, { field, columns }: Output, scope: Scope, slot: number): Output {
  const keys = expr.windowColumns.flatMap((column) => lookup(column, scope, 'window'))
  mark(keys, 'computed')
  const sources = unique([...field.sources, ...sourcesOf(keys)])
  return computed(scope, slot, field.name, [...columns, ...keys], sources)
}

function computed(
  scope: Scope,
  slot: number,
  name: string,
  columns: readonly ScopeColumn[],
  sources: readonly ColumnRef[],
): Output {
  scope.outputs[slot] = { name, columns: [...columns, { name, base: null, sources }] }
  return { field: { name, origin: null, sources }, columns }
}

/** What a `*` shows is named in the select list as if it were written out. */
function shownByStar(item: StarItem, { from }: List, scope: Scope, pass: boolean): Output[] {
  const outputs = starColumns(item, from, scope).map((group) => output(group, null, pass))
  scope.outputs.push(...outputs.map(({ field, columns }) => ({ name: field.name, columns })))
  return outputs
}

/** `group` holds more than one column where USING merged them. */
function output(group: readonly ScopeColumn[], name: string | null, pass: boolean): Output {
  const base = pass && group.length === 1 ? group[0]!.base : null
  mark(group, base === null ? 'computed' : 'passed')
  const origin = base === null ? null : { use: base.use.id, column: base.column }
  return { field: { name: name ?? group[0]!.name, origin, sources: sourcesOf(group) }, columns: group }
}

function outputName(state: Resolution, item: ValueItem): string {
  if (item.alias !== null) return item.alias
  const { bare, shown, span } = item.expr
  if (shown !== null) return shown[state.context.catalog.dialect === 'mariadb' ? 'mariadb' : 'mysql']
  return bare ? bare.parts.at(-1)!.value : state.text.slice(span.start, span.end)
}
