import type { Replacement } from './expected_tree.ts'
import { type Body, list, num, open } from './node.ts'
import { isKeyword, quoteName, type Source } from './source.ts'

/**
 * GROUP BY a primary key lets the table's other columns stand alone; a subquery has no primary key, so that they are
 * added to the grouping. That changes no group, since the key decides them.
 */
export interface Grouping {
  /** Byte location of the first grouping expression, before which the columns are written. */
  readonly location: number
  readonly columns: readonly { readonly alias: string; readonly name: string }[]
}

export function groupingsOf(tree: unknown, source: Source, replacements: readonly Replacement[]): readonly Grouping[] {
  const found = new Map<number, Grouping>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const grouping = groupingOf(value as Body, source, replacements)
    if (grouping !== null) found.set(grouping.location, grouping)
    for (const inner of Object.values(value)) visit(inner)
  }
  visit(tree)
  return [...found.values()]
}

export function groupingSql(grouping: Grouping): string {
  return grouping.columns.map(({ alias, name }) => `${quoteName(alias)}.${quoteName(name)}, `).join('')
}

/** The nodes that the columns become. */
export function groupingNodes(grouping: Grouping): readonly unknown[] {
  return grouping.columns.map(({ alias, name }) => ({
    ColumnRef: { fields: [{ String: { sval: alias } }, { String: { sval: name } }] },
  }))
}

/** The byte location of a select's first grouping expression, or null where there is none that is plain. */
export function groupingLocation(select: Body): number | null {
  const first = Array.isArray(select.groupClause) ? select.groupClause[0] : undefined
  if (first === undefined) return null
  const { tag, body } = open(first)
  return tag === 'ColumnRef' || tag === 'A_Const' ? num(body, 'location') : null
}

function groupingOf(select: Body, source: Source, replacements: readonly Replacement[]): Grouping | null {
  const location = groupingLocation(select)
  const before = location === null ? undefined : source.starts.get(source.unit(location))
  if (location === null || before === undefined || !isKeyword(source, before - 1, 'by')) return null
  const paths = groupedPaths(select)
  const columns = ranges(list(select, 'fromClause')).flatMap((range) => {
    const at = source.unit(num(range, 'location'))
    const replacement = replacements.find(({ use }) => use.span.start <= at && at < use.span.end)
    return replacement === undefined || replacement.sql === null ? [] : dependents(replacement, paths)
  })
  return columns.length === 0 ? null : { location, columns }
}

/** The columns of a reference that its grouped primary key decides, as far as the statement names them. */
function dependents({ use }: Replacement, paths: readonly string[]): Grouping['columns'] {
  const { primaryKey, columns } = use.relation
  const isGrouped = (name: string) =>
    paths.includes(name) || paths.some((path) => path.endsWith(`${use.alias}\0${name}`))
  if (primaryKey.length === 0 || !primaryKey.every(isGrouped)) return []
  const named = columns.filter((column) => use.columns.has(column.name) && !isGrouped(column.name))
  return named.map((column) => ({ alias: use.alias, name: column.name }))
}

/** The grouping columns as written, parts joined by NUL; a number stands for the column of the select list. */
function groupedPaths(select: Body): readonly string[] {
  return list(select, 'groupClause').flatMap((value) => {
    const node = open(value)
    if (node.tag === 'ColumnRef') return [path(node.body)]
    const constant = node.tag === 'A_Const' ? (node.body.ival as { ival?: unknown } | undefined)?.ival : undefined
    const target = typeof constant === 'number' ? list(select, 'targetList')[constant - 1] : undefined
    const result = target === undefined ? null : open(open(target).body.val)
    return result?.tag === 'ColumnRef' ? [path(result.body)] : []
  })
}

function path(body: Body): string {
  const parts = list(body, 'fields').map((field) => open(field).body.sval ?? '*')
  return parts.join('\0')
}

/** The plain relations of FROM, through joins, that rename no columns. */
function ranges(entries: readonly unknown[]): readonly Body[] {
  return entries.flatMap((entry) => {
    const { tag, body } = open(entry)
    if (tag === 'JoinExpr') return body.alias === undefined ? ranges([body.larg, body.rarg]) : []
    const alias = body.alias as Body | undefined
    return tag === 'RangeVar' && alias?.colnames === undefined ? [body] : []
  })
}
