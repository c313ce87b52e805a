import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../session/ports.ts'
import { discover, isSafeAddress } from './discovery.ts'
import { type Fetch, unreachable } from './https_fetch.ts'

/** How long the provider's keys and discovery document are used before they are read again. */
const KEYS_MAX_AGE_MS = 600_000
const DISCOVERY_MAX_AGE_MS = 3_600_000
const FETCH_TIMEOUT_MS = 5000
/** An unknown key id makes the keys be read again, but not more often than this: else anyone could cause a storm. */
export const KEYS_COOLDOWN_MS = 30_000

export interface VerifierOptions {
  readonly clock: Clock
  /** Default: Node's own, or one that trusts the issuer's `ca`. */
  readonly fetch?: Fetch
  /** How often an unknown key may cause a read of the provider's keys. */
  readonly cooldownMs?: number
}

interface Provider {
  readonly issuer: string
  /** Instead of the one in the discovery document. */
  readonly jwksUri: string | null
}

/** Finds the provider's keys by OpenID Connect Discovery 1.0, section 4, and keeps them. */
export class ProviderKeys {
  readonly #settings: Provider
  readonly #fetch: Fetch
  readonly #clock: Clock
  readonly #cooldownMs: number
  #found: { readonly uri: string; readonly keys: JWTVerifyGetKey; readonly until: number } | null = null
  #finding: Promise<JWTVerifyGetKey> | null = null

  constructor(settings: Provider, fetch: Fetch, clock: Clock, cooldownMs: number) {
    this.#settings = settings
    this.#fetch = fetch
    this.#clock = clock
    this.#cooldownMs = cooldownMs
  }

  async current(): Promise<JWTVerifyGetKey> {
    if (this.#found !== null && this.#clock.monotonic() < this.#found.until) return this.#found.keys
    this.#finding ??= this.#find().finally(() => {
      this.#finding = null
    })
    return this.#finding
  }

  /** A provider that is away keeps the keys' address that it had. */
  async #find(): Promise<JWTVerifyGetKey> {
    const before = this.#found
    const uri = await this.#uri().catch((error: unknown) => {
      if (before === null) throw error
      return before.uri
    })
    const keys = before !== null && before.uri === uri ? before.keys : this.#keysAt(uri)
    this.#found = { uri, keys, until: this.#clock.monotonic() + DISCOVERY_MAX_AGE_MS }
    return keys
  }

  #keysAt(uri: string): JWTVerifyGetKey {
    return createRemoteJWKSet(new URL(uri), {
      cacheMaxAge: KEYS_MAX_AGE_MS,
      cooldownDuration: this.#cooldownMs,
      timeoutDuration: FETCH_TIMEOUT_MS,
      [customFetch]: (url, { signal }) => this.#fetch(url, { signal }),
    })
  }

  async #uri(): Promise<string> {
    const { issuer, jwksUri } = this.#settings
    if (jwksUri !== null) return jwksUri
    const { jwks_uri: uri } = await discover(this.#fetch, issuer)
    if (typeof uri !== 'string' || !isSafeAddress(uri, issuer)) throw unreachable('names no https address of its keys')
    return uri
  }
}
