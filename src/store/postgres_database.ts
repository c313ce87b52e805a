import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { SallyportError } from '../errors.ts'
import type { Clock } from '../session/ports.ts'
import { migrate } from './migrations.ts'
import { clientConfig } from './postgres_connection.ts'
import { CHANNEL, PostgresWatch } from './postgres_watch.ts'
import type { PostgresSettings } from './settings.ts'
import { type Database, inTransaction } from './sql_store.ts'
import { asStoreError } from './store_error.ts'
import type { Tables } from './tables.ts'

const IDLE_CONNECTION_MS = 30_000
/** The first keys of the advisory locks; the second is the schema, so that stores in one database are apart. */
const MIGRATING = 23_058
const DELIVERING = 23_059

/** Opens and migrates. Rejects with `SP-STORE`. */
export async function openPostgres(
  settings: PostgresSettings,
  clock: Clock,
  failed: (error: SallyportError) => void,
): Promise<Database> {
  const pool = new pg.Pool({
    ...clientConfig(settings),
    max: settings.maxConnections,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
  })
  // An idle connection that breaks is left by the pool; the watch tells that the server is gone.
  pool.on('error', () => undefined)
  // One that breaks in use, between two queries, shows in the next; the pool listens to those that are idle alone.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  const watch = new PostgresWatch(settings, clock, failed)
  try {
    await prepare(db, settings.schema)
    await watch.start()
  } catch (error) {
    await db.destroy()
    throw asStoreError(error)
  }
  return databaseOver(db, watch, settings)
}

function databaseOver(db: Kysely<Tables>, watch: PostgresWatch, { schema }: PostgresSettings): Database {
  return {
    kind: 'postgres',
    reading: db,
    writing: db,
    copying: db,
    // LOCK takes no snapshot: what is read after it is what the one before has committed
    // (https://www.postgresql.org/docs/current/sql-lock.html).
    enter: async (tx) => {
      await sql`LOCK TABLE store_schema IN EXCLUSIVE MODE`.execute(tx)
    },
    announce: async (tx, changes) => {
      await sql`SELECT pg_notify(${CHANNEL}, ${changes.join(',')})`.execute(tx)
    },
    singly: (work) =>
      inTransaction(
        () => db.startTransaction().setIsolationLevel('read committed').execute(),
        async (tx) => {
          const mine = await sql<{ mine: boolean }>`
            SELECT pg_try_advisory_xact_lock(${sql.lit(DELIVERING)}, hashtext(${schema})) AS mine`.execute(tx)
          return mine.rows[0]?.mine === true ? work(tx) : null
        },
      ),
    leaseUntil: () => watch.leaseUntil,
    skewMs: () => watch.skewMs,
    watch: (listener) => watch.listen(listener),
    close: async () => {
      await watch.close()
      await db.destroy()
    },
  }
}

/** One node migrates; the others wait for it, and find the work done. */
async function prepare(db: Kysely<Tables>, schema: string): Promise<void> {
  const begin = () => db.startTransaction().setIsolationLevel('read committed').execute()
  await inTransaction(begin, async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(MIGRATING)}, hashtext(${schema}))`.execute(tx)
    const there = await sql`SELECT 1 FROM pg_namespace WHERE nspname = ${schema}`.execute(tx)
    // Asked for first: making one that is there already needs a right of its own.
    if (there.rows.length === 0) await sql`CREATE SCHEMA ${sql.id(schema)}`.execute(tx)
    await migrate(tx, 'postgres')
  })
}
