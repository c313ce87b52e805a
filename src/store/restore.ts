import type { GrantRecord } from '../access/model.ts'
import type { RecordName, WriteTx } from '../access/ports.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import { SallyportError } from '../errors.ts'
import { type BackupDeps, backupEvent } from './backup.ts'
import { type BackupHeader, checkBackup, readBackup } from './backup_file.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { eventSchema } from './other_schemas.ts'
import { type Restoring, restored } from './restored_records.ts'
import { RECORD_NAMES, RECORD_TABLES } from './tables.ts'
import { noteUsageGap } from './usage_gaps.ts'

const MAX_RESTORE_MS = 600_000

export interface RestoreRequest {
  readonly path: string
  /** Where the audit log stands now: what lies between this and the backup's is the gap. */
  readonly logPosition: unknown
  /** Whether the audit log proves that nobody ended the grant since the backup. Without proof it ends. */
  readonly stillValid: (grant: GrantRecord) => boolean
}

export interface RestoreResult {
  readonly takenAt: number
  readonly records: number
  readonly endedGrants: number
}

/**
 * Fills an empty store from a backup, all or nothing. What had ended stays ended: what happened after the backup isn't
 * in it, so grants without proof, requests that wait, sessions, passwords, certificates and delegations end here.
 * Rejects with `SP-STORE` where the store is not empty, or the file is not whole or of a newer program.
 */
export async function restore(deps: BackupDeps, request: RestoreRequest): Promise<RestoreResult> {
  const checked = await checkBackup(request.path)
  const { header } = checked
  if (header.schema > SCHEMA_VERSION) {
    const detail = `the backup is of schema ${header.schema}, this program knows ${SCHEMA_VERSION}`
    throw new SallyportError('SP-STORE', detail)
  }
  return deps.store.write((tx) => fill(tx, deps, request, checked), MAX_RESTORE_MS)
}

async function fill(
  tx: WriteTx,
  deps: BackupDeps,
  { path, logPosition, stillValid }: RestoreRequest,
  { header, records: expected }: { readonly header: BackupHeader; readonly records: number },
): Promise<RestoreResult> {
  await demandEmpty(tx)
  const { takenAt } = header
  const now = deps.clock.now()
  const reason = `restored from a backup taken at ${new Date(takenAt).toISOString()}`
  const restoring: Restoring = { now, reason, stillValid }
  let records = 0
  let endedGrants = 0
  for await (const { table, row } of readBackup(path)) {
    records++
    if (table === 'outbox') tx.record(eventOf(row))
    else {
      const event = await insertRecord(tx, nameOf(table), row, restoring)
      if (event === null) continue
      if (event.activity === 'grant.revoked') endedGrants++
      tx.record({ ...backupEvent(deps, event.activity, 'medium', {}), ...event, reason })
    }
  }
  if (records !== expected) throw new SallyportError('SP-STORE', `the backup has ${records} records of ${expected}`)
  // What was done after the backup is in no count.
  await noteUsageGap(tx, 'restore', now)
  const gap = { takenAt, backupLogPosition: header.logPosition, logPosition, keys: header.keys }
  tx.record(backupEvent(deps, 'backup.restored', 'high', { ...gap, records, endedGrants, node: header.node }))
  return { takenAt, records, endedGrants }
}

async function demandEmpty(tx: WriteTx): Promise<void> {
  for (const name of RECORD_NAMES) {
    // A node that runs the restore may have joined already.
    if (name === 'nodes' || (await tx[name].count({})) === 0) continue
    throw new SallyportError('SP-STORE', `a backup is restored into an empty store; this one has ${name}`)
  }
}

function nameOf(table: string): RecordName {
  if (Object.hasOwn(RECORD_TABLES, table)) return table as RecordName
  throw new SallyportError('SP-STORE', `the backup has records of a table ${table}, which this program does not know`)
}

async function insertRecord<Name extends RecordName>(
  tx: WriteTx,
  name: Name,
  row: unknown,
  restoring: Restoring,
): Promise<Pick<AccessEvent, 'activity' | 'entity'> | null> {
  const parsed = RECORD_TABLES[name].schema.safeParse(row)
  if (!parsed.success) throw new SallyportError('SP-STORE', `the backup has a record of ${name} that can't be read`)
  const { record, event } = restored(name, parsed.data, restoring)
  await tx[name].insert(record as never)
  return event
}

function eventOf(row: unknown): AccessEvent {
  const parsed = eventSchema.safeParse(row)
  if (parsed.success) return parsed.data
  throw new SallyportError('SP-STORE', "the backup has an event that can't be read")
}
