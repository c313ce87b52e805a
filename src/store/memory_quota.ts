import type { Allowance, Clock, Quota, Usage } from '../session/ports.ts'

/** A window is counted in so many parts, and one more: what falls into a part counts until all of it is out of the window. */
const PARTS = 60
/** Counters kept at once, over all people; one is about 100 bytes, and 32 more for each part that is in use. */
const MAX_COUNTERS = 100_000
/** How often all counters are looked through for those that are empty, at most: milliseconds. */
const SWEEP_EVERY_MS = 1_000
/** What a rate may run ahead: milliseconds of it. */
const BURST_MS = 1_000

interface Part {
  readonly at: number
  amount: number
}

interface Counter {
  readonly partMs: number
  readonly parts: Part[]
  total: number
}

/**
 * The counts of this process, in memory: they start anew with it. Time is monotonic. Where there are more counters than
 * there is room for, nothing is granted: an old count is never forgotten to make room.
 */
export class MemoryQuota implements Quota {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #max: number
  readonly #counters = new Map<string, Counter>()
  /** By key of a rate: when what was taken is paid off. */
  readonly #paidAt = new Map<string, number>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'monotonic'>, maxCounters: number = MAX_COUNTERS) {
    this.#clock = clock
    this.#max = maxCounters
  }

  reserve(allowance: Allowance, amount: number): number {
    const now = this.#clock.monotonic()
    const counter = this.#counterOf(allowance, now)
    if (!counter) return 0
    const granted = Math.min(amount, Math.max(0, allowance.max - counter.total))
    if (granted > 0) add(counter, granted, now)
    return granted
  }

  giveBack({ key }: Allowance, amount: number): void {
    const counter = this.#counters.get(key)
    if (!counter) return
    let left = amount
    while (left > 0) {
      const newest = counter.parts.at(-1)
      if (!newest) return
      const back = Math.min(left, newest.amount)
      newest.amount -= back
      counter.total -= back
      left -= back
      if (newest.amount === 0) counter.parts.pop()
    }
  }

  usage({ key, windowMs }: Allowance): Usage {
    const now = this.#clock.monotonic()
    const counter = this.#counters.get(key)
    if (counter) forget(counter, now)
    const oldest = counter?.parts[0]
    if (!counter || !oldest) return { used: 0, freesInMs: 0 }
    return { used: counter.total, freesInMs: (oldest.at + 1) * counter.partMs + windowMs - now }
  }

  pace(key: string, perSecond: number, amount: number): number {
    const now = this.#clock.monotonic()
    const known = this.#paidAt.get(key)
    if (known === undefined && !this.#room(this.#paidAt, now)) return BURST_MS
    const paid = Math.max(now, known ?? now) + (amount / perSecond) * 1_000
    this.#paidAt.set(key, paid)
    return Math.max(0, paid - now - BURST_MS)
  }

  #counterOf({ key, windowMs }: Allowance, now: number): Counter | null {
    const known = this.#counters.get(key)
    if (known) {
      forget(known, now)
      return known
    }
    if (!this.#room(this.#counters, now)) return null
    const counter: Counter = { partMs: windowMs / PARTS, parts: [], total: 0 }
    this.#counters.set(key, counter)
    return counter
  }

  #room(of: ReadonlyMap<string, unknown>, now: number): boolean {
    if (of.size < this.#max) return true
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return false
    this.#sweptAt = now
    for (const [key, counter] of this.#counters) {
      forget(counter, now)
      if (counter.total === 0) this.#counters.delete(key)
    }
    for (const [key, paid] of this.#paidAt) if (paid <= now) this.#paidAt.delete(key)
    return of.size < this.#max
  }
}

function add(counter: Counter, amount: number, now: number): void {
  const at = Math.floor(now / counter.partMs)
  const newest = counter.parts.at(-1)
  if (newest?.at === at) newest.amount += amount
  else counter.parts.push({ at, amount })
  counter.total += amount
}

/** Lets go of parts that are out of the window to their last moment. */
function forget(counter: Counter, now: number): void {
  const first = Math.floor(now / counter.partMs) - PARTS
  let gone = 0
  for (const { at, amount } of counter.parts) {
    if (at >= first) break
    counter.total -= amount
    gone++
  }
  if (gone > 0) counter.parts.splice(0, gone)
}
