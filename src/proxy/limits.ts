import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { SallyportError } from '../errors.ts'

export interface ConnectionLimits {
  /** Over all listeners. */
  readonly maxConnections: number
  readonly perAddress: number
  readonly perPerson: number
}

const FAILURE_WINDOW_MS = 60_000
/** Failed logins in a window, from one address (a /64 for IPv6) and for one claimed person. */
const MAX_FAILURES_PER_ADDRESS = 10
const MAX_FAILURES_PER_PERSON = 10
const TRACKED_FAILURES = 100_000
/** What a failed login costs, in milliseconds, before it is answered. */
export const FAILURE_DELAY_MS = 500

/** Counts of live connections; each `take` gives the way to return the place. */
export class ConnectionCounts {
  readonly #counts = new Map<string, number>()

  /** Takes one place under `key`, or throws `SP-LIMIT-CONNECTIONS` when `max` are taken. */
  take(key: string, max: number, what: string): () => void {
    const count = this.#counts.get(key) ?? 0
    if (max > 0 && count >= max) throw new SallyportError('SP-LIMIT-CONNECTIONS', `too many connections ${what}`)
    this.#counts.set(key, count + 1)
    let returned = false
    return () => {
      if (returned) return
      returned = true
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left === 0) this.#counts.delete(key)
      else this.#counts.set(key, left)
    }
  }

  get(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}

/** Failed logins of the last minute. */
export class FailedLogins {
  readonly #failures = new LRUCache<string, number>({ max: TRACKED_FAILURES, ttl: FAILURE_WINDOW_MS })

  /** Throws `SP-AUTH-RATE` where the address or the claimed person has failed too often. */
  check(address: string, person: string): void {
    const byAddress = this.#failures.get(addressKey(address)) ?? 0
    const byPerson = this.#failures.get(personKey(person)) ?? 0
    if (byAddress >= MAX_FAILURES_PER_ADDRESS || (person !== '' && byPerson >= MAX_FAILURES_PER_PERSON)) {
      throw new SallyportError('SP-AUTH-RATE', 'too many failed logins')
    }
  }

  failed(address: string, person: string): void {
    this.#add(addressKey(address))
    if (person !== '') this.#add(personKey(person))
  }

  #add(key: string): void {
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1)
  }
}

/** One customer's IPv6 network is a /64, so that is what counts as an address. */
export function addressKey(address: string): string {
  return `address:${isIPv6(address) ? networkOf(address) : address}`
}

function personKey(person: string): string {
  return `person:${person.toLowerCase()}`
}

function networkOf(address: string): string {
  const plain = address.split('%')[0] as string
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail === undefined) return groups.slice(0, 4).join(':')
  const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail.split(':')].slice(0, 4).join(':')
}
