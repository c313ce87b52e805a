/**
 * The most slots that can be filled at once, each by another candidate: `candidates[i]` are those that fit slot i.
 * Augmenting paths; the numbers here are those of people in a stage.
 */
export function largestMatching(candidates: readonly (readonly number[])[]): number {
  const slotOf = new Map<number, number>()
  const place = (slot: number, tried: Set<number>): boolean => {
    for (const candidate of candidates[slot] ?? []) {
      if (tried.has(candidate)) continue
      tried.add(candidate)
      const holder = slotOf.get(candidate)
      if (holder !== undefined && !place(holder, tried)) continue
      slotOf.set(candidate, slot)
      return true
    }
    return false
  }
  return candidates.filter((_, slot) => place(slot, new Set())).length
}
