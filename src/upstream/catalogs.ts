import { setTimeout as pause } from 'node:timers/promises'
import { asSallyportError, SallyportError } from '../errors.ts'
import type { Catalogs, Clock, LiveCredential, Notes, Target } from '../session/ports.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { FormerNames } from './former_names.ts'
import { readMysqlCatalog } from './mysql_catalog.ts'
import { postgresFingerprint, readPostgresCatalog } from './postgres_catalog.ts'
import { followRotation } from './rotated_reads.ts'

/** A snapshot that could not be confirmed for this long is dropped. */
const UNCONFIRMED_MAX_MS = 30_000
/** Snapshots held at once; databases that nobody asks for are let go of. */
const SNAPSHOTS_MAX = 512
/** A database that nobody asked for in this time is polled no more. */
const IDLE_MS = 600_000
/** Reads that start over because the catalog was marked as stale while they ran; each waits twice as long as the last. */
const ATTEMPTS_MAX = 8
const FIRST_PAUSE_MS = 20
/** A database that somebody's decisions hung on so lately is read again at once; another when it is asked for. */
const NEEDED_MS = 60_000
const POLL_MIN_MS = 100
/** How long a catalog that was read is held back for what has to follow it first. */
const FOLLOWED_MS = 2_000

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
  readonly log?: (event: {
    readonly target: string
    readonly database: string
    readonly message: string
    readonly failed: boolean
  }) => void
  /**
   * Called with each catalog that was read, before anything is decided by it: for what should be in force by then. It is
   * waited for within bounds, and rejects never.
   */
  readonly before?: (change: CatalogChange) => Promise<void>
  /** Called when a snapshot may be relied on again, or for the first time. */
  readonly ready?: (target: string) => void
  /** The account whose search path counts, where all sessions of a target share one. */
  readonly account?: (target: Target) => string | null
  readonly readers?: CatalogReaders
  /** The admin login as it is now; else the one that the target was configured with. */
  readonly loginOf?: (target: Target) => LiveCredential
  /** What relations were called before; shared by all that read the same databases. */
  readonly formerNames: FormerNames
  /** Where that is kept. */
  readonly notes?: Notes
}

/**
 * One database of one target. `generation` grows with each `invalidate`: a read that began before it does not count.
 * While it is `stale` its snapshot is not relied on, and comes back when the fingerprint has stayed the same.
 */
interface Entry {
  readonly target: Target
  readonly database: string
  catalog: Catalog | undefined
  stale: boolean
  digest: string
  fingerprint: string | null
  generation: number
  confirmedAt: number
  askedAt: number
  neededAt: number
  /** The next poll was brought forward. */
  hurried: boolean
  reading: Promise<Catalog> | undefined
  timer: NodeJS.Timeout | undefined
}

/** Snapshots of the catalogs of `targets`, read on first use and polled every `target.catalogPollMs`. */
export function createCatalogs(options: CatalogsOptions): LiveCatalogs {
  return new Snapshots(options)
}

class Snapshots implements LiveCatalogs {
  readonly #options: CatalogsOptions
  readonly #readers: CatalogReaders
  readonly #targets: ReadonlyMap<string, Target>
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<(change: CatalogChange) => void>()
  #closed = false

  constructor(options: CatalogsOptions) {
    this.#options = options
    const readers = options.readers ?? readersOf(options.account ?? (() => null))
    this.#readers = options.loginOf === undefined ? readers : followRotation(readers, options.loginOf)
    this.#targets = new Map(options.targets.map((target) => [target.name, target]))
  }

  current(target: string, database: string): Catalog | undefined {
    const entry = this.#needed(target, database)
    return entry && this.#valid(entry)
  }

  latest(target: string, database: string): Catalog | undefined {
    return this.#asked(target, database)?.catalog
  }

