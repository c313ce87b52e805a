import { SallyportError } from '../../errors.ts'
import type { Relation } from '../catalog.ts'
import type { ColumnRef } from '../facts.ts'
import { findRelation, sameAlias } from './fold.ts'
import { derivedColumns, type Place, readExpr, resolveQuery } from './resolve_query.ts'
import {
  ambiguous,
  findCte,
  lookup,
  mark,
  type OpenUse,
  opaque,
  type Resolution,
  type Scope,
  type ScopeColumn,
  type Source,
  sourcesOf,
} from './scope.ts'
import type { JoinedTable, TableItem, TableName } from './tree.ts'

export interface ResolvedFrom {
  readonly sources: readonly Source[]
  readonly merged: readonly string[]
  readonly rowSources: readonly ColumnRef[]
}

const NOTHING: ResolvedFrom = { sources: [], merged: [], rowSources: [] }

/** The sources of a FROM clause, left to right, with the columns that its join conditions read. */
export function resolveFrom(state: Resolution, item: TableItem | null, place: Place): ResolvedFrom {
  if (item === null) return NOTHING
  const resolved = resolveItem(state, item, place)
  for (const [index, source] of resolved.sources.entries()) {
    for (const other of resolved.sources.slice(index + 1))
      if (sameAlias(state.context.catalog, source.name, other.name) !== 'different') throw ambiguous(other.name)
  }
  return resolved
}

function resolveItem(state: Resolution, item: TableItem, place: Place): ResolvedFrom {
  switch (item.kind) {
    case 'table':
      return resolveTable(state, item, place)
    case 'derived': {
      const result = resolveQuery(state, item.query, { ...place, top: false }, null)
      const columns = derivedColumns(item, result.outputs, false)
      const source = { name: item.alias.value, use: null, columns }
      return { sources: [source], merged: [], rowSources: result.rowSources }
    }
    case 'list':
      return item.items.map((part) => resolveItem(state, part, place)).reduce(both, NOTHING)
    case 'join':
      return resolveJoin(state, item, place)
  }
}

function both(left: ResolvedFrom, right: ResolvedFrom): ResolvedFrom {
  return {
    sources: [...left.sources, ...right.sources],
    merged: [...left.merged, ...right.merged],
    rowSources: [...left.rowSources, ...right.rowSources],
  }
}

/** ON and its subqueries see the tables of their own join, then the outer query: not the rest of the same FROM. */
function resolveJoin(state: Resolution, join: JoinedTable, place: Place): ResolvedFrom {
  const left = resolveItem(state, join.left, place)
  const right = resolveItem(state, join.right, place)
  const joined = both(left, right)
  const rows: ColumnRef[] = []
  if (join.on) {
    const scope = scopeOf(state, joined, place)
    rows.push(...readExpr(state, join.on, { outer: scope, ctes: place.ctes, top: false }, scope, 'columns'))
  }
  for (const name of join.using ?? []) {
    const column = { kind: 'column', parts: [name] } as const
    for (const side of [left, right]) {
      const found = lookup(column, scopeOf(state, side, { ...place, outer: null }), 'columns')
      mark(found, 'computed')
      rows.push(...sourcesOf(found))
    }
  }
  const merged = [...joined.merged, ...(join.using ?? []).map(({ value }) => value)]
  return { sources: joined.sources, merged, rowSources: [...joined.rowSources, ...rows] }
}

function scopeOf(state: Resolution, from: ResolvedFrom, place: Place): Scope {
  return {
    catalog: state.context.catalog,
    sources: from.sources,
    merged: from.merged,
    outputs: [],
    open: false,
    parent: place.outer,
  }
}

function resolveTable(state: Resolution, table: TableName, place: Place): ResolvedFrom {
  const cte = table.parts.length === 1 ? findCte(table.parts[0]!.value, place.ctes) : null
  if (cte !== null) {
    if (cte.result.columns === null) throw opaque(`the common table ${cte.cte.name.value} is used before it is defined`)
    if (table.partition || table.hints) throw opaque('a common table takes no partitions and hints')
    const name = (table.alias ?? table.parts[0]!).value
    return { sources: [{ name, use: null, columns: cte.result.columns }], merged: [], rowSources: [] }
  }
  const use = openUse(state, table, 'read', null)
  return { sources: [sourceOf(use)], merged: [], rowSources: [] }
}

/** Registers a reference to a base relation or view. */
export function openUse(state: Resolution, table: TableName, role: 'read' | 'target', fixed: string | null): OpenUse {
  const relation = relationOf(state, table)
  const first = table.parts[0]!
  const use: OpenUse = {
    id: state.uses.length,
    relation,
    role,
    span: { start: first.start, end: table.parts.at(-1)!.end },
    only: false,
    qualified: table.parts.length === 2,
    alias: (table.alias ?? table.parts.at(-1)!).value,
    hasAlias: table.alias !== null,
    qualifiers: [],
    columns: new Map(),
    wholeRow: false,
    ...(table.partition ? { partition: table.partition } : {}),
    fixed: fixed ?? (table.hints ? 'the reference carries index hints' : null),
  }
  state.uses.push(use)
  return use
}

function relationOf({ context }: Resolution, table: TableName): Relation {
  const schema = table.parts.length === 2 ? table.parts[0]!.value : context.defaultDatabase
  const name = table.parts.at(-1)!.value
  if (schema === null) throw new SallyportError('SP-NAME', `no database is selected for the table ${name}`)
  const relation = findRelation(context.catalog, schema, name)
  if (relation === null) throw new SallyportError('SP-NAME', `unknown table ${schema}.${name}`)
  return relation
}

export function sourceOf(use: OpenUse): Source {
  const columns: ScopeColumn[] = use.relation.columns.map(({ name }) => ({
    name,
    base: { use, column: name },
    sources: [{ relation: use.relation, column: name }],
  }))
  return { name: use.alias, use, columns }
}
