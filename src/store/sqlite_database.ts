import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import { migrate } from './migrations.ts'
import { type Database, inTransaction } from './sql_store.ts'
import { sqliteDialect } from './sqlite_dialect.ts'
import { SqliteThread } from './sqlite_thread.ts'
import type { Tables } from './tables.ts'

const OWNER_ONLY_DIR = 0o700
/** In the data directory. */
export const STORE_FILE = 'store.sqlite'

/** Opens and migrates the file of a data directory; null for a store in memory. Rejects with `SP-STORE`. */
export async function openSqlite(dir: string | null): Promise<Database> {
  if (dir !== null) mkdirSync(dir, { recursive: true, mode: OWNER_ONLY_DIR })
  const path = dir === null ? ':memory:' : join(dir, STORE_FILE)
  const thread = new SqliteThread({ path, lockPath: dir === null ? null : join(dir, 'store.lock') })
  await thread.opened(path)
  const writing = new Kysely<Tables>({ dialect: sqliteDialect(thread, 'write') })
  // In memory there is one connection, which all wait for.
  const sideOf = (side: 'read' | 'copy') =>
    dir === null ? writing : new Kysely<Tables>({ dialect: sqliteDialect(thread, side) })
  try {
    await inTransaction(
      () => writing.startTransaction().execute(),
      (tx) => migrate(tx, 'sqlite'),
    )
  } catch (error) {
    await thread.close()
    throw error
  }
  return {
    kind: 'sqlite',
    reading: sideOf('read'),
    writing,
    copying: sideOf('copy'),
    // BEGIN IMMEDIATE lets one in at a time.
    enter: async () => {},
    announce: async () => {},
    // There is no other process.
    singly: (work) => work(writing),
    leaseUntil: () => (thread.broken ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    skewMs: () => 0,
    watch: () => {},
    close: () => thread.close(),
  }
}
