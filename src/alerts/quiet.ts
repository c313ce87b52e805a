import { LRUCache } from 'lru-cache'
import { MAX_KEYS } from './windows.ts'

interface Told {
  readonly until: number
  suppressed: number
}

/** Keeps back alerts of a key for its quiet time. The first of a key always passes; so does one that was forgotten. */
export class Quiet {
  readonly #told = new LRUCache<string, Told>({ max: MAX_KEYS })

  /** How many were kept back since the last that passed; null where this one is kept back. */
  pass(key: string, now: number, quietMs: number): number | null {
    const told = this.#told.get(key)
    if (told !== undefined && now < told.until) {
      told.suppressed++
      return null
    }
    this.#told.set(key, { until: now + quietMs, suppressed: 0 })
    return told?.suppressed ?? 0
  }

  forget(key: string): void {
    this.#told.delete(key)
  }
}

/** Alerts of one signal within a span: beyond, they are about the signal as a whole. */
const MAX_AT_ONCE = 20
const SPAN_MS = 600_000

/**
 * Somebody who tries a thousand names must not send a thousand messages, below which the one that matters is lost: of one
 * signal only so many alerts pass in a span of time.
 */
export class Flood {
  readonly #spans = new Map<string, { readonly until: number; count: number }>()

  /** alone: an alert of its own. together: one about all that follow in this span. null: that was said. */
  pass(signal: string, now: number): 'alone' | 'together' | null {
    let span = this.#spans.get(signal)
    if (span === undefined || now >= span.until) {
      span = { until: now + SPAN_MS, count: 0 }
      this.#spans.set(signal, span)
    }
    span.count++
    if (span.count <= MAX_AT_ONCE) return 'alone'
    return span.count === MAX_AT_ONCE + 1 ? 'together' : null
  }
}
