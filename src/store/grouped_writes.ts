import type { Store, WriteTx } from '../access/ports.ts'
import { SallyportError } from '../errors.ts'

/** Writes in one transaction. */
const MAX_GROUP = 100

interface Waiting {
  readonly apply: (tx: WriteTx) => Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Small writes that come in crowds, as when five hundred sessions end at once: what waits while one transaction is under
 * way goes into the next one together. In order; one that is refused spoils no other.
 */
export class GroupedWrites {
  readonly #store: Store
  #waiting: Waiting[] = []
  #running = false

  constructor(store: Store) {
    this.#store = store
  }

  write(apply: (tx: WriteTx) => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ apply, resolve, reject })
    if (!this.#running) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MAX_GROUP)
      try {
        const refusals = await this.#store.write((tx) => applyAll(tx, group))
        group.forEach(({ resolve, reject }, at) => {
          const refusal = refusals[at]
          if (refusal) reject(refusal)
          else resolve()
        })
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    // With no wait in between: whoever writes next must find either a run that takes it along or none.
    this.#running = false
  }
}

async function applyAll(tx: WriteTx, group: readonly Waiting[]): Promise<(SallyportError | null)[]> {
  const refusals: (SallyportError | null)[] = []
  for (const { apply } of group) refusals.push(await refusalOf(apply(tx)))
  return refusals
}

/** What the record's own state forbids; any other failure is one of the transaction. */
async function refusalOf(work: Promise<void>): Promise<SallyportError | null> {
  try {
    await work
    return null
  } catch (error) {
    const own = error instanceof SallyportError && (error.code === 'SP-CONFLICT' || error.code === 'SP-NOT-FOUND')
    if (own) return error
    throw error
  }
}
