import { asSallyportError, type SallyportError } from '../errors.ts'
import type { Allowance, Clock, Quota, Usage } from '../session/ports.ts'
import { MemoryQuota } from './memory_quota.ts'
import { type Counted, shareCounts } from './quota_parts.ts'
import type { SqlStore } from './sql_store.ts'

/** Of a limit, what a node may take while the store does not answer; and never less than so much. */
const OWED_SHARE = 1 / 4
const OWED_AT_LEAST = 1_000
/** Of that, what makes the node tell the store at once rather than at the next turn. */
const TELL_AT_SHARE = 1 / 4
const SHARE_EVERY_MS = 1_000
/** A store that takes longer to note what it is told counts as one that does not answer. Milliseconds. */
const ANSWERS_WITHIN_MS = 1_000
/** What was drawn on within so long is looked at each time, also where nothing was taken. Milliseconds. */
const ACTIVE_MS = 5_000

interface Shared {
  readonly key: string
  readonly windowMs: number
  /** Taken here, and not in the store yet; negative where more was given back. */
  owed: number
  /** Taken by other nodes, and by this one before it was started, as last heard. */
  others: number
  usedAt: number
}

export interface StoreQuotaDeps {
  readonly store: SqlStore
  readonly clock: Clock
  /** Told where the store was not heard of; it is tried again. */
  readonly failed: (error: SallyportError) => void
}

/**
 * Limits that hold over nodes and restarts. Each node counts for itself at once, tells the store behind, and takes off
 * what the others have told. One result may come faster than the store notes it, so a node takes up to the limit while
 * the store answers, and owes it a part of each limit and no more while it does not. Nodes that have not heard of each
 * other, in the moments before they do, may together take what each of them reads in these. Rates are each node's own.
 */
export class StoreQuota implements Quota {
  readonly #deps: StoreQuotaDeps
  readonly #local: MemoryQuota
  readonly #shared = new Map<string, Shared>()
  readonly #timer: NodeJS.Timeout
  #sharing: Promise<void> | null = null
  #again = false
  /** Since when the store has been told something that it has not noted yet; null where nothing is on its way. */
  #toldAt: number | null = null
  #failed = false

  constructor(deps: StoreQuotaDeps, maxCounters?: number) {
    this.#deps = deps
    this.#local = new MemoryQuota(deps.clock, maxCounters)
    this.#timer = setInterval(() => this.#share(), SHARE_EVERY_MS)
    this.#timer.unref()
  }

  reserve(allowance: Allowance, amount: number): number {
    const shared = this.#sharedOf(allowance)
    const part = Math.max(allowance.max * OWED_SHARE, OWED_AT_LEAST)
    const mayOwe = this.#answers() ? Number.POSITIVE_INFINITY : part
    const wanted = Math.min(amount, Math.max(0, Math.floor(mayOwe - shared.owed)))
    const max = Math.max(0, allowance.max - shared.others)
    const granted = this.#local.reserve({ ...allowance, max }, wanted)
    shared.owed += granted
    if (shared.owed >= part * TELL_AT_SHARE) this.#share()
    return granted
  }

  giveBack(allowance: Allowance, amount: number): void {
    const before = this.#local.usage(allowance).used
    this.#local.giveBack(allowance, amount)
    this.#sharedOf(allowance).owed -= before - this.#local.usage(allowance).used
  }

  usage(allowance: Allowance): Usage {
    const { used, freesInMs } = this.#local.usage(allowance)
    const others = this.#shared.get(allowance.key)?.others ?? 0
    return { used: used + others, freesInMs: used === 0 && others > 0 ? allowance.windowMs : freesInMs }
  }

  pace(key: string, perSecond: number, amount: number): number {
    return this.#local.pace(key, perSecond, amount)
  }

  /** Tells the store what it does not know yet. Rejects with `SP-STORE`. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sharing
    await this.#shareOnce()
  }

  #sharedOf({ key, windowMs }: Allowance): Shared {
    const usedAt = this.#deps.clock.monotonic()
    const known = this.#shared.get(key)
    if (known) {
      known.usedAt = usedAt
      return known
    }
    const shared: Shared = { key, windowMs, owed: 0, others: 0, usedAt }
    this.#shared.set(key, shared)
    // What was taken elsewhere, or before a restart, is asked for at the first use.
    this.#share()
    return shared
  }

  #share(): void {
    this.#again = true
    this.#sharing ??= this.#shareAll()
  }

  #answers(): boolean {
    const since = this.#toldAt
    return !this.#failed && (since === null || this.#deps.clock.monotonic() - since < ANSWERS_WITHIN_MS)
  }

  /** What was taken in the meantime goes at once, too; after a failure at the next turn. */
  async #shareAll(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false
        this.#toldAt = this.#deps.clock.monotonic()
        await this.#shareOnce()
      }
      this.#failed = false
    } catch (error) {
      this.#failed = true
      this.#deps.failed(asSallyportError(error))
    } finally {
      // With no wait after the last look at #again: else what came in between would be told a turn later.
      this.#sharing = null
      this.#toldAt = null
    }
  }

  async #shareOnce(): Promise<void> {
    // Who was called by a statement goes on first: it has still to take what it came for.
    await Promise.resolve()
    const { clock, store } = this.#deps
    const now = clock.monotonic()
    this.#forget(now)
    const told = [...this.#shared.values()].filter(({ owed, usedAt }) => owed !== 0 || now - usedAt < ACTIVE_MS)
    if (told.length === 0) return
    const counted = told.map(({ key, windowMs, owed }): Counted => ({ key, windowMs, amount: owed }))
    const totals = await shareCounts(store, counted, clock.now() - store.skewMs())
    for (const [at, shared] of told.entries()) {
      shared.owed -= counted[at]?.amount ?? 0
      const { used } = this.#local.usage({ key: shared.key, windowMs: shared.windowMs, max: 0 })
      shared.others = Math.max(0, (totals[at] ?? 0) - (used - shared.owed))
    }
  }

  #forget(now: number): void {
    for (const [key, { owed, usedAt, windowMs }] of this.#shared) {
      if (owed === 0 && now - usedAt > windowMs) this.#shared.delete(key)
    }
  }
}
