import type { Change } from '../access/ports.ts'
import { SallyportError } from '../errors.ts'
import type { Clock } from '../session/ports.ts'
import { cuttableClient } from './postgres_connection.ts'
import type { PostgresSettings } from './settings.ts'

/** Between attempts to connect again: doubled from the first to the last. Milliseconds. */
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 1_000
/** What a look may take before the connection counts as dead. Milliseconds. */
const LOOK_TIMEOUT_MS = 2_000

export const CHANNEL = 'sallyport_store'

/** The counters, and the server's clock. A server in recovery may be behind, and says nothing that may be relied on. */
const LOOK = `SELECT what, counter, extract(epoch FROM clock_timestamp()) * 1000 AS now, pg_is_in_recovery() AS standby
  FROM store_changes`

interface Row {
  readonly what: Change['what']
  readonly counter: string
  readonly now: string
  readonly standby: boolean
}

/**
 * Hears of other nodes' changes on a connection of its own: at once by NOTIFY, and by looking at the counters every
 * `pollMs`. Only a look that succeeded prolongs the lease, from the moment before it was asked.
 */
export class PostgresWatch {
  readonly #settings: PostgresSettings
  readonly #clock: Clock
  readonly #failed: (error: SallyportError) => void
  readonly #counters = new Map<Change['what'], string>()
  #listener: (change: Change) => void = () => {}
  #leaseUntil = Number.NEGATIVE_INFINITY
  /** By the wall clock: when the look that succeeded last was asked. */
  #askedAt = 0
  #skewMs = 0
  #closed = false
  #cut: () => void = () => {}
  #wake: () => void = () => {}
  /** Something was told since the last look began. */
  #told = false
  #done: Promise<void> = Promise.resolve()

  constructor(settings: PostgresSettings, clock: Clock, failed: (error: SallyportError) => void) {
    this.#settings = settings
    this.#clock = clock
    this.#failed = failed
  }

  /** Resolves after the first look, or rejects with what kept it. */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#done = this.#keepWatching(resolve, reject)
    await promise
  }

  listen(listener: (change: Change) => void): void {
    this.#listener = listener
  }

  /** The monotonic clock stands still while a machine is suspended; the clock on the wall does not. */
  get leaseUntil(): number {
    const late = this.#clock.now() - this.#askedAt > this.#settings.leaseMs
    return late ? Number.NEGATIVE_INFINITY : this.#leaseUntil
  }

  /** How far this clock is before the server's. */
  get skewMs(): number {
    return this.#skewMs
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#leaseUntil = Number.NEGATIVE_INFINITY
    this.#wake()
    this.#cut()
    await this.#done
  }

  async #keepWatching(first: () => void, never: (error: unknown) => void): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    let looked = false
    while (!this.#closed) {
      try {
        await this.#watchOnce(() => {
          looked = true
          pauseMs = FIRST_PAUSE_MS
          first()
        })
      } catch (error) {
        if (!looked) {
          this.#closed = true
          never(error)
          return
        }
        if (this.#closed) return
        this.#failed(new SallyportError('SP-STORE', 'the store is not heard of', { cause: error }))
        await this.#pause(pauseMs)
        pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)
      }
    }
  }

  /** One connection, until it breaks. */
  async #watchOnce(looked: () => void): Promise<void> {
    const { client, cut } = cuttableClient(this.#settings)
    this.#cut = cut
    try {
      await client.connect()
      for (const event of ['notification', 'end'] as const) client.on(event, () => this.#lookNow())
      await client.query(`LISTEN ${CHANNEL}`)
      while (!this.#closed) {
        this.#told = false
        await this.#look(
          async () => (await client.query<Row>({ text: LOOK, query_timeout: LOOK_TIMEOUT_MS } as never)).rows,
        )
        looked()
        if (!this.#told) await this.#pause(this.#settings.pollMs)
      }
    } finally {
      cut()
    }
  }

  async #look(ask: () => Promise<readonly Row[]>): Promise<void> {
    const asked = this.#clock.monotonic()
    const askedAt = this.#clock.now()
    const rows = await ask()
    const [first] = rows
    if (!first || first.standby) throw new SallyportError('SP-STORE', 'the store is a standby, or has no schema')
    if (this.#closed) return
    const now = this.#clock.now()
    const half = (this.#clock.monotonic() - asked) / 2
    this.#skewMs = now - half - Number(first.now)
    // Before the lease is longer: who was cut off and hears of a change must not rely on what it had, see `Snapshot`.
    for (const { what, counter } of rows) {
      const known = this.#counters.get(what)
      this.#counters.set(what, counter)
      // Also where it went back: another server may stand there now.
      if (known !== undefined && known !== counter) this.#listener({ what })
    }
    this.#leaseUntil = asked + this.#settings.leaseMs
    this.#askedAt = askedAt
  }

  #lookNow(): void {
    this.#told = true
    this.#wake()
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    timer.unref()
    this.#wake = () => {
      clearTimeout(timer)
      resolve()
    }
    return promise
  }
}
