import { LRUCache } from 'lru-cache'

/** How many are counted at once by one rule; beyond, the one that nothing was heard of for longest is forgotten. */
export const MAX_KEYS = 4096
/** Records that an alert names, the last ones. */
export const MAX_EVIDENCE = 10
/** A sum is exact to this part of its window. */
const BUCKETS = 60

interface Seen {
  readonly times: number[]
  readonly ids: string[]
}

export interface Counted {
  readonly count: number
  readonly evidence: readonly string[]
}

export interface Span {
  readonly threshold: number
  readonly windowMs: number
}

/**
 * Counts occurrences by key, exactly up to the threshold: of each key it holds the last times, and no more of them than
 * the threshold asks about.
 */
export class Occurrences {
  readonly #seen = new LRUCache<string, Seen>({ max: MAX_KEYS })

  /** How many of this key are in the window that ends now, this one among them: never more than the threshold. */
  add(key: string, at: number, id: string | null, { threshold, windowMs }: Span): Counted {
    const seen = this.#seen.get(key) ?? { times: [], ids: [] }
    this.#seen.set(key, seen)
    const { times, ids } = seen
    times.push(at)
    while (times.length > threshold || (times[0] ?? at) <= at - windowMs) times.shift()
    if (id !== null) ids.push(id)
    while (ids.length > MAX_EVIDENCE || ids.length > times.length) ids.shift()
    return { count: times.length, evidence: [...ids] }
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }

  get size(): number {
    return this.#seen.size
  }
}

interface Sum {
  readonly amounts: Float64Array
  /** The number of the newest bucket since time 0. */
  newest: number
}

/** Adds up amounts by key. What left the window by less than a bucket counts still, so that a sum is never too small. */
export class Sums {
  readonly #sums = new LRUCache<string, Sum>({ max: MAX_KEYS })

  /** The sum of this key in the window that ends now, with this amount. */
  add(key: string, at: number, amount: number, windowMs: number): number {
    const bucket = Math.floor(at / (windowMs / BUCKETS))
    const sum = this.#sums.get(key) ?? { amounts: new Float64Array(BUCKETS + 1), newest: bucket }
    this.#sums.set(key, sum)
    advance(sum, bucket)
    const { amounts } = sum
    const place = Math.max(0, bucket) % amounts.length
    amounts[place] = (amounts[place] ?? 0) + amount
    return amounts.reduce((total, one) => total + one, 0)
  }
}

function advance(sum: Sum, bucket: number): void {
  const { amounts } = sum
  if (bucket - sum.newest >= amounts.length) amounts.fill(0)
  else for (let next = sum.newest + 1; next <= bucket; next++) amounts[next % amounts.length] = 0
  sum.newest = Math.max(sum.newest, bucket)
}
