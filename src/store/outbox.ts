import type { Kysely } from 'kysely'
import type { Outbox } from '../access/ports.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import { asSallyportError, SallyportError } from '../errors.ts'
import { eventSchema } from './other_schemas.ts'
import type { SqlStore } from './sql_store.ts'
import { asked } from './store_error.ts'
import type { Tables } from './tables.ts'

/** Events given to the log at once. */
const MAX_BATCH = 200
/** What other nodes left behind is looked for so often; also the pause after a failure. Milliseconds. */
const LOOK_EVERY_MS = 1_000
/** How long `flush` leaves another node alone that is delivering. Milliseconds. */
const WAIT_FOR_OTHER_MS = 50

export interface OutboxOptions {
  /** Resolves when the events are durable in the log. */
  readonly append: (events: readonly AccessEvent[]) => Promise<void>
  /** Told of each failure; what was not delivered is tried again. */
  readonly failed: (error: SallyportError) => void
}

/**
 * Takes events to the log in the order of their commits, one batch after the other; over all nodes one at a time. An
 * event leaves the outbox after the log has it, so that a crash in between delivers it twice, with the same id.
 */
export function createOutbox(store: SqlStore, { append, failed }: OutboxOptions): Outbox {
  let closed = false
  let running: Promise<unknown> = Promise.resolve()

  /** One batch: how many were delivered, or null where another node is at it. */
  const deliver = (): Promise<number | null> => {
    const next = running.then(() => deliverBatch(store, append))
    running = next.catch(() => null)
    return next
  }
  let draining = false
  let again = false
  const drain = async () => {
    again = true
    if (draining) return
    draining = true
    try {
      // A full batch, or a commit meanwhile: there may be more.
      while (again && !closed) {
        again = false
        again = (await deliver()) === MAX_BATCH || again
      }
    } catch (error) {
      failed(asSallyportError(error))
    } finally {
      draining = false
    }
  }
  const stopListening = store.onRecorded(() => void drain())
  const timer = setInterval(() => void drain(), LOOK_EVERY_MS)
  timer.unref()
  void drain()
  return {
    flush: async () => {
      const last = await lastIn(store)
      while (await holdsUpTo(store, last)) {
        if ((await deliver()) === null) await new Promise((done) => setTimeout(done, WAIT_FOR_OTHER_MS))
      }
    },
    close: async () => {
      closed = true
      clearInterval(timer)
      stopListening()
      await running
    },
  }
}

async function deliverBatch(store: SqlStore, append: OutboxOptions['append']): Promise<number | null> {
  return asked(
    store.database.singly(async (db) => {
      const rows = await db.selectFrom('outbox').selectAll().orderBy('seq').limit(MAX_BATCH).execute()
      if (rows.length === 0) return 0
      await append(rows.map(eventOf))
      const delivered = rows.map(({ seq }) => seq)
      await db.deleteFrom('outbox').where('seq', 'in', delivered).execute()
      return rows.length
    }),
  )
}

/** One that can't be read stops all after it: to go around it would leave a transition without its event. */
function eventOf({ seq, body }: Tables['outbox']): AccessEvent {
  const parsed = eventSchema.safeParse(parsedJson(body))
  if (parsed.success) return parsed.data
  throw new SallyportError('SP-STORE', `event ${seq} of the outbox can't be read`)
}

function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new SallyportError('SP-STORE', 'an event of the outbox is no JSON', { cause: error })
  }
}

async function lastIn(store: SqlStore): Promise<number> {
  const row = await ask(store, (db) =>
    db
      .selectFrom('outbox')
      .select(({ fn }) => fn.max('seq').as('last'))
      .executeTakeFirst(),
  )
  return Number(row?.last ?? 0)
}

async function holdsUpTo(store: SqlStore, last: number): Promise<boolean> {
  const row = await ask(store, (db) =>
    db.selectFrom('outbox').select('seq').where('seq', '<=', last).executeTakeFirst(),
  )
  return row !== undefined
}

function ask<T>({ database }: SqlStore, query: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  return asked(query(database.reading))
}
