import type { Kysely } from 'kysely'
import { MAX_PAGE, type RecordName } from '../access/ports.ts'
import type { AccessEvent, Actor } from '../audit/access_event.ts'
import type { Clock, Ids } from '../session/ports.ts'
import { type BackupLine, writeBackup } from './backup_file.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { inTransaction, type SqlStore } from './sql_store.ts'
import { asked } from './store_error.ts'
import { RECORD_NAMES, RECORD_TABLES, type Tables } from './tables.ts'

const MAX_BACKUP_MS = 600_000
/** What belongs to a moment, and would be wrong at any other. */
const LEFT_OUT: readonly RecordName[] = ['nodes', 'answers']

export interface BackupDeps {
  readonly store: SqlStore
  readonly clock: Clock
  readonly ids: Ids
  readonly node: string
  readonly actor: Actor | null
}

export interface BackupRequest {
  /** The file; it is made readable by its owner alone. */
  readonly path: string
  /** Where the audit log stands, so that the gap after a restore can be seen. */
  readonly logPosition: unknown
  /** The names of the keys that are needed beside it. */
  readonly keys: readonly string[]
}

/** One state of the whole store as a file, while it goes on being written. Gives the number of records. */
export async function backup(deps: BackupDeps, { path, logPosition, keys }: BackupRequest): Promise<number> {
  const { store, clock, node } = deps
  const takenAt = clock.now()
  const header = { schema: SCHEMA_VERSION, takenAt, node, logPosition, keys: [...keys] }
  const begin = () =>
    store.database.copying.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute()
  const records = await inTransaction(
    begin,
    (tx) => writeBackup(path, header, (add) => copyAll(tx, add)),
    MAX_BACKUP_MS,
  )
  await store.write(async (tx) => tx.record(backupEvent(deps, 'backup.made', 'info', { records, logPosition })))
  return records
}

async function copyAll(tx: Kysely<Tables>, add: (line: BackupLine) => Promise<void>): Promise<void> {
  for (const name of RECORD_NAMES.filter((name) => !LEFT_OUT.includes(name))) await copyTable(tx, name, add)
  for (let after = 0; ; ) {
    const page = tx.selectFrom('outbox').selectAll().where('seq', '>', after).orderBy('seq').limit(MAX_PAGE)
    const rows = await asked(page.execute())
    for (const { body } of rows) await add({ table: 'outbox', row: JSON.parse(body) })
    if (rows.length < MAX_PAGE) return
    after = Number(rows.at(-1)?.seq)
  }
}

async function copyTable(
  tx: Kysely<Tables>,
  name: RecordName,
  add: (line: BackupLine) => Promise<void>,
): Promise<void> {
  const table = RECORD_TABLES[name].table as 'grants'
  for (let after = ''; ; ) {
    const page = tx.selectFrom(table).select(['id', 'body']).where('id', '>', after).orderBy('id').limit(MAX_PAGE)
    const rows = await asked(page.$castTo<{ id: string; body: string }>().execute())
    for (const { body } of rows) await add({ table: name, row: JSON.parse(body) })
    if (rows.length < MAX_PAGE) return
    after = rows.at(-1)?.id ?? ''
  }
}

export function backupEvent(
  { ids, clock, node, actor }: Omit<BackupDeps, 'store'>,
  activity: AccessEvent['activity'],
  severity: AccessEvent['severity'],
  detail: AccessEvent['detail'],
): AccessEvent {
  const nothing = { person: null, target: null, role: null, grantId: null, requestId: null, reason: null, ticket: null }
  const entity = { type: 'store', id: node }
  const rest = { incident: null, clientAddress: null, detail }
  return { kind: 'access', id: ids.uuid(), time: clock.now(), activity, severity, actor, entity, ...nothing, ...rest }
}
