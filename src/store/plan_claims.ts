import type { GrantRecord, MigrationProgress } from '../access/model.ts'
import type { WriteTx } from '../access/ports.ts'
import type { Clock } from '../session/ports.ts'
import { notSeenForMs } from './nodes.ts'
import type { SqlStore } from './sql_store.ts'

/** A node that is cut off may run what it holds until its lease ends, which is 30 s at most: others wait for longer. */
const FREE_AFTER_MS = 40_000

/** One process of a node. */
export type Runner = NonNullable<MigrationProgress['runner']>

interface Deps {
  readonly store: SqlStore
  readonly clock: Clock
}

/** The grant with this runner on it, or null where the script can't be run or another node that may live runs it. */
export async function claimed(tx: WriteTx, deps: Deps, grantId: string, own: Runner): Promise<GrantRecord | null> {
  const record = await tx.grants.get(grantId)
  if (!record?.progress || record.state !== 'active') return null
  const { runner } = record.progress
  if (isSame(runner, own)) return record
  if (runner && (await mayLive(tx, deps, runner))) return null
  return tx.grants.update({ ...record, progress: { ...record.progress, runner: own } })
}

export async function released(tx: WriteTx, grantId: string, own: Runner): Promise<GrantRecord | null> {
  const record = await tx.grants.get(grantId)
  if (!record?.progress || !isSame(record.progress.runner, own)) return null
  const { runner: _, ...progress } = record.progress
  return tx.grants.update({ ...record, progress })
}

function isSame(one: Runner | undefined, other: Runner): boolean {
  return one?.node === other.node && one.startedAt === other.startedAt
}

/** A node leaves no record when it stops, and has another when it was started again. */
async function mayLive(tx: WriteTx, deps: Deps, { node, startedAt }: Runner): Promise<boolean> {
  const known = await tx.nodes.get(node)
  return known !== undefined && known.startedAt === startedAt && notSeenForMs(known, deps) < FREE_AFTER_MS
}
