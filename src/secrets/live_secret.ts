import type { SecretVersion } from '../session/ports.ts'
import { type ProvidedSecret, secretError } from './provider.ts'

/** What a live secret asks: bound to one reference and its settings. */
export interface LiveSource {
  read(): Promise<ProvidedSecret>
  others(): Promise<readonly SecretVersion[]>
  failed(error: unknown): void
  now(): number
  readonly refreshMs: number
  readonly overlapMs: number
}

interface Kept {
  readonly secret: SecretVersion
  readonly until: number
}

/** A wrong password must not turn into a storm of readings and logins. */
const REFUSED_MIN_MS = 5_000
const REFUSED_MAX_MS = 60_000
const RETRY_MS = 5_000
const MIN_DELAY_MS = 1_000

/** One secret that is kept at hand: its newest value, and the one before for as long as both may be valid. */
export class LiveSecret {
  readonly #source: LiveSource
  #held: ProvidedSecret | null = null
  #readAt = 0
  #refusedAt = Number.NEGATIVE_INFINITY
  #refusals = 0
  #kept: readonly Kept[] = []
  /** The one that a server took last: tried first until something newer is read. */
  #taken: string | null = null
  #reading: Promise<ProvidedSecret> | null = null
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(source: LiveSource) {
    this.#source = source
  }

  /** Whether it could be read at least once. */
  get atHand(): boolean {
    return this.#held !== null
  }

  /** The newest value; read again where it is older than `maxAgeMs`. A lease is prolonged by the timer alone. */
  async current(maxAgeMs: number): Promise<ProvidedSecret> {
    const held = this.#held
    const now = this.#source.now()
    if (held === null || (held.expiresAt !== null && held.expiresAt <= now)) return this.refresh()
    return held.lease === null && now - this.#readAt >= maxAgeMs ? this.refresh() : held
  }

  /**
   * What a server may take, most likely first. A value past its end stands in it where nothing newer can be read: the
   * server decides, and a rotation that could not take place has not made it invalid.
   */
  async candidates(): Promise<readonly SecretVersion[]> {
    await this.current(Number.POSITIVE_INFINITY).catch((error: unknown) => {
      if (this.#held === null) throw error
    })
    return this.#list()
  }

  /**
   * After a refused login: reads again, and asks for other versions. The longer nothing is taken, the less often: nobody
   * is helped by guessing, and servers lock accounts for it.
   */
  async afterRefusal(): Promise<readonly SecretVersion[]> {
    const now = this.#source.now()
    if (now - this.#refusedAt < Math.min(REFUSED_MIN_MS * 2 ** this.#refusals, REFUSED_MAX_MS)) return this.#list()
    this.#refusedAt = now
    this.#refusals++
    await this.#readRefused()
    const others = await this.#source.others()
    const known = new Set(this.#list().map(keyOf))
    return [...this.#list(), ...others.filter((one) => !known.has(keyOf(one)))]
  }

  /**
   * A leased account that can be prolonged exists: a server that refuses it may only be behind, as a replica is, and
   * another account would not help. Where it can't, it is gone.
   */
  async #readRefused(): Promise<void> {
    const lease = this.#held?.lease ?? null
    try {
      await this.#single(async () => {
        const held = this.#held
        const expiresAt = await lease?.renew().catch(() => null)
        if (held !== null && typeof expiresAt === 'number') return this.#prolonged(held, expiresAt)
        return this.#readNew()
      })
    } catch (error) {
      // The reading has told of its failure; without anything at hand there is nothing to try.
      if (this.#held === null) throw error
    }
  }

  /** A server took it. One that only `others` knew is kept from now on. */
  taken(secret: SecretVersion): void {
    this.#taken = keyOf(secret)
    this.#refusals = 0
    if (this.#list().some((one) => keyOf(one) === this.#taken)) return
    this.#kept = [...this.#kept, { secret, until: this.#source.now() + this.#source.overlapMs }]
  }

  /** Prolongs the lease or reads again; one at a time. */
  refresh(): Promise<ProvidedSecret> {
    return this.#single(() => this.#renewOrRead())
  }

  /** From now on it is read again by itself. */
  watch(): void {
    if (this.#timer === null && !this.#closed) this.#arm(this.#delay())
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    await this.#held?.lease?.revoke().catch((error: unknown) => this.#source.failed(error))
  }

  #single(work: () => Promise<ProvidedSecret>): Promise<ProvidedSecret> {
    this.#reading ??= work().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #renewOrRead(): Promise<ProvidedSecret> {
    const held = this.#held
    if (held?.lease == null) return this.#readNew()
    const expiresAt = await held.lease.renew()
    return expiresAt === null ? this.#readNew() : this.#prolonged(held, expiresAt)
  }

  #prolonged(held: ProvidedSecret, expiresAt: number): ProvidedSecret {
    this.#held = { ...held, expiresAt }
    return this.#held
  }

  async #readNew(): Promise<ProvidedSecret> {
    if (this.#closed) throw secretError('the secret is no longer in use')
    const read = await this.#source.read()
    const old = this.#held
    const now = this.#source.now()
    this.#held = read
    this.#readAt = now
    if (old === null || keyOf(old) === keyOf(read)) return read
    // Something newer: it is tried first, and what was valid up to now after it.
    this.#taken = null
    this.#refusals = 0
    const until = Math.min(now + this.#source.overlapMs, old.lease === null ? Number.POSITIVE_INFINITY : endOf(old))
    this.#kept = [{ secret: old, until }]
    return read
  }

  #list(): readonly SecretVersion[] {
    const now = this.#source.now()
    const previous = this.#held?.previous
    const all = [
      ...(this.#held === null ? [] : [this.#held]),
      ...(previous == null ? [] : [previous]),
      ...this.#kept.filter(({ until }) => until > now).map(({ secret }) => secret),
    ]
    const unique = [...new Map(all.map((secret) => [keyOf(secret), secret])).values()]
    return unique.sort((a, b) => Number(keyOf(b) === this.#taken) - Number(keyOf(a) === this.#taken))
  }

  #arm(delay: number): void {
    this.#timer = setTimeout(() => {
      this.refresh()
        .then(
          () => this.#delay(),
          (error: unknown) => {
            // Readings tell of their own failures; a lease that can't be prolonged is told of here.
            if (this.#held?.lease != null) this.#source.failed(error)
            return RETRY_MS
          },
        )
        .then((next) => {
          if (!this.#closed) this.#arm(next)
        })
    }, delay)
    this.#timer.unref()
  }

  /** Half of what is left, so that there is time for a second try; never later than the interval. */
  #delay(): number {
    const { refreshMs, now } = this.#source
    const expiresAt = this.#held?.expiresAt ?? null
    if (expiresAt === null) return refreshMs
    return Math.min(refreshMs, Math.max(MIN_DELAY_MS, (expiresAt - now()) / 2))
  }
}

function endOf({ expiresAt }: ProvidedSecret): number {
  return expiresAt ?? Number.POSITIVE_INFINITY
}

function keyOf({ user, value }: SecretVersion): string {
  return JSON.stringify([user, value])
}
