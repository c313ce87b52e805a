import { SallyportError } from '../../errors.ts'
import type { Relation } from '../catalog.ts'
import type { ColumnRef } from '../facts.ts'
import { findRelation, sameAlias } from './fold.ts'
import { joinGroups, mergedNames } from './join_columns.ts'
import { derivedColumns, type Place, readCondition, readExpr, resolveQuery } from './resolve_query.ts'
import {
  ambiguous,
  columnsNamed,
  findCte,
  mark,
  type OpenUse,
  opaque,
  type Resolution,
  type Scope,
  type ScopeColumn,
  type Source,
  sourcesOf,
} from './scope.ts'
import type { JoinedTable, JsonTable, TableItem, TableName } from './tree.ts'

export interface ResolvedFrom {
  readonly sources: readonly Source[]
  readonly merged: readonly string[]
  readonly rowSources: readonly ColumnRef[]
}

/** No table at all. */
const NOTHING: ResolvedFrom = { sources: [], merged: [], rowSources: [] }

/** The sources of a FROM clause, left to right, with the columns that its join conditions read. */
export function resolveFrom(state: Resolution, item: TableItem | null, place: Place): ResolvedFrom {
  if (item === null) return NOTHING
  const resolved = resolveItem(state, item, place, NOTHING)
  for (const [index, source] of resolved.sources.entries()) {
    for (const other of resolved.sources.slice(index + 1)) if (clash(state, source, other)) throw ambiguous(other.name)
  }
  return resolved
}

/** Tables of one name from two databases may stand side by side. */
function clash({ context }: Resolution, one: Source, other: Source): boolean {
  if (sameAlias(context.catalog, one.name, other.name) === 'different') return false
  const bare = one.use?.hasAlias === false && other.use?.hasAlias === false
  return !bare || one.use.relation.schema.toLowerCase() === other.use.relation.schema.toLowerCase()
}

/** `before`: what stands to the left in the same FROM, which LATERAL and JSON_TABLE see. */
function resolveItem(state: Resolution, item: TableItem, place: Place, before: ResolvedFrom): ResolvedFrom {
  switch (item.kind) {
    case 'table':
      return resolveTable(state, item, place)
    case 'derived': {
      const outer = item.lateral ? scopeOf(state, before, place) : place.outer
      const result = resolveQuery(state, item.query, { ...place, outer, top: false }, null)
      const columns = derivedColumns(item, result.outputs, false)
      return { ...NOTHING, sources: [{ name: item.alias.value, use: null, columns }], rowSources: result.rowSources }
    }
    case 'json_table':
      return resolveJsonTable(state, item, place, before)
    case 'list':
      return item.items.reduce((left, part) => both(left, resolveItem(state, part, place, both(before, left))), NOTHING)
    case 'join':
      return resolveJoin(state, item, place, before)
  }
}

/** Its rows and each of its columns are made of the document. */
function resolveJsonTable(state: Resolution, item: JsonTable, place: Place, before: ResolvedFrom): ResolvedFrom {
  const scope = scopeOf(state, before, place)
  const sources = readExpr(state, item.source, { outer: scope, ctes: place.ctes, top: false }, scope, 'columns')
  const columns = item.columns.map((name) => ({ name, base: null, sources }))
  return { ...NOTHING, sources: [{ name: item.alias.value, use: null, columns }], rowSources: sources }
}

function both(left: ResolvedFrom, right: ResolvedFrom): ResolvedFrom {
  return {
    sources: [...left.sources, ...right.sources],
    merged: [...left.merged, ...right.merged],
    rowSources: [...left.rowSources, ...right.rowSources],
  }
}

/** ON and its subqueries see the tables of their own join, then the outer query: not the rest of the same FROM. */
function resolveJoin(state: Resolution, join: JoinedTable, place: Place, before: ResolvedFrom): ResolvedFrom {
  const left = resolveItem(state, join.left, place, before)
  const right = resolveItem(state, join.right, place, both(before, left))
  const joined = both(left, right)
  const rows: ColumnRef[] = []
  if (join.on) {
    const scope = scopeOf(state, joined, place)
    rows.push(...readCondition(state, join.on, { outer: scope, ctes: place.ctes, top: false }, scope))
  }
  const names = mergedNames(join, joinGroups(join.left, left.sources), joinGroups(join.right, right.sources)) ?? []
  for (const name of names) {
    for (const side of [left, right]) {
      const found = columnsNamed(name, scopeOf(state, side, { ...place, outer: null }))
      mark(found, 'computed')
      rows.push(...sourcesOf(found))
    }
  }
  return { sources: joined.sources, merged: [...joined.merged, ...names], rowSources: [...joined.rowSources, ...rows] }
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
  const cte = table.parts.length === 1 ? findCte(table.parts[0]!.value, place.ctes, state.context.catalog) : null
  if (cte !== null) {
    if (cte.result.columns === null) throw opaque(`the common table ${cte.cte.name.value} is used before it is defined`)
    if (table.partition || table.hints || table.period || table.sampled)
      throw opaque('a common table takes no partitions, periods, samples and hints')
    const name = (table.alias ?? table.parts[0]!).value
    return { sources: [{ name, use: null, columns: cte.result.columns }], merged: [], rowSources: [] }
  }
  const use = openUse(state, table, 'read', extentOf(table))
  for (const expr of table.period ?? []) {
    const scope = scopeOf(state, NOTHING, place)
    readExpr(state, expr, { ...place, outer: scope, top: false }, scope, 'columns')
  }
  return { sources: [sourceOf(use)], merged: [], rowSources: [] }
}

/** Why a subquery in place of the reference would not have the same rows. */
function extentOf({ period, sampled, nameOnly }: TableName): string | null {
  if (nameOnly) return 'TABLE takes nothing but a name'
  if (sampled) return 'TABLESAMPLE stands behind the reference'
  return period === null ? null : 'FOR SYSTEM_TIME stands behind the reference'
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
    seen: { lookups: new Map(), otherwise: new Set() },
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
  const columns: ScopeColumn[] = use.relation.columns.map(({ name, invisible }) => ({
    name,
    base: { use, column: name },
    sources: [{ relation: use.relation, column: name }],
    hidden: invisible === true,
  }))
  return { name: use.alias, use, columns }
}
