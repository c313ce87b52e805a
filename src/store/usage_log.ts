import { createHash } from 'node:crypto'
import type { WriteTx } from '../access/ports.ts'
import type { UsageRecord } from '../access/records.ts'
import type { TableUse, Uses } from '../session/ports.ts'
import type { SnapshotDeps } from './snapshot.ts'
import { type WrittenBehind, writtenBehind } from './written_behind.ts'

const WRITE_EVERY_MS = 5_000
/** Lines in one transaction. */
const MAX_BATCH = 50
/** Lines kept while the store can't be reached. */
const MAX_KEPT = 50_000
/** A grant's last use is written no more often: each write of a grant is read by all nodes. */
const LAST_USE_EVERY_MS = 60_000

/** Counts what is done under each grant, and adds it to the store from time to time. Nothing waits for it. */
export type UsageLog = Uses & WrittenBehind

export function createUsageLog({ store, failed }: Omit<SnapshotDeps, 'clock'>): UsageLog {
  let counts = new Map<string, UsageRecord>()
  const add = (line: UsageRecord) => {
    const key = keyOf(line)
    const known = counts.get(key)
    if (known) counts.set(key, sum(known, line))
    else if (counts.size < MAX_KEPT) counts.set(key, line)
  }
  const writeAll = async () => {
    const lines = [...counts.values()]
    counts = new Map()
    for (let at = 0; at < lines.length; at += MAX_BATCH) {
      try {
        await store.write((tx) => writeLines(tx, lines.slice(at, at + MAX_BATCH).map(named)))
      } catch (error) {
        // Nothing of this batch is stored, as far as is known: a count that is too high says nothing was unused.
        for (const line of lines.slice(at)) add(line)
        throw error
      }
    }
  }
  const behind = writtenBehind(writeAll, WRITE_EVERY_MS, failed)
  return {
    note: (use) => add(lineOf(use)),
    ...behind,
  }
}

function keyOf({ grantId, schema, table, verb }: Pick<UsageRecord, 'grantId' | 'schema' | 'table' | 'verb'>): string {
  return JSON.stringify([grantId, schema, table, verb])
}

/** Without its id, which is a hash: not while a statement waits. */
function lineOf({ grantId, schema, table, verb, rows, clear, at }: TableUse): UsageRecord {
  const counted = { statements: 1, rows, clear: clear ? 1 : 0, firstAt: at, lastAt: at }
  return { id: '', version: 1, grantId, schema, table, verb, ...counted }
}

function named(line: UsageRecord): UsageRecord {
  return { ...line, id: createHash('sha256').update(keyOf(line)).digest('hex') }
}

function sum(a: UsageRecord, b: UsageRecord): UsageRecord {
  return {
    ...a,
    statements: a.statements + b.statements,
    rows: a.rows + b.rows,
    clear: a.clear + b.clear,
    firstAt: Math.min(a.firstAt, b.firstAt),
    lastAt: Math.max(a.lastAt, b.lastAt),
  }
}

async function writeLines(tx: WriteTx, lines: readonly UsageRecord[]): Promise<void> {
  for (const line of lines) {
    const known = await tx.usage.get(line.id)
    if (known) await tx.usage.update(sum(known, line))
    else await tx.usage.insert(line)
  }
  for (const [grantId, ofGrant] of Map.groupBy(lines, (line) => line.grantId)) {
    const first = Math.min(...ofGrant.map(({ firstAt }) => firstAt))
    await noteUse(tx, grantId, first, Math.max(...ofGrant.map(({ lastAt }) => lastAt)))
  }
}

/** Grants of files have no record. */
async function noteUse(tx: WriteTx, grantId: string, first: number, last: number): Promise<void> {
  const record = await tx.grants.get(grantId)
  if (!record) return
  const known = record.lastUsedAt ?? Number.NEGATIVE_INFINITY
  if (last - known < LAST_USE_EVERY_MS) return
  await tx.grants.update({ ...record, firstUsedAt: Math.min(record.firstUsedAt ?? first, first), lastUsedAt: last })
}
