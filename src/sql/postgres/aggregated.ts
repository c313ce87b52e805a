import { type Body, has, list, names, open } from './node.ts'
import type { Work } from './work.ts'

/** Aggregates that say something of a group and nothing of one row in it, as long as the group is large. */
const AGGREGATES: ReadonlySet<string> = new Set(
  'count sum avg stddev stddev_pop stddev_samp variance var_pop var_samp'.split(' '),
)

/** Clauses in whose presence a row could be met more than once, or a group judged before its size is. */
const FORBIDDEN = 'withClause larg valuesLists havingClause windowClause distinctClause lockingClause'.split(' ')

/** Nodes that could bring other rows, other groupings or the row as a whole. */
const FORBIDDEN_NODES: ReadonlySet<string> = new Set(['SubLink', 'GroupingSet', 'GroupingFunc', 'A_Star'])

/**
 * Columns that a query over one table alone, each of its rows met once, uses as nothing but the argument of such an
 * aggregate in the select list or ORDER BY. A join would weigh the rows, and HAVING would be asked of small groups too.
 */
export function aggregatedColumns(work: Work, select: Body): ReadonlySet<string> {
  const nothing = new Set<string>()
  const [use, ...others] = work.uses
  const entries = list(select, 'fromClause')
  const single = entries.length === 1 && open(entries[0]).tag === 'RangeVar'
  if (use === undefined || others.length > 0 || !single || use.wholeRow) return nothing
  if (FORBIDDEN.some((clause) => has(select, clause)) || work.functions.some(({ userDefined }) => userDefined)) {
    return nothing
  }
  const found = { inside: new Set<string>(), outside: new Set<string>(), forbidden: false }
  const { targetList, sortClause, ...rest } = select
  for (const part of [targetList, sortClause]) collect(part, true, found)
  collect(rest, false, found)
  const renamed = has(open(entries[0]).body, 'alias') && list(aliasOf(entries[0]), 'colnames').length > 0
  if (found.forbidden || renamed) return nothing
  return new Set([...found.inside].filter((name) => !found.outside.has(name)))
}

interface Found {
  readonly inside: Set<string>
  readonly outside: Set<string>
  forbidden: boolean
}

function collect(value: unknown, aggregates: boolean, found: Found): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    if (FORBIDDEN_NODES.has(key)) found.forbidden = true
    const body = inner as Body
    if (key === 'FuncCall') found.forbidden ||= has(body, 'over')
    const argument = key === 'FuncCall' && aggregates ? aggregateArgument(body) : null
    if (argument !== null) found.inside.add(argument)
    else if (key === 'ColumnRef') found.outside.add(lastName(body))
    else collect(inner, aggregates, found)
  }
}

/** The column of `sum(column)`, without DISTINCT, FILTER, ORDER BY or a window, or null. */
function aggregateArgument(body: Body): string | null {
  const parts = names(body, 'funcname')
  const builtin = parts.length === 1 || (parts.length === 2 && parts[0] === 'pg_catalog')
  const plain = ['agg_order', 'agg_filter', 'over', 'agg_distinct', 'agg_within_group', 'func_variadic', 'agg_star']
  if (!builtin || !AGGREGATES.has(parts.at(-1) ?? '') || plain.some((field) => has(body, field))) return null
  const args = list(body, 'args')
  const only = args.length === 1 ? open(args[0]) : null
  return only?.tag === 'ColumnRef' ? lastName(only.body) : null
}

function lastName(body: Body): string {
  const last = open(list(body, 'fields').at(-1))
  return typeof last.body.sval === 'string' ? last.body.sval : ''
}

function aliasOf(entry: unknown): Body {
  return (open(entry).body.alias ?? {}) as Body
}
