import type { ColumnRef, Given } from '../facts.ts'
import { readExpr } from './resolve_query.ts'
import {
  ambiguous,
  type CteScope,
  lookup,
  type OpenUse,
  opaque,
  type Resolution,
  type Scope,
  type ScopeColumn,
  type Source,
} from './scope.ts'
import type { ColumnName } from './tree.ts'
import type { Value } from './write_tree.ts'

export const OUTERMOST = { outer: null, ctes: null, top: false }

export function scopeOver(state: Resolution, sources: readonly Source[], merged: readonly string[] = []): Scope {
  return { catalog: state.context.catalog, sources, merged, outputs: [], open: false, parent: null }
}

type BaseColumn = ScopeColumn & { readonly base: { readonly use: OpenUse; readonly column: string } }

/** The one column of a base table that an assignment names. */
export function columnOf(name: ColumnName, scope: Scope): BaseColumn {
  const [column, ...others] = lookup(name, scope, 'columns')
  if (!column || others.length > 0) throw ambiguous(name.parts.at(-1)!.value)
  if (column.base === null) throw opaque('a write assigns to a column that is not of a table')
  return column as BaseColumn
}

export function noteGiven(given: Map<string, Given[]>, column: string, value: Given): void {
  const values = given.get(column)
  if (values) values.push(value)
  else given.set(column, [value])
}

/** Everything that the values read counts as computed on. */
export function readAll(
  state: Resolution,
  values: readonly Pick<Value, 'expr'>[],
  scope: Scope,
  ctes: CteScope | null = null,
): ColumnRef[] {
  return values.flatMap(({ expr }) =>
    expr === null ? [] : readExpr(state, expr, { outer: scope, ctes, top: false }, scope, 'columns'),
  )
}
