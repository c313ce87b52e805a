import type { Gate, Subject } from './gate.ts'

/** How long a statement waits before it is judged by what there is, and most likely refused. */
const CATALOG_WAIT_MAX_MS = 10_000

interface Waiting {
  readonly gate: Gate
  readonly subject: Subject
  readonly unrestricted: boolean
}

/**
 * What hangs on the catalog waits while definitions that have changed are read, and a script for what other nodes say;
 * but not for ever.
 */
export class CatalogWait {
  #since: number | null = null

  holds({ gate, subject, unrestricted }: Waiting, now: number): boolean {
    if (unrestricted && subject.grant.plan === null) return false
    if (!gate.awaits(subject)) {
      this.#since = null
      return false
    }
    this.#since ??= now
    return now - this.#since < CATALOG_WAIT_MAX_MS
  }
}
