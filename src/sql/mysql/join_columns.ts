import { sameColumn } from './fold.ts'
import { ambiguous, opaque, type Scope, type ScopeColumn, type Source, starSource } from './scope.ts'
import type { JoinedTable, StarItem, TableItem } from './tree.ts'

/** One column as `*` shows it; several where USING or NATURAL merged them. */
export type Group = readonly ScopeColumn[]

/** What `*` and `t.*` stand for, in order. */
export function starColumns(item: StarItem, from: TableItem | null, scope: Scope): Group[] {
  if (item.parts.length > 0) return visible(starSource(item.parts, scope))
  if (from === null) throw opaque('* without FROM')
  return joinGroups(from, scope.sources)
}

/** The columns of an item whose sources these are, in the order in which the item names them. */
export function joinGroups(item: TableItem, sources: readonly Source[]): Group[] {
  const rest = [...sources]
  return itemColumns(item, () => rest.shift()!)
}

/** `*` and NATURAL leave invisible columns out. */
function visible({ columns }: Source): Group[] {
  return columns.filter(({ hidden }) => hidden !== true).map((column) => [column])
}

function itemColumns(item: TableItem, nextSource: () => Source): Group[] {
  if (item.kind === 'list') return item.items.flatMap((part) => itemColumns(part, nextSource))
  if (item.kind !== 'join') return visible(nextSource())
  const left = itemColumns(item.left, nextSource)
  const right = itemColumns(item.right, nextSource)
  const names = mergedNames(item, left, right)
  if (names === null) return [...left, ...right]
  return item.rightJoin ? merge(right, left, names) : merge(left, right, names)
}

/** The columns that a join merges: those of USING, or for NATURAL those that both sides have; null without either. */
export function mergedNames(join: JoinedTable, left: readonly Group[], right: readonly Group[]): string[] | null {
  if (join.using !== null) return join.using.map(({ value }) => value)
  if (!join.natural) return null
  return left.flatMap((group) => (right.some((other) => isSame(group, other)) ? [group[0]!.name] : []))
}

function isSame(left: Group, right: Group): boolean {
  const sameness = sameColumn(left[0]!.name, right[0]!.name)
  if (sameness === 'unclear') throw ambiguous(left[0]!.name)
  return sameness === 'same'
}

/**
 * The merged columns first, in the order of the first side, then what remains of each side (Reference Manual
 * 15.2.13.2). A RIGHT JOIN counts as a LEFT JOIN with its sides exchanged, which both flavours were seen to do.
 */
function merge(first: readonly Group[], second: readonly Group[], names: readonly string[]): Group[] {
  const isMerged = (group: Group): boolean => names.some((name) => sameColumn(name, group[0]!.name) === 'same')
  const shared = first.filter(isMerged).map((group) => {
    const [partner, another] = second.filter((other) => isSame(group, other))
    if (another) throw ambiguous(group[0]!.name)
    if (!partner) throw opaque('a USING column is missing on one side')
    return [...group, ...partner]
  })
  const rest = [...first, ...second].filter((group) => !isMerged(group))
  return [...shared, ...rest]
}
