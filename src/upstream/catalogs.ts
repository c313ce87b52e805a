import { asSallyportError, SallyportError } from '../errors.ts'
import type { Catalogs, Clock, Target } from '../session/ports.ts'
import type { Catalog } from '../sql/catalog.ts'
import { readMysqlCatalog } from './mysql_catalog.ts'
import { postgresFingerprint, readPostgresCatalog } from './postgres_catalog.ts'

/** A snapshot that could not be confirmed for this long is dropped. */
const UNCONFIRMED_MAX_MS = 30_000
/** Snapshots held at once; databases that nobody asks for are let go of. */
const SNAPSHOTS_MAX = 512
/** A database that nobody asked for in this time is polled no more. */
const IDLE_MS = 600_000
/** Reads that start over because the catalog was marked as stale while they ran. */
const ATTEMPTS_MAX = 5
const POLL_MIN_MS = 100

/** How a catalog is read; the first two arguments of each are those of the port. */
export interface CatalogReaders {
  /** A text that changes when the catalog does, or null where only reading tells. */
  fingerprint(target: Target, database: string): Promise<string | null>
  read(target: Target, database: string): Promise<Catalog>
}

export interface CatalogChange {
  readonly target: string
  readonly database: string
  readonly catalog: Catalog
}

export interface LiveCatalogs extends Catalogs {
  /** Called with each snapshot whose digest is new. Returns the way to stop listening. */
  onChange(listener: (change: CatalogChange) => void): () => void
  /** Stops polling. A read under way still ends by itself. */
  close(): void
}

export interface CatalogsOptions {
  readonly targets: readonly Target[]
  readonly clock: Clock
  readonly log?: (event: { readonly target: string; readonly database: string; readonly message: string }) => void
  /** The account whose search path counts, where all sessions of a target share one. */
  readonly account?: (target: Target) => string | null
  readonly readers?: CatalogReaders
}

/** One database of one target. `generation` grows with each `invalidate`: an older read does not count. */
interface Entry {
  readonly target: Target
  readonly database: string
  catalog: Catalog | undefined
  digest: string
  fingerprint: string | null
  generation: number
  confirmedAt: number
  askedAt: number
  reading: Promise<Catalog> | undefined
  timer: NodeJS.Timeout | undefined
}

