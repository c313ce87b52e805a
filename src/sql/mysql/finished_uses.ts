import type { RelationUse } from '../facts.ts'
import type { OpenUse } from './scope.ts'
import type { Notes } from './tree.ts'

/** The uses of a statement when all of it is resolved, with what keeps them from being substituted. */
export function finishedUses(
  uses: readonly OpenUse[],
  notes: Notes,
  settled: ReadonlyMap<OpenUse, ReadonlySet<string>> = new Map(),
): readonly RelationUse[] {
  return uses.map((open) => {
    const { seen, ...use } = open
    const locked = notes.locking ? { ...use, locked: true } : use
    const columns = settled.get(open)
    const asked = { ...locked, ...lookupsOf(seen), ...(columns ? { settled: columns } : {}) }
    return use.fixed === null && notes.expands && namesHidden(use) ? { ...asked, fixed: HIDDEN } : asked
  })
}

function lookupsOf({ lookups, otherwise }: OpenUse['seen']): Pick<RelationUse, 'lookups'> {
  const kept = [...lookups].filter(([column]) => !otherwise.has(column))
  return kept.length > 0 ? { lookups: new Map(kept) } : {}
}

/** A subquery has no invisible columns: one that offers such a column would show it to every `*`. */
const HIDDEN = 'an invisible column is named beside a * or NATURAL'

function namesHidden({ relation, columns }: RelationUse): boolean {
  return relation.columns.some(({ name, invisible }) => invisible === true && columns.has(name))
}
