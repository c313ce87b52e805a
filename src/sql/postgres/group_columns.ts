import type { Replacement } from './expected_tree.ts'
import { type Body, list, num, open } from './node.ts'
import { isKeyword, quoteName, type Source, textOf } from './source.ts'

/**
 * GROUP BY a primary key lets the table's other columns stand alone; a subquery has no primary key, so that they are
 * added to the grouping. That changes no group, since the key decides them.
 */
export interface Grouping {
  /** Byte location of the first grouping expression, which tells the clause from others. */
  readonly location: number
  /** Where they are written, in UTF-16 units. */
  readonly unit: number
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

/** The byte location where a select's first grouping expression begins but for parentheses, or null without one. */
export function groupingLocation(select: Body): number | null {
  const first = Array.isArray(select.groupClause) ? select.groupClause[0] : undefined
  return first === undefined ? null : firstLocation(first)
}

/** An operator is located where it stands, between its operands. */
function firstLocation(value: unknown): number | null {
  if (typeof value !== 'object' || value === null) return null
  const inner = Object.values(value).flatMap((each) => firstLocation(each) ?? [])
  const own = (value as Body).location
  const all = typeof own === 'number' && own >= 0 ? [own, ...inner] : inner
  return all.length === 0 ? null : Math.min(...all)
}

/** The place after BY, past the parentheses and the DISTINCT or ALL that may stand there, or null. */
function insertionUnit(source: Source, location: number): number | null {
  let index = source.starts.get(source.unit(location))
  if (index === undefined) return null
  while (textOf(source, index - 1) === '(') index--
  const word = isKeyword(source, index - 1, 'distinct') || isKeyword(source, index - 1, 'all') ? index - 2 : index - 1
  return isKeyword(source, word, 'by') ? source.tokens[index]!.start : null
}

function groupingOf(select: Body, source: Source, replacements: readonly Replacement[]): Grouping | null {
  const location = groupingLocation(select)
  const unit = location === null ? null : insertionUnit(source, location)
  if (location === null || unit === null) return null
  const paths = groupedPaths(select)
  const columns = ranges(list(select, 'fromClause')).flatMap((range) => {
    const at = source.unit(num(range, 'location'))
    const replacement = replacements.find(({ use }) => use.span.start <= at && at < use.span.end)
    return replacement === undefined || replacement.sql === null ? [] : dependents(replacement, paths)
  })
  return columns.length === 0 ? null : { location, unit, columns }
}

/** The columns of a reference that its grouped primary key decides, as far as the statement names them. */
function dependents({ use, alias }: Replacement, paths: readonly string[]): Grouping['columns'] {
  const { primaryKey, columns } = use.relation
  const isGrouped = (name: string) =>
    paths.includes(name) || paths.some((path) => path.endsWith(`${use.alias}\0${name}`))
  if (primaryKey.length === 0 || !primaryKey.every(isGrouped)) return []
  const named = columns.filter((column) => use.columns.has(column.name) && !isGrouped(column.name))
  return named.map((column) => ({ alias, name: column.name }))
}

/** The grouping columns as written, parts joined by NUL; a number stands for the column of the select list. */
function groupedPaths(select: Body): readonly string[] {
  return list(select, 'groupClause').flatMap((value) => {
    const node = open(value)
    if (node.tag === 'ColumnRef') return [path(node.body), ...named(select, path(node.body))]
    const constant = node.tag === 'A_Const' ? (node.body.ival as { ival?: unknown } | undefined)?.ival : undefined
    const target = typeof constant === 'number' ? list(select, 'targetList')[constant - 1] : undefined
    const result = target === undefined ? null : open(open(target).body.val)
    return result?.tag === 'ColumnRef' ? [path(result.body)] : []
  })
}

/** The column that a name of the select list stands for. Where FROM has a column of that name the server refuses. */
function named(select: Body, name: string): readonly string[] {
  return list(select, 'targetList').flatMap((value) => {
    const target = open(value).body
    const result = target.name === name && target.val !== undefined ? open(target.val) : null
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
