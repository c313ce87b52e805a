import type { WriteTx } from '../access/ports.ts'
import type { SessionRecord } from '../access/records.ts'
import { SallyportError } from '../errors.ts'
import type { SnapshotDeps } from './snapshot.ts'
import { type WrittenBehind, writtenBehind } from './written_behind.ts'

const WRITE_EVERY_MS = 3_000
/** Sessions in one transaction. */
const MAX_BATCH = 100
/** Kept while the store can't be reached: what ended first is forgotten first; the audit log has it. */
const MAX_KEPT = 50_000

/** The live sessions of this node, for those who look at the store. Nothing waits for it. */
export interface SessionLog extends WrittenBehind {
  opened(session: Omit<SessionRecord, 'version'>): void
  seen(id: string, at: number, lastStatement: string | null): void
  closed(id: string, at: number): void
}

interface Entry {
  record: SessionRecord
  /** Null: not in the store yet. */
  stored: number | null
  dirty: boolean
}

export function createSessionLog({ store, failed }: Omit<SnapshotDeps, 'clock'>): SessionLog {
  const entries = new Map<string, Entry>()
  const change = (id: string, of: Partial<SessionRecord>) => {
    const entry = entries.get(id)
    if (!entry) return
    entry.record = { ...entry.record, ...of }
    entry.dirty = true
  }
  const writeAll = async () => {
    const dirty = [...entries.values()].filter(({ dirty }) => dirty)
    for (let at = 0; at < dirty.length; at += MAX_BATCH) {
      await writeBatch(store, entries, dirty.slice(at, at + MAX_BATCH))
    }
  }
  const behind = writtenBehind(writeAll, WRITE_EVERY_MS, failed)
  return {
    opened: (session) => {
      if (entries.size >= MAX_KEPT) forgetOneEnded(entries)
      entries.set(session.id, { record: { ...session, version: 1 }, stored: null, dirty: true })
    },
    seen: (id, lastSeenAt, lastStatement) => change(id, { lastSeenAt, lastStatement }),
    closed: (id, endedAt) => change(id, { endedAt, lastSeenAt: endedAt }),
    ...behind,
  }
}

async function writeBatch(
  store: SnapshotDeps['store'],
  entries: Map<string, Entry>,
  batch: readonly Entry[],
): Promise<void> {
  const records = batch.map(({ record }) => record)
  const versions = await store.write(async (tx) => {
    const written: number[] = []
    for (const [at, record] of records.entries()) written.push(await writeOne(tx, record, batch[at]?.stored ?? null))
    return written
  })
  for (const [at, entry] of batch.entries()) {
    entry.stored = versions[at] ?? null
    // It may have changed while it was written.
    if (entry.record !== records[at]) continue
    entry.dirty = false
    if (entry.record.endedAt !== null) entries.delete(entry.record.id)
  }
}

/** The version that is stored now. An end that somebody else has noted stays. */
async function writeOne(tx: WriteTx, record: SessionRecord, stored: number | null): Promise<number> {
  try {
    if (stored !== null) return (await tx.sessions.update({ ...record, version: stored })).version
    await tx.sessions.insert(record)
    return record.version
  } catch (error) {
    if (!(error instanceof SallyportError) || error.code !== 'SP-CONFLICT') throw error
    const found = await tx.sessions.get(record.id)
    if (!found) return writeOne(tx, record, null)
    const endedAt = found.endedAt ?? record.endedAt
    const asked = found.endAsked && { endAsked: found.endAsked }
    return (await tx.sessions.update({ ...record, ...asked, endedAt, version: found.version })).version
  }
}

function forgetOneEnded(entries: Map<string, Entry>): void {
  for (const [id, { record }] of entries) {
    if (record.endedAt === null) continue
    entries.delete(id)
    return
  }
}
