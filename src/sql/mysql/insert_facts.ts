import type { ColumnRef, Given, Verb } from '../facts.ts'
import { sameColumn } from './fold.ts'
import { openUse, sourceOf } from './resolve_from.ts'
import { type Output, resolveQuery } from './resolve_query.ts'
import { ambiguous, mark, type OpenUse, opaque, type Resolution, type Scope, type Source, unique } from './scope.ts'
import { resolveItems } from './select_list.ts'
import type { Query } from './tree.ts'
import { columnOf, noteGiven, OUTERMOST, readAll, scopeOver } from './write_scope.ts'
import type { Insert, RowAlias } from './write_tree.ts'

/** What a write comes to, apart from the uses that the resolution has collected. */
export interface Written {
  readonly verbs: readonly Verb[]
  readonly rowSources: readonly ColumnRef[]
  readonly output: readonly Output[] | null
  /** What is laid over each target's use. */
  readonly targets: ReadonlyMap<OpenUse, Partial<OpenUse>>
  readonly hasWhere: boolean
  /** What decides which rows are written tells nothing of a row: see `StatementFacts.plainRows`. */
  readonly plainRows?: boolean
}

/** INSERT and REPLACE: one target, whose row may take the place of another one. */
export function readInsert(state: Resolution, parsed: Insert): Written {
  const use = openUse(state, parsed.table, 'target', 'the target of insert')
  const scope = scopeOver(state, [sourceOf(use)])
  const given = new Map<string, Given[]>()
  const columns = writtenColumns(parsed, scope, use)
  noteRows(parsed, columns, given)
  const rows = readAll(state, (parsed.rows ?? []).flat(), scope)
  const result = parsed.query === null ? null : resolveQuery(state, withoutParentheses(parsed.query), OUTERMOST, null)
  rows.push(...(result?.rowSources ?? []))
  rows.push(...onDuplicate(state, parsed, scope, result?.scope?.sources ?? [], given))
  const output = parsed.returning && resolveItems(state, parsed.returning, parsed.table, scope, null)
  const conflict = parsed.replace || parsed.ignore || parsed.onDuplicate.length > 0
  return {
    verbs: [
      'insert',
      ...(parsed.replace ? (['delete'] as const) : []),
      ...(parsed.onDuplicate.length > 0 ? (['update'] as const) : []),
    ],
    rowSources: unique(rows),
    output,
    targets: new Map([[use, { given, conflict }]]),
    hasWhere: false,
  }
}

/** `(SELECT ...)` offers its tables to ON DUPLICATE KEY UPDATE as it would without them. */
function withoutParentheses(query: Query): Query {
  const [first, ...others] = query.terms
  const wraps = others.length === 0 && query.ctes.length === 0 && query.orderBy.length === 0
  return wraps && first?.kind === 'query' ? withoutParentheses(first) : query
}

/** The columns that get values, in their order. A list of none and a row of none leave all to the defaults. */
function writtenColumns(parsed: Insert, scope: Scope, use: OpenUse): readonly string[] {
  const empty = parsed.rows?.every((row) => row.length === 0)
  if (parsed.columns === null) {
    const all = use.relation.columns.filter(({ invisible }) => !invisible)
    const names = empty ? [] : all.map(({ name }) => name)
    for (const name of names) if (!use.columns.has(name)) use.columns.set(name, 'written')
    return names
  }
  return parsed.columns.map((name) => {
    const column = columnOf(name, scope)
    mark([column], 'written')
    return column.base.column
  })
}

function noteRows({ rows }: Insert, columns: readonly string[], given: Map<string, Given[]>): void {
  for (const [index, name] of columns.entries())
    given.set(name, rows === null ? [undefined] : rows.map((row) => row[index]?.given))
}

/**
 * Assignments name columns of the target; their values may also name the inserted row by its alias, and the tables of
 * the SELECT that gives the rows, where it has no groups and is no set operation.
 */
function onDuplicate(
  state: Resolution,
  { onDuplicate: set, alias, query }: Insert,
  scope: Scope,
  selected: readonly Source[],
  given: Map<string, Given[]>,
): readonly ColumnRef[] {
  for (const { target, value } of set) {
    const column = columnOf(target, scope)
    mark([column], 'written')
    noteGiven(given, column.base.column, value.given)
  }
  if (alias !== null && query !== null) throw opaque('a row alias stands behind values only')
  const own = scope.sources[0]!
  const inserted = alias === null ? [] : [insertedRow(alias, own)]
  for (const { name } of [...selected, ...inserted])
    if (sameColumn(name, own.name) !== 'different' && set.length > 0) throw ambiguous(name)
  const visible: Scope = { ...scope, sources: [own, ...inserted, ...selected] }
  const values = set.map(({ value }) => value)
  return readAll(state, values, visible)
}

/** The row that comes anew holds nothing that is stored. */
function insertedRow({ name, columns }: RowAlias, target: Source): Source {
  const names = columns ?? target.columns.map((column) => column.name)
  return { name: name.value, use: null, columns: names.map((column) => ({ name: column, base: null, sources: [] })) }
}
