import { integerOf, isConstant } from './constant.ts'
import { type Place, walk } from './expression.ts'
import { addSources, type Field, type Sources } from './field.ts'
import { type Body, list, opaque, open, openOnly, str } from './node.ts'
import { findColumnHere } from './scope.ts'
import { useSortOperator } from './window.ts'
import { compute } from './work.ts'

/**
 * ORDER BY and DISTINCT ON (parse_clause.c, findTargetlistEntrySQL92): an output name first, then an ordinal. Returns
 * what each key depends on.
 */
export function readOrder(place: Place, clauses: readonly unknown[], fields: readonly Field[]): readonly Sources[] {
  return clauses.map((clause) => {
    const body = openOnly('SortBy', clause)
    const key: Sources = new Map()
    const own = { ...place, sink: key }
    useSortOperator(own, body)
    if (!useOutput(own, body.node, fields, bareName(body.node))) walk(own, body.node)
    addSources(place.sink, key)
    return key
  })
}

/** GROUP BY: a column of FROM comes before an output name. */
export function readGroups(place: Place, clauses: readonly unknown[], fields: readonly Field[]): void {
  for (const clause of clauses) readGroup(place, clause, fields)
}

const GROUPING_SETS: ReadonlySet<string> = new Set([
  'GROUPING_SET_EMPTY',
  'GROUPING_SET_SIMPLE',
  'GROUPING_SET_ROLLUP',
  'GROUPING_SET_CUBE',
  'GROUPING_SET_SETS',
])

function readGroup(place: Place, clause: unknown, fields: readonly Field[]): void {
  const { tag, body } = open(clause)
  if (tag === 'GroupingSet') return readGroupingSet(place, body, fields)
  if (tag === 'RowExpr') return readGroups(place, list(body, 'args'), fields)
  const name = bareName(clause)
  const inFrom = name !== null && findColumnHere(place.work, place.scope, name)
  if (!useOutput(place, clause, fields, inFrom ? null : name)) walk(place, clause)
}

function readGroupingSet(place: Place, body: Body, fields: readonly Field[]): void {
  if (!GROUPING_SETS.has(str(body, 'kind'))) opaque(`the grouping set ${str(body, 'kind')}`)
  readGroups(place, list(body, 'content'), fields)
}

/** True where the clause means a column of the result, by name or by number. */
function useOutput(place: Place, node: unknown, fields: readonly Field[], name: string | null): boolean {
  const named = name === null ? [] : fields.filter((field) => field.name === name)
  for (const field of named) compute(place.work, field, place.sink)
  if (named.length > 0) return true
  if (!isConstant(node)) return false
  const ordinal = integerOf(node) ?? opaque('a constant that is no number of a column')
  const field = fields[ordinal - 1] ?? opaque(`position ${ordinal} is not in the select list`)
  compute(place.work, field, place.sink)
  return true
}

function bareName(value: unknown): string | null {
  const { tag, body } = open(value)
  if (tag !== 'ColumnRef') return null
  const parts = list(body, 'fields').map(open)
  const only = parts[0]
  return parts.length === 1 && only?.tag === 'String' ? str(only.body, 'sval') : null
}
