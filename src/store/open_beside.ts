import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import { SallyportError } from '../errors.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { openStore } from './open_store.ts'
import type { StoreSettings } from './settings.ts'
import { SqlStore } from './sql_store.ts'
import { STORE_FILE } from './sqlite_database.ts'
import { sqliteDialect } from './sqlite_dialect.ts'
import { SqliteThread } from './sqlite_thread.ts'
import { asked, whyNotOpened } from './store_error.ts'
import type { Tables } from './tables.ts'

/**
 * Opens a store for a copy of it, also where another process has it open: without the lock of the data directory, which
 * keeps a second server out, and without migrating. SQLite's own locks let many read and one write; the event of the copy
 * goes into the outbox, where the server finds it. Rejects with `SP-STORE` where there is no store, or of another schema.
 */
export async function openBeside(settings: StoreSettings): Promise<SqlStore> {
  if (settings.kind === 'postgres' || settings.dir === null) return openStore(settings)
  const path = join(settings.dir, STORE_FILE)
  if (!existsSync(path)) throw new SallyportError('SP-STORE', `there is no store in ${settings.dir}`)
  const thread = new SqliteThread({ path, lockPath: null })
  await thread.opened(path)
  const sideOf = (side: 'read' | 'write' | 'copy') => new Kysely<Tables>({ dialect: sqliteDialect(thread, side) })
  const reading = sideOf('read')
  try {
    await demandSchema(reading)
  } catch (error) {
    await thread.close()
    throw whyNotOpened(error)
  }
  return new SqlStore({
    kind: 'sqlite',
    ...{ reading, writing: sideOf('write'), copying: sideOf('copy') },
    enter: async () => {},
    announce: async () => {},
    // The server delivers what is in the outbox.
    singly: async () => null,
    leaseUntil: () => Number.NEGATIVE_INFINITY,
    skewMs: () => 0,
    watch: () => {},
    close: () => thread.close(),
  })
}

async function demandSchema(db: Kysely<Tables>): Promise<void> {
  const row = await asked(db.selectFrom('store_schema').select('version').executeTakeFirst())
  const version = Number(row?.version ?? 0)
  if (version === SCHEMA_VERSION) return
  throw new SallyportError('SP-STORE', `the store is at schema ${version}, this program knows ${SCHEMA_VERSION}`)
}
