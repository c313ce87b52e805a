import type { Lookup } from '../policy/decision.ts'

const HOUR_MS = 3_600_000
/** Persons and columns that are kept at a time; beyond them nobody looks anything up until an hour has passed. */
const KEPT_MAX = 100_000

interface Spent {
  readonly time: number
  readonly values: number
}

/** What each person has looked up of each column in the last hour. */
export class LookupBudgets {
  readonly #spent = new Map<string, readonly Spent[]>()

  /** Takes all of the lookups from their budgets and gives null, or the first whose budget does not hold it. */
  take(person: string, lookups: readonly Lookup[], now: number): Lookup | null {
    const wanted = new Map<string, { readonly lookup: Lookup; readonly values: number }>()
    for (const lookup of lookups) {
      const key = `${person}\0${lookup.schema}\0${lookup.table}\0${lookup.column}`
      wanted.set(key, { lookup, values: lookup.values + (wanted.get(key)?.values ?? 0) })
    }
    for (const [key, { lookup, values }] of wanted) {
      const used = this.#inLastHour(key, now).reduce((sum, spent) => sum + spent.values, 0)
      if (used + values > lookup.budgetPerHour || !this.#hasRoom(key, now)) return lookup
    }
    for (const [key, { values }] of wanted) {
      this.#spent.set(key, [...this.#inLastHour(key, now), { time: now, values }])
    }
    return null
  }

  #inLastHour(key: string, now: number): readonly Spent[] {
    return (this.#spent.get(key) ?? []).filter(({ time }) => time > now - HOUR_MS)
  }

  #hasRoom(key: string, now: number): boolean {
    if (this.#spent.has(key) || this.#spent.size < KEPT_MAX) return true
    for (const old of this.#spent.keys()) if (this.#inLastHour(old, now).length === 0) this.#spent.delete(old)
    return this.#spent.size < KEPT_MAX
  }
}
