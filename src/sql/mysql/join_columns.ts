import { sameColumn } from './fold.ts'
import { opaque, type Scope, type ScopeColumn, starSource } from './scope.ts'
import type { StarItem, TableItem } from './tree.ts'

/** What `*` and `t.*` stand for, in order. A group holds several columns where USING merged them. */
export function starColumns(item: StarItem, from: TableItem | null, scope: Scope): ScopeColumn[][] {
  if (item.parts.length > 0) return starSource(item.parts, scope).columns.map((column) => [column])
  if (from === null) throw opaque('* without FROM')
  const sources = [...scope.sources]
  const groups = itemColumns(from, () => sources.shift()!.columns)
  return groups
}

/** Walks the tables in the order in which their sources were made. */
function itemColumns(item: TableItem, nextSource: () => readonly ScopeColumn[]): ScopeColumn[][] {
  if (item.kind === 'table' || item.kind === 'derived') return nextSource().map((column) => [column])
  if (item.kind === 'list') return item.items.flatMap((part) => itemColumns(part, nextSource))
  const left = itemColumns(item.left, nextSource)
  const right = itemColumns(item.right, nextSource)
  if (item.using === null) return [...left, ...right]
  if (item.rightJoin) throw opaque('* over a RIGHT JOIN with USING')
  const using = item.using.map(({ value }) => value)
  return merge(left, right, using)
}

/** The merged columns first, in the order of the left side, then what remains of each side (Reference Manual 15.2.13.2). */
function merge(left: ScopeColumn[][], right: ScopeColumn[][], using: readonly string[]): ScopeColumn[][] {
  const isMerged = (group: readonly ScopeColumn[]): boolean =>
    using.some((name) => sameColumn(name, group[0]!.name) === 'same')
  const shared = left.filter(isMerged).map((group) => {
    const partner = right.find((other) => sameColumn(other[0]!.name, group[0]!.name) === 'same')
    if (!partner) throw opaque('a USING column is missing on one side')
    return [...group, ...partner]
  })
  const rest = [...left, ...right].filter((group) => !isMerged(group))
  return [...shared, ...rest]
}
