import type { OpenUse } from './scope.ts'
import type { Notes } from './tree.ts'

/** The uses of a SELECT when all of it is resolved, with what keeps them from being substituted. */
export function finishedUses(uses: readonly OpenUse[], notes: Notes): readonly OpenUse[] {
  return uses.map((use) => {
    const locked = notes.locking ? { ...use, locked: true } : use
    return use.fixed === null && notes.expands && namesHidden(use) ? { ...locked, fixed: HIDDEN } : locked
  })
}

/** A subquery has no invisible columns: one that offers such a column would show it to every `*`. */
const HIDDEN = 'an invisible column is named beside a * or NATURAL'

function namesHidden({ relation, columns }: OpenUse): boolean {
  return relation.columns.some(({ name, invisible }) => invisible === true && columns.has(name))
}
