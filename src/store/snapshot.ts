import type { Versioned } from '../access/model.ts'
import { type Change, MAX_PAGE, type Query, type Reading, type ReadTx, type Store } from '../access/ports.ts'
import { asSallyportError, type SallyportError } from '../errors.ts'
import type { Clock } from '../session/ports.ts'

/** How long what is known to be out of date may be relied on while reading it again fails. Milliseconds. */
const STALE_MS = 10_000
const PAUSE_AFTER_FAILURE_MS = 250

export interface SnapshotDeps {
  readonly store: Store
  readonly clock: Clock
  /** Told where reading failed; it is tried again. */
  readonly failed: (error: SallyportError) => void
}

export interface SnapshotOf<T> {
  readonly what: Change['what']
  readonly load: (tx: ReadTx) => Promise<T>
  /** Called with each state that was read, the first included. */
  readonly loaded: (state: T) => void
}

/** A part of the store in memory, read again after each change. */
export class Snapshot<T> {
  readonly #deps: SnapshotDeps
  readonly #of: SnapshotOf<T>
  readonly #stopListening: () => void
  #running: Promise<void> = Promise.resolve()
  /** Since when a change is known that is not in what was read, and until when it may be relied on nevertheless. */
  #stale: { readonly until: number } | null = { until: Number.NEGATIVE_INFINITY }
  #retry: NodeJS.Timeout | null = null
  #queued = false
  #closed = false

  constructor(deps: SnapshotDeps, of: SnapshotOf<T>) {
    this.#deps = deps
    this.#of = of
    this.#stopListening = deps.store.onChange(({ what }) => {
      if (what === of.what) this.#changed()
    })
  }

  /** Reads for the first time; rejects with `SP-STORE`. */
  async start(): Promise<void> {
    await this.#load()
  }

  /** Monotonic milliseconds, see `Store`. */
  leaseUntil(): number {
    const lease = this.#deps.store.leaseUntil()
    return this.#stale === null ? lease : Math.min(lease, this.#stale.until)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stopListening()
    if (this.#retry) clearTimeout(this.#retry)
    await this.#running
  }

  /**
   * The lease as it was before the change was heard of: a node that was cut off must not rely on its old state in the
   * moment between hearing of the store again and reading it.
   */
  #changed(): void {
    const { store, clock } = this.#deps
    this.#stale ??= { until: Math.min(store.leaseUntil(), clock.monotonic() + STALE_MS) }
    this.#again()
  }

  #again(): void {
    const failed = (error: unknown) => {
      if (this.#closed) return
      this.#deps.failed(asSallyportError(error))
      this.#retry ??= setTimeout(() => {
        this.#retry = null
        this.#again()
      }, PAUSE_AFTER_FAILURE_MS)
    }
    // What is queued already will see this change too.
    if (this.#queued) return
    this.#queued = true
    const load = () => {
      this.#queued = false
      return this.#load()
    }
    this.#running = this.#running.then(load).catch(failed)
  }

  async #load(): Promise<void> {
    if (this.#closed) return
    const { store, clock } = this.#deps
    // A change that is heard of from here on may be missing in what is read.
    const next = { until: Math.min(store.leaseUntil(), clock.monotonic() + STALE_MS) }
    let changed = false
    const stop = store.onChange(({ what }) => {
      changed ||= what === this.#of.what
    })
    try {
      const state = await store.read(this.#of.load)
      this.#stale = changed ? next : null
      this.#of.loaded(state)
    } finally {
      stop()
    }
  }
}

/** All that a filter matches, page by page. */
export async function everyRecord<Row extends Versioned, By extends string>(
  reading: Reading<Row, By>,
  where: NonNullable<Query<By>['where']>,
): Promise<Row[]> {
  const all: Row[] = []
  for (let after: string | undefined; ; ) {
    const page = await reading.list({ where, limit: MAX_PAGE, ...(after === undefined ? {} : { after }) })
    all.push(...page)
    if (page.length < MAX_PAGE) return all
    after = page.at(-1)?.id
  }
}
