import type { RelationUse, Span } from '../facts.ts'
import type { PostgresParser } from '../parsers.ts'
import { type Grouping, groupingLocation, groupingNodes } from './group_columns.ts'
import { type Body, list, num, opaque, openOnly } from './node.ts'
import { havingTree, onlyRange } from './rewrite_groups.ts'
import { filteredCondition, type RowFilter } from './rewrite_target.ts'
import { quoteName, type Source } from './source.ts'
import { type Star, writtenOut } from './star_columns.ts'

/** A reference and the subquery that stands in for it, or null where only its schema is added. */
export interface Replacement {
  readonly use: RelationUse
  readonly sql: string | null
  /** The name that column references use from now on. */
  readonly alias: string
  /** What a write's own condition is joined with. */
  readonly filter?: RowFilter
  /** What each group of the query must satisfy. */
  readonly groups?: string | null
}

/** Fields that say where something stands in the text, and nothing of what it means. */
const PLACES: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
  'name_location',
])

/** True where the schema in front of a column would no longer resolve. */
function isRenamed({ sql, filter }: Replacement): boolean {
  return sql !== null || (filter !== undefined && filter.picked !== null)
}

/** The prefixes of column references that have to be written anew. */
export function changedPrefixes({ use, alias }: Replacement): readonly Span[] {
  return alias === use.alias ? use.qualifiers : (use.prefixes ?? [])
}

/** The tree that the rewritten text must have: the original with the planned references replaced. */
export function expectedTree(
  tree: unknown,
  source: Source,
  replacements: readonly Replacement[],
  groupings: readonly Grouping[],
  stars: readonly Star[],
  parser: PostgresParser,
): unknown {
  const find = (body: Body) => {
    const at = source.unit(num(body, 'location'))
    return replacements.find(({ use }) => use.span.start <= at && at < use.span.end)
  }
  const findQualifier = (body: Body) => {
    const at = source.unit(num(body, 'location'))
    return replacements.find((each) => isRenamed(each) && changedPrefixes(each).some((span) => span.start === at))
  }
  const starOf = (value: unknown) => writtenOut(value, source, stars)
  const copy = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.flatMap((each) => starOf(each) ?? [copy(each, '')])
    if (typeof value !== 'object' || value === null) return value
    const body = value as Body
    if (key === 'RangeVar' || (key === 'relation' && !('RangeVar' in body))) return rangeOf(body, find(body))
    if (key === 'ColumnRef') return columnOf(body, findQualifier(body))
    const substituted = wrapped(body, find, parser)
    if (substituted !== null) return substituted
    const copied = Object.fromEntries(Object.entries(body).map(([name, inner]) => [name, copy(inner, name)]))
    const filter = key === 'UpdateStmt' || key === 'DeleteStmt' ? find(body.relation as Body)?.filter : undefined
    if (filter) return { ...copied, whereClause: filteredCondition(filter, copied.whereClause, parser) }
    const range = onlyRange(body)
    const groups = range === undefined ? null : find(range)?.groups
    if (groups) return withGrouping(body, { ...copied, havingClause: havingTree(groups, parser) }, groupings)
    return withGrouping(body, copied, groupings)
  }
  return copy(tree, '')
}

function withGrouping(body: Body, copied: Body, groupings: readonly Grouping[]): Body {
  if (groupings.length === 0 || !('groupClause' in body)) return copied
  const location = groupingLocation(body)
  const grouping = groupings.find((each) => each.location === location)
  if (grouping === undefined) return copied
  return { ...copied, groupClause: [...groupingNodes(grouping), ...list(copied, 'groupClause')] }
}

/** Equal but for places in the text. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = (value: object) => Object.keys(value).filter((key) => !PLACES.has(key))
  const [left, right] = [keys(a), keys(b)]
  return left.length === right.length && left.every((key) => key in b && sameTree((a as Body)[key], (b as Body)[key]))
}

/** An entry of FROM that a subquery replaces. */
function wrapped(body: Body, find: (body: Body) => Replacement | undefined, parser: PostgresParser): unknown {
  const sampled = body.RangeTableSample as Body | undefined
  const range = (sampled === undefined ? body : (sampled.relation as Body)).RangeVar as Body | undefined
  const replacement = range === undefined ? undefined : find(range)
  if (range === undefined || replacement === undefined || replacement.sql === null) return null
  const subquery = parseSubquery(replacement.sql, replacement.alias, parser)
  return { RangeSubselect: { ...subquery, alias: range.alias ?? subquery.alias } }
}

function rangeOf(body: Body, replacement: Replacement | undefined): unknown {
  if (replacement === undefined) return body
  return { ...body, schemaname: replacement.use.relation.schema }
}

function columnOf(body: Body, replacement: Replacement | undefined): unknown {
  if (replacement === undefined) return body
  return { ...body, fields: [{ String: { sval: replacement.alias } }, ...list(body, 'fields').slice(-1)] }
}

function parseSubquery(sql: string, alias: string, parser: PostgresParser): Body {
  const tree = parser.parse(`SELECT 1 FROM ${sql} AS ${quoteName(alias)}`) as { stmts: readonly { stmt: unknown }[] }
  const only = tree.stmts[0]
  if (tree.stmts.length !== 1 || only === undefined) return opaque('a subquery is more than one statement')
  const select = openOnly('SelectStmt', only.stmt)
  const entries = list(select, 'fromClause')
  if (entries.length !== 1) opaque('a subquery is more than one entry')
  return openOnly('RangeSubselect', entries[0])
}
