import type { SallyportError } from '../errors.ts'
import type { Clock } from '../session/ports.ts'
import { openPostgres } from './postgres_database.ts'
import type { StoreSettings } from './settings.ts'
import { SqlStore } from './sql_store.ts'
import { openSqlite } from './sqlite_database.ts'
import { whyNotOpened } from './store_error.ts'

interface StoreDeps {
  readonly clock: Clock
  /** Told while the store can't be reached; what needs it fails by itself. */
  readonly failed: (error: SallyportError) => void
}

const DEFAULTS: StoreDeps = {
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  failed: () => {},
}

/** Opens the store and brings its schema up to date. Rejects with `SP-STORE`. */
export async function openStore(settings: StoreSettings, deps: Partial<StoreDeps> = {}): Promise<SqlStore> {
  const { clock, failed } = { ...DEFAULTS, ...deps }
  try {
    return new SqlStore(
      settings.kind === 'sqlite' ? await openSqlite(settings.dir) : await openPostgres(settings, clock, failed),
    )
  } catch (error) {
    throw whyNotOpened(error)
  }
}
