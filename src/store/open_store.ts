import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import { migrate } from './migrations.ts'
import { type Database, inTransaction, SqlStore } from './sql_store.ts'
import { sqliteDialect } from './sqlite_dialect.ts'
import { SqliteThread } from './sqlite_thread.ts'
import type { Tables } from './tables.ts'

export type StoreSettings =
  /** `dir` null: in memory, for tests and tools; it ends with the process. */
  { readonly kind: 'sqlite'; readonly dir: string | null }

const OWNER_ONLY_DIR = 0o700

/** Opens the store and brings its schema up to date. Rejects with `SP-STORE`. */
export async function openStore(settings: StoreSettings): Promise<SqlStore> {
  const database = await openSqlite(settings.dir)
  try {
    const begin = () => database.writing.startTransaction().setIsolationLevel('serializable').execute()
    await inTransaction(begin, (tx) => migrate(tx, database.kind))
  } catch (error) {
    await database.close()
    throw error
  }
  return new SqlStore(database)
}

async function openSqlite(dir: string | null): Promise<Database> {
  if (dir !== null) mkdirSync(dir, { recursive: true, mode: OWNER_ONLY_DIR })
  const path = dir === null ? ':memory:' : join(dir, 'store.sqlite')
  const thread = new SqliteThread({ path, lockPath: dir === null ? null : join(dir, 'store.lock') })
  await thread.opened(path)
  const writing = new Kysely<Tables>({ dialect: sqliteDialect(thread, 'write') })
  return {
    kind: 'sqlite',
    writing,
    // In memory there is one connection, which all wait for.
    reading: dir === null ? writing : new Kysely<Tables>({ dialect: sqliteDialect(thread, 'read') }),
    // BEGIN IMMEDIATE lets one in at a time.
    enter: async () => {},
    announce: async () => {},
    // There is no other process.
    singly: (work) => work(writing),
    leaseUntil: () => (thread.broken ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    watch: () => {},
    close: () => thread.close(),
  }
}
