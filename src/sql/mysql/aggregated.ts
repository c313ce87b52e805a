import { sameColumn } from './fold.ts'
import type { OpenUse } from './scope.ts'
import type { ColumnName, Expr, Notes, Query, Select } from './tree.ts'

/**
 * Columns that a query over one table alone, each of its rows met once, uses as nothing but the argument of an aggregate
 * (`count`, `sum`, `avg` and their like) in the select list or ORDER BY. A join would weigh the rows, and HAVING would be
 * asked of small groups too. A name that is an alias as well is none of them.
 */
export function aggregatedColumns(query: Query, uses: readonly OpenUse[], notes: Notes): ReadonlySet<string> {
  const nothing = new Set<string>()
  const [use, ...others] = uses
  const [select] = query.terms
  if (!use || others.length > 0 || select?.kind !== 'select' || !isOneGrouping(query, select, notes)) return nothing
  const allowed = new Set(
    [...select.items.flatMap((item) => (item.kind === 'value' ? [item.expr] : [])), ...query.orderBy].flatMap(
      ({ columns }) => columns.filter((column) => notes.aggregated.has(column)),
    ),
  )
  const inside = named(use, [...allowed])
  const outside = named(
    use,
    notes.columns.filter((column) => !allowed.has(column)),
  )
  const aliases = select.items.flatMap((item) => (item.kind === 'value' && item.alias !== null ? [item.alias] : []))
  return new Set(
    inside.filter(
      (name) => !outside.includes(name) && aliases.every((alias) => sameColumn(alias, name) === 'different'),
    ),
  )
}

/** One SELECT of one table, in which nothing could bring other rows, other groupings or the row as a whole. */
function isOneGrouping(query: Query, select: Select, notes: Notes): boolean {
  const clauses = select.distinct || select.having || select.qualify || select.windows.length > 0
  const outside = notes.locking || notes.into !== null || notes.settings.length > 0 || notes.stars.length > 0
  const shape = query.terms.length === 1 && query.ctes.length === 0 && select.from?.kind === 'table'
  return shape && !clauses && !outside && !notes.regrouped && everyExpr(query, select).every(isOwn)
}

function isOwn({ queries, windowColumns, ordinals }: Expr): boolean {
  return queries.length === 0 && windowColumns.length === 0 && !ordinals
}

function everyExpr({ orderBy }: Query, { items, where, groupBy }: Select): readonly Expr[] {
  const shown = items.flatMap((item) => (item.kind === 'value' ? [item.expr] : []))
  return [...shown, ...(where ? [where] : []), ...groupBy, ...orderBy]
}

function named(use: OpenUse, columns: readonly ColumnName[]): string[] {
  return use.relation.columns.flatMap(({ name }) =>
    columns.some(({ parts }) => sameColumn(parts.at(-1)!.value, name) !== 'different') ? [name] : [],
  )
}
