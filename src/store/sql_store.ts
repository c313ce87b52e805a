import type { ControlledTransaction, Kysely } from 'kysely'
import type { Change, ReadTx, RecordName, Store, WriteTx } from '../access/ports.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import { SallyportError } from '../errors.ts'
import type { StoreKind } from './migrations.ts'
import { eventSchema } from './other_schemas.ts'
import { recordAccess } from './record_access.ts'
import { asked, asStoreError, lostRace } from './store_error.ts'
import { bodyOf, RECORD_NAMES, RECORD_TABLES, type Tables } from './tables.ts'

/** Runs of one transaction, the first included. */
const MAX_RUNS = 6
const FIRST_PAUSE_MS = 5
/** A transaction that takes longer is given up: it keeps all others from writing. */
const MAX_TRANSACTION_MS = 15_000
/** Half of what one record of the log may be (`auditlog/audit_log.ts`), which has more to say than the event. */
const MAX_EVENT_BYTES = 32 * 1_024
/** Rows of the outbox in one statement. */
const MAX_ROWS = 500

/** One kind of database, opened and migrated. */
export interface Database {
  readonly kind: StoreKind
  readonly reading: Kysely<Tables>
  readonly writing: Kysely<Tables>
  /** For readers that take long: nobody else waits for them. */
  readonly copying: Kysely<Tables>
  /** First in each writing transaction: lets one of them in at a time, so that the outbox is in the order of commits. */
  readonly enter: (tx: Kysely<Tables>) => Promise<void>
  /** Last before the commit: other nodes are told at the commit. */
  readonly announce: (tx: Kysely<Tables>, changes: readonly Change['what'][]) => Promise<void>
  /** Runs `work` while no other process of the store does; null where one is at it. */
  readonly singly: <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T | null>
  /** Monotonic milliseconds, see `Store`. */
  readonly leaseUntil: () => number
  /** How far this clock is before the store's, milliseconds; 0 where both are one. */
  readonly skewMs: () => number
  /** Called where another node, or somebody on this one, changed something. */
  readonly watch: (listener: (change: Change) => void) => void
  readonly close: () => Promise<void>
}

/** The store over either database: one set of queries. */
export class SqlStore implements Store {
  readonly database: Database
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #committed = new Set<() => void>()

  constructor(database: Database) {
    this.database = database
    database.watch((change) => this.#tell(change))
  }

  async read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    const { reading } = this.database
    const begin = reading.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only')
    return inTransaction(
      () => begin.execute(),
      (tx) => work(accessTo(tx, () => {})),
    )
  }

  async write<T>(work: (tx: WriteTx) => Promise<T>, maxMs: number = MAX_TRANSACTION_MS): Promise<T> {
    for (let run = 1; ; run++) {
      try {
        return await this.#writeOnce(work, maxMs)
      } catch (error) {
        if (!lostRace(error)) throw error
        if (run === MAX_RUNS) {
          throw new SallyportError('SP-CONFLICT', 'the store is busy with other changes', { cause: error })
        }
        await pause(FIRST_PAUSE_MS * 2 ** run)
      }
    }
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called after a commit of this process that left something in the outbox. */
  onRecorded(listener: () => void): () => void {
    this.#committed.add(listener)
    return () => this.#committed.delete(listener)
  }

  leaseUntil(): number {
    return this.database.leaseUntil()
  }

  /** How far the clock of this node is before that of the store, milliseconds. */
  skewMs(): number {
    return this.database.skewMs()
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#committed.clear()
    await this.database.close()
  }

  async #writeOnce<T>(work: (tx: WriteTx) => Promise<T>, maxMs: number): Promise<T> {
    const { writing, enter } = this.database
    const changes = new Set<Change['what']>()
    const events: AccessEvent[] = []
    const result = await inTransaction(
      () => writing.startTransaction().setIsolationLevel('serializable').execute(),
      async (tx) => {
        await asked(enter(tx))
        const records = accessTo(tx, (name) => {
          const { change } = RECORD_TABLES[name]
          if (change !== null) changes.add(change)
        })
        const done = await work({ ...records, record: (event) => events.push(checkedEvent(event)) })
        await asked(this.#finish(tx, [...changes], events))
        return done
      },
      maxMs,
    )
    for (const what of changes) this.#tell({ what })
    if (events.length > 0) for (const listener of this.#committed) listener()
    return result
  }

  async #finish(tx: Kysely<Tables>, changes: Change['what'][], events: readonly AccessEvent[]): Promise<void> {
    for (let at = 0; at < events.length; at += MAX_ROWS) {
      const rows = events.slice(at, at + MAX_ROWS).map((event) => ({ id: event.id, body: bodyOf(event) }))
      await tx
        .insertInto('outbox')
        .values(rows as Tables['outbox'][])
        .execute()
    }
    if (changes.length === 0) return
    await tx
      .updateTable('store_changes')
      .set(({ eb }) => ({ counter: eb('counter', '+', 1) }))
      .where('what', 'in', changes)
      .execute()
    await this.database.announce(tx, changes)
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change)
  }
}

function accessTo(tx: Kysely<Tables>, touched: (name: RecordName) => void): Omit<WriteTx, 'record'> {
  const entries = RECORD_NAMES.map((name) => [name, recordAccess(tx, name, () => touched(name))])
  return Object.fromEntries(entries) as Omit<WriteTx, 'record'>
}

/** An event that the outbox could not give back, or that the log has no room for, would hold up all after it. */
function checkedEvent(event: AccessEvent): AccessEvent {
  const checked = eventSchema.safeParse(event)
  if (checked.success) {
    if (Buffer.byteLength(bodyOf(event)) <= MAX_EVENT_BYTES) return event
    throw new SallyportError('SP-INPUT', `what the log has to say of it is over ${MAX_EVENT_BYTES} bytes`)
  }
  const where = checked.error.issues.map(({ path }) => path.join('.')).join(', ')
  throw new SallyportError('SP-STORE', `event ${event.id}: not an event of the log: ${where}`)
}

/**
 * Commits what `work` did, or none of it. An error of the commit itself leaves open whether it took place: it is given
 * to the caller, and never tried again.
 */
export async function inTransaction<T>(
  begin: () => Promise<ControlledTransaction<Tables>>,
  work: (tx: ControlledTransaction<Tables>) => Promise<T>,
  maxMs: number = MAX_TRANSACTION_MS,
): Promise<T> {
  const tx = await asked(begin())
  try {
    const result = await inTime(work(tx), maxMs)
    await asked(tx.commit().execute())
    return result
  } catch (error) {
    await rolledBack(tx)
    throw error
  }
}

/** Where even that fails the connection is broken, and the database rolls back by itself. */
async function rolledBack(tx: ControlledTransaction<Tables>): Promise<void> {
  if (tx.isCommitted || tx.isRolledBack) return
  await tx
    .rollback()
    .execute()
    .catch((error: unknown) => asStoreError(error))
}

function inTime<T>(work: Promise<T>, maxMs: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const late = () => reject(new SallyportError('SP-STORE', `a transaction took over ${maxMs} ms`))
  const timer = setTimeout(late, maxMs)
  work.then(resolve, reject).finally(() => clearTimeout(timer))
  return promise
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, ms + Math.random() * ms)
  return promise
}