/** Snapshots of the catalogs of `targets`, read on first use and polled every `target.catalogPollMs`. */
export function createCatalogs(options: CatalogsOptions): LiveCatalogs {
  const { clock } = options
  const readers = options.readers ?? readersOf(options.account ?? (() => null))
  const targets = new Map(options.targets.map((target) => [target.name, target]))
  const entries = new Map<string, Entry>()
  const listeners = new Set<(change: CatalogChange) => void>()
  let closed = false

  const note = (entry: Entry, message: string): void =>
    options.log?.({ target: entry.target.name, database: entry.database, message })

  const accept = (entry: Entry, catalog: Catalog, fingerprint: string | null): void => {
    entry.catalog = catalog
    entry.fingerprint = fingerprint
    entry.confirmedAt = clock.monotonic()
    if (catalog.digest === entry.digest) return
    entry.digest = catalog.digest
    const change = { target: entry.target.name, database: entry.database, catalog }
    for (const listener of listeners) listener(change)
  }

  const readFresh = async (entry: Entry): Promise<Catalog> => {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const { generation } = entry
      // The fingerprint comes first: what changes between the two is seen as a change at the next poll.
      const fingerprint = await readers.fingerprint(entry.target, entry.database)
      const catalog = await readers.read(entry.target, entry.database)
      if (entry.generation !== generation) continue
      accept(entry, catalog, fingerprint)
      return catalog
    }
    throw new SallyportError('SP-CATALOG', 'the catalog changes faster than it can be read')
  }

  const reread = (entry: Entry): Promise<Catalog> => {
    entry.reading ??= readFresh(entry).finally(() => {
      entry.reading = undefined
      schedule(entry)
    })
    return entry.reading
  }

  const poll = async (entry: Entry): Promise<void> => {
    if (clock.monotonic() - entry.askedAt > IDLE_MS) return forget(entry)
    try {
      if (await unchanged(entry)) {
        entry.confirmedAt = clock.monotonic()
        schedule(entry)
      } else {
        await reread(entry)
      }
    } catch (error) {
      failed(entry, error)
    }
  }

  const unchanged = async (entry: Entry): Promise<boolean> => {
    const { generation, fingerprint, catalog } = entry
    if (catalog === undefined || fingerprint === null || entry.reading !== undefined) return false
    const now = await readers.fingerprint(entry.target, entry.database)
    return now === fingerprint && entry.generation === generation && entry.catalog === catalog
  }

  const failed = (entry: Entry, error: unknown): void => {
    note(entry, `the catalog was not read: ${asSallyportError(error).message}`)
    schedule(entry)
  }

  const schedule = (entry: Entry): void => {
    clearTimeout(entry.timer)
    if (closed || entries.get(keyOf(entry.target.name, entry.database)) !== entry) return
    entry.timer = setTimeout(() => void poll(entry), Math.max(entry.target.catalogPollMs, POLL_MIN_MS))
    entry.timer.unref()
  }

  const forget = (entry: Entry): void => {
    clearTimeout(entry.timer)
    entries.delete(keyOf(entry.target.name, entry.database))
  }

  const valid = (entry: Entry | undefined): Catalog | undefined => {
    if (entry === undefined) return undefined
    if (clock.monotonic() - entry.confirmedAt > UNCONFIRMED_MAX_MS) entry.catalog = undefined
    return entry.catalog
  }

  const entryFor = (target: Target, database: string): Entry => {
    const key = keyOf(target.name, database)
    const known = entries.get(key)
    if (known !== undefined) return known
    if (entries.size >= SNAPSHOTS_MAX) forget(longestUnasked(entries.values()))
    const entry = emptyEntry(target, database, clock.monotonic())
    entries.set(key, entry)
    return entry
  }

  return {
    current(target, database) {
      const entry = entries.get(keyOf(target, database))
      if (entry !== undefined) entry.askedAt = clock.monotonic()
      return valid(entry)
    },
    async ensure(target, database) {
      if (closed) throw new SallyportError('SP-CATALOG', 'the proxy is shutting down')
      const entry = entryFor(targets.get(target.name) ?? target, databaseOf(target, database))
      entry.askedAt = clock.monotonic()
      return valid(entry) ?? reread(entry)
    },
    invalidate(target, reason) {
      for (const entry of entries.values()) {
        if (entry.target.name !== target) continue
        entry.generation++
        entry.catalog = undefined
        note(entry, `the catalog is read again: ${reason}`)
        if (!closed) reread(entry).catch((error: unknown) => failed(entry, error))
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      closed = true
      for (const entry of entries.values()) clearTimeout(entry.timer)
      listeners.clear()
    },
  }
}

function readersOf(account: (target: Target) => string | null): CatalogReaders {
  return {
    fingerprint: async (target, database) =>
      target.engine === 'postgres' ? postgresFingerprint(target, database) : null,
    read: (target, database) =>
      target.engine === 'postgres' ? readPostgresCatalog(target, database, account(target)) : readMysqlCatalog(target),
  }
}

function emptyEntry(target: Target, database: string, now: number): Entry {
  return {
    target,
    database,
    catalog: undefined,
    digest: '',
    fingerprint: null,
    generation: 0,
    confirmedAt: now,
    askedAt: now,
    reading: undefined,
    timer: undefined,
  }
}

function longestUnasked(entries: Iterable<Entry>): Entry {
  return [...entries].reduce((oldest, entry) => (entry.askedAt < oldest.askedAt ? entry : oldest))
}

/** One snapshot covers every database of a MySQL server. */
function databaseOf(target: Target, database: string): string {
  return target.engine === 'mysql' ? '' : database
}

function keyOf(target: string, database: string): string {
  return `${target}\0${database}`
}
