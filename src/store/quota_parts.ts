import { inTransaction, type SqlStore } from './sql_store.ts'
import { asked } from './store_error.ts'
import { storedText } from './tables.ts'

/** A window is counted in so many parts, as in `memory_quota.ts`. */
const PARTS = 60
/** Counters in one transaction. */
const MAX_BATCH = 100

export interface Counted {
  readonly key: string
  readonly windowMs: number
  /** To be added; may be negative. */
  readonly amount: number
}

/** Adds what this node took, and gives for each what all nodes took in its window, by the clock of the store. */
export async function shareCounts(store: SqlStore, counted: readonly Counted[], now: number): Promise<number[]> {
  const totals: number[] = []
  for (let at = 0; at < counted.length; at += MAX_BATCH) {
    totals.push(...(await shareBatch(store, counted.slice(at, at + MAX_BATCH), now)))
  }
  return totals
}

async function shareBatch({ database }: SqlStore, batch: readonly Counted[], now: number): Promise<number[]> {
  const begin = () => database.writing.startTransaction().setIsolationLevel('read committed').execute()
  return inTransaction(begin, async (tx) => {
    const totals = new Map<string, number>()
    // In one order on all nodes: rows that two of them wait for can't be crossed.
    for (const { key, windowMs, amount } of batch.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
      const part = Math.floor(now / (windowMs / PARTS))
      const row = { key: storedText(key), part, amount }
      if (amount !== 0) {
        const add = tx
          .insertInto('quota_parts')
          .values(row)
          .onConflict((on) =>
            on.columns(['key', 'part']).doUpdateSet(({ eb }) => ({ amount: eb('quota_parts.amount', '+', amount) })),
          )
        await asked(add.execute())
      }
      await asked(
        tx
          .deleteFrom('quota_parts')
          .where('key', '=', row.key)
          .where('part', '<', part - PARTS)
          .execute(),
      )
      const total = tx
        .selectFrom('quota_parts')
        .select(({ fn }) => fn.sum('amount').as('total'))
        .where('key', '=', row.key)
      totals.set(key, Number((await asked(total.executeTakeFirst()))?.total ?? 0))
    }
    return batch.map(({ key }) => totals.get(key) ?? 0)
  })
}