  awaited(target: string, database: string): boolean {
    const entry = this.#needed(target, database)
    if (entry === undefined || this.#valid(entry) !== undefined || this.#closed) return false
    this.#rereadUnasked(entry)
    return true
  }

  async ensure(target: Target, database: string): Promise<Catalog> {
    if (this.#closed) throw new SallyportError('SP-CATALOG', 'the proxy is shutting down')
    const entry = this.#entryFor(this.#targets.get(target.name) ?? target, target.engine === 'mysql' ? '' : database)
    entry.askedAt = this.#now()
    try {
      return this.#valid(entry) ?? (await this.#reread(entry))
    } catch (error) {
      // A database that was never read may not exist: nobody polls for it.
      if (entry.digest === '') this.#forget(entry)
      throw error
    }
  }

  invalidate(target: string, reason: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.target.name !== target) continue
      entry.generation++
      entry.stale = true
      this.#note(entry, `the catalog is read again: ${reason}`, false)
      if (!this.#closed && this.#now() - entry.neededAt <= NEEDED_MS) this.#rereadUnasked(entry)
    }
  }

  recheck(target: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.target.name !== target || entry.hurried) continue
      entry.hurried = true
      this.#schedule(entry, POLL_MIN_MS)
    }
  }

  onChange(listener: (change: CatalogChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    for (const entry of this.#entries.values()) clearTimeout(entry.timer)
    this.#listeners.clear()
  }

  #now(): number {
    return this.#options.clock.monotonic()
  }

  #note({ target, database }: Entry, message: string, failed: boolean): void {
    this.#options.log?.({ target: target.name, database, message, failed })
  }

  #asked(target: string, database: string): Entry | undefined {
    const engine = this.#targets.get(target)?.engine
    const entry = this.#entries.get(keyOf(target, engine === 'mysql' ? '' : database))
    if (entry !== undefined) entry.askedAt = this.#now()
    return entry
  }

  #needed(target: string, database: string): Entry | undefined {
    const entry = this.#asked(target, database)
    if (entry !== undefined) entry.neededAt = entry.askedAt
    return entry
  }

  #valid(entry: Entry): Catalog | undefined {
    if (this.#now() - entry.confirmedAt > UNCONFIRMED_MAX_MS) entry.stale = true
    return entry.stale ? undefined : entry.catalog
  }

  #rereadUnasked(entry: Entry): void {
    if (entry.reading === undefined) this.#reread(entry).catch((error: unknown) => this.#failed(entry, error))
  }

  /** One read at a time for an entry; whoever asks meanwhile waits for the same. */
  #reread(entry: Entry): Promise<Catalog> {
    entry.reading ??= this.#readFresh(entry).finally(() => {
      entry.reading = undefined
      this.#schedule(entry)
    })
    return entry.reading
  }

  async #readFresh(entry: Entry): Promise<Catalog> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (attempt > 0) await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1))
      const { generation } = entry
      const startedAt = this.#now()
      // The fingerprint comes first: what changes between the two is seen as a change at the next poll.
      const fingerprint = await this.#readers.fingerprint(entry.target, entry.database)
      const same = entry.catalog !== undefined && fingerprint !== null && fingerprint === entry.fingerprint
      const catalog = same && entry.catalog ? entry.catalog : await this.#readUndisturbed(entry, attempt)
      if (catalog === null || entry.generation !== generation) continue
      if (!same) await this.#followed(entry, catalog)
      if (entry.generation !== generation) continue
      return this.#accept(entry, catalog, fingerprint, startedAt)
    }
    throw new SallyportError('SP-CATALOG', 'the catalog changes faster than it can be read')
  }

  /** Whatever follows late does so behind statements that are refused until then. */
  async #followed({ target, database }: Entry, catalog: Catalog): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, FOLLOWED_MS)
    const followed = this.#options.before?.({ target: target.name, database, catalog }) ?? Promise.resolve()
    followed.then(resolve, resolve)
    await promise
    clearTimeout(timer)
  }

  /** Null where something was dropped while it was read, so that it has to be read once more. */
  async #readUndisturbed(entry: Entry, attempt: number): Promise<Catalog | null> {
    try {
      return await this.#readRecalled(entry)
    } catch (error) {
      if (attempt + 1 < ATTEMPTS_MAX && isDisturbance(error)) return null
      throw error
    }
  }

  async #readRecalled(entry: Entry): Promise<Catalog> {
    const { formerNames, notes } = this.#options
    const read = await this.#readers.read(entry.target, entry.database)
    const catalog = formerNames.recalled(keyOf(entry.target.name, entry.database), read)
    const learnt = formerNames.taken()
    if (learnt !== null)
      notes?.write(learnt).catch((error: unknown) => {
        this.#note(entry, `the names of relations were not kept: ${asSallyportError(error).message}`, true)
      })
    return catalog
  }

  /** What holds the same as before stays the same object: verdicts, open cursors and caches that hang on it live on. */
  #accept(entry: Entry, read: Catalog, fingerprint: string | null, readAt: number): Catalog {
    const catalog = entry.catalog?.digest === read.digest ? entry.catalog : read
    entry.catalog = catalog
    entry.stale = false
    entry.fingerprint = fingerprint
    entry.confirmedAt = readAt
    this.#options.ready?.(entry.target.name)
    if (catalog.digest === entry.digest) return catalog
    entry.digest = catalog.digest
    const change = { target: entry.target.name, database: entry.database, catalog }
    for (const listener of this.#listeners) listener(change)
    return catalog
  }

  async #poll(entry: Entry): Promise<void> {
    if (this.#now() - entry.askedAt > IDLE_MS) return this.#forget(entry)
    const startedAt = this.#now()
    entry.hurried = false
    try {
      if (await this.#unchanged(entry)) {
        entry.confirmedAt = startedAt
        this.#schedule(entry)
      } else {
        await this.#reread(entry)
      }
    } catch (error) {
      this.#failed(entry, error)
    }
  }

  async #unchanged(entry: Entry): Promise<boolean> {
    const { generation, fingerprint, catalog } = entry
    if (entry.stale || catalog === undefined || fingerprint === null || entry.reading !== undefined) return false
    const now = await this.#readers.fingerprint(entry.target, entry.database)
    return now === fingerprint && entry.generation === generation && entry.catalog === catalog
  }

  #failed(entry: Entry, error: unknown): void {
    this.#note(entry, `the catalog was not read: ${asSallyportError(error).message}`, true)
    this.#schedule(entry)
  }

  #schedule(entry: Entry, ms = entry.hurried ? POLL_MIN_MS : entry.target.catalogPollMs): void {
    clearTimeout(entry.timer)
    if (this.#closed || this.#entries.get(keyOf(entry.target.name, entry.database)) !== entry) return
    entry.timer = setTimeout(() => void this.#poll(entry), Math.max(ms, POLL_MIN_MS))
    entry.timer.unref()
  }

  #forget(entry: Entry): void {
    clearTimeout(entry.timer)
    const key = keyOf(entry.target.name, entry.database)
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }

  #entryFor(target: Target, database: string): Entry {
    const key = keyOf(target.name, database)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    if (this.#entries.size >= SNAPSHOTS_MAX) this.#forget(longestUnasked(this.#entries.values()))
    const entry = emptyEntry(target, database, this.#now())
    this.#entries.set(key, entry)
    return entry
  }
}

/**
 * PostgreSQL's functions that print definitions see the catalogs as they are now, not as the snapshot of the query has
 * them: what is dropped in between is an internal error ("cache lookup failed") or an undefined object.
 */
const DISTURBANCES: ReadonlySet<unknown> = new Set(['XX000', '42P01', '42703', '42704', '42883', '3F000'])

function isDisturbance(error: unknown): boolean {
  const { cause } = asSallyportError(error)
  return typeof cause === 'object' && cause !== null && 'code' in cause && DISTURBANCES.has(cause.code)
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
    stale: false,
    digest: '',
    fingerprint: null,
    generation: 0,
    confirmedAt: now,
    askedAt: now,
    neededAt: Number.NEGATIVE_INFINITY,
    hurried: false,
    reading: undefined,
    timer: undefined,
  }
}

function longestUnasked(entries: Iterable<Entry>): Entry {
  return [...entries].reduce((oldest, entry) => (entry.askedAt < oldest.askedAt ? entry : oldest))
}

function keyOf(target: string, database: string): string {
  return `${target}\0${database}`
}
