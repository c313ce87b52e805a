import type { Lookup } from '../policy/decision.ts'
import type { Allowance, Quota } from './ports.ts'

const HOUR_MS = 3_600_000

/** What each person has looked up of each column in the last hour, over all of their sessions. */
export class LookupBudgets {
  readonly #quota: Quota

  constructor(quota: Quota) {
    this.#quota = quota
  }

  /** Takes all of the lookups from their budgets and gives null, or none of them and the first whose budget does not hold it. */
  take(person: string, lookups: readonly Lookup[]): Lookup | null {
    const wanted = new Map<string, { readonly lookup: Lookup; readonly values: number }>()
    for (const lookup of lookups) {
      const key = `lookups\0${person}\0${lookup.schema}\0${lookup.table}\0${lookup.column}`
      wanted.set(key, { lookup, values: lookup.values + (wanted.get(key)?.values ?? 0) })
    }
    const taken: (readonly [Allowance, number])[] = []
    for (const [key, { lookup, values }] of wanted) {
      const allowance = { key, max: lookup.budgetPerHour, windowMs: HOUR_MS }
      const granted = this.#quota.reserve(allowance, values)
      taken.push([allowance, granted])
      if (granted === values) continue
      for (const [of, amount] of taken) this.#quota.giveBack(of, amount)
      return lookup
    }
    return null
  }
}
