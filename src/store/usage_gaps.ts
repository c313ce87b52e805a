import type { Store, WriteTx } from '../access/ports.ts'
import type { UsageRecord } from '../access/records.ts'
import { everyRecord } from './snapshot.ts'

/**
 * Times up to which use was lost: what a killed process had counted and nobody could count again, or what happened
 * between a backup and its restore. A line of use without a grant stands for each, so that it is kept as the counts are.
 */

const NO_GRANT = ''

/** `source` names what lost it: the newest gap of each is kept. */
export async function noteUsageGap(tx: WriteTx, source: string, until: number): Promise<void> {
  const id = `gap ${source}`
  const known = await tx.usage.get(id)
  const names = { grantId: NO_GRANT, schema: '', table: '', verb: '' }
  const gap: UsageRecord = { id, version: 1, ...names, statements: 0, rows: 0, clear: 0, firstAt: until, lastAt: until }
  if (known === undefined) await tx.usage.insert(gap)
  else if (known.lastAt < until) await tx.usage.update({ ...gap, version: known.version })
}

/** The end of the last one; null where nothing was ever lost. */
export async function lastUsageGap(store: Pick<Store, 'read'>): Promise<number | null> {
  const gaps = await store.read((tx) => everyRecord(tx.usage, { grantId: NO_GRANT }))
  return gaps.length === 0 ? null : Math.max(...gaps.map(({ lastAt }) => lastAt))
}
