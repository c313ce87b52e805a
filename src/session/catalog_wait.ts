import type { Gate, Subject } from './gate.ts'

/** How long a statement waits for a catalog that is being read, before it is refused. */
const CATALOG_WAIT_MAX_MS = 10_000

interface Waiting {
  readonly gate: Gate
  readonly subject: Subject
  readonly unrestricted: boolean
}

/** What hangs on the catalog waits while definitions that have changed are read, but not for ever. */
export class CatalogWait {
  #since: number | null = null

  holds({ gate, subject, unrestricted }: Waiting, now: number): boolean {
    if (unrestricted) return false
    if (!gate.awaitsCatalog(subject)) {
      this.#since = null
      return false
    }
    this.#since ??= now
    return now - this.#since < CATALOG_WAIT_MAX_MS
  }
}
