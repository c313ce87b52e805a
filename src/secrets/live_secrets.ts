import { asSallyportError, SallyportError } from '../errors.ts'
import type { Clock, Credential, LiveCredential, SecretReading, SecretVersion } from '../session/ports.ts'
import { NO_PROVIDERS, type SecretSettings } from '../session/secret_settings.ts'
import { LiveSecret } from './live_secret.ts'
import { SecretSource } from './secret_source.ts'

export interface SecretsOptions {
  /** Where relative paths start: the configuration directory. */
  readonly baseDir: string
  readonly clock: Clock
  /** Told of each reading, for the audit log. It must not throw. */
  readonly onReading: (reading: SecretReading) => void
}

/** All secrets of the running program. */
export interface Secrets {
  /** For loading the configuration: reads under settings that are not in force yet. Rejects with `SP-CONFIG`. */
  readonly resolve: (reference: string, baseDir: string, settings?: SecretSettings) => Promise<SecretVersion>
  /** The text of a secret, read again where it is older than the cache time. Rejects with `SP-CONFIG`. */
  text(reference: string): Promise<string>
  /** A login that follows the rotation of its secret. `user` is for secrets that name none. */
  credential(reference: string, user: string | null): LiveCredential
  /** Puts settings in force: what was not resolved since the last time is given up, with its leases. */
  configure(settings: SecretSettings): Promise<void>
  /** Gives up all leases. */
  close(): Promise<void>
}

export function createSecrets({ baseDir, clock, onReading }: SecretsOptions): Secrets {
  const source = new SecretSource(clock.now, onReading)
  const live = new Map<string, LiveSecret>()
  const resolved = new Set<string>()
  let inForce = NO_PROVIDERS
  const liveOf = (reference: string, dir: string, settings: SecretSettings) => {
    const { providers, refreshMs, overlapMs } = settings
    const key = JSON.stringify([reference, dir, refreshMs, overlapMs, [...providers]])
    const known = live.get(key)
    if (known !== undefined) return { key, secret: known }
    const secret = new LiveSecret({
      read: () => source.read(reference, dir, settings),
      others: () => source.others(reference, dir, settings),
      failed: (error) => source.failed(reference, error),
      now: clock.now,
      refreshMs,
      overlapMs,
    })
    live.set(key, secret)
    return { key, secret }
  }
  const drop = async (keep: ReadonlySet<string>) => {
    const dropped = [...live].filter(([key]) => !keep.has(key))
    for (const [key] of dropped) live.delete(key)
    await Promise.allSettled(dropped.map(([, secret]) => secret.close()))
  }
  return {
    resolve: async (reference, dir, settings = inForce) => {
      const { key, secret } = liveOf(reference, dir, settings)
      resolved.add(key)
      const { value, user, version } = await secret.current(0)
      return { value, user, version }
    },
    text: async (reference) => {
      const { key, secret } = liveOf(reference, baseDir, inForce)
      try {
        return (await secret.current(inForce.cacheMs)).value
      } catch (error) {
        // The provider is away: what was read before is better than nothing. What never could be read is not kept.
        if (!secret.atHand) live.delete(key)
        const [known] = secret.atHand ? await secret.candidates() : []
        if (known === undefined) throw error
        return known.value
      }
    },
    credential: (reference, user) => {
      const { secret } = liveOf(reference, baseDir, inForce)
      secret.watch()
      return new RotatedCredential(secret, user)
    },
    configure: async (settings) => {
      inForce = settings
      await drop(resolved)
      resolved.clear()
      await source.keepOnly(settings, baseDir)
    },
    close: async () => {
      await drop(new Set())
      await source.keepOnly(null, baseDir)
    },
  }
}

class RotatedCredential implements LiveCredential {
  readonly #secret: LiveSecret
  readonly #user: string | null

  constructor(secret: LiveSecret, user: string | null) {
    this.#secret = secret
    this.#user = user
  }

  async candidates(): Promise<readonly Credential[]> {
    return (await this.#asked(() => this.#secret.candidates())).map((one) => this.#login(one))
  }

  async use<T>(attempt: (credential: Credential) => Promise<T>, refused: (error: unknown) => boolean): Promise<T> {
    const tried = new Set<string>()
    let last: unknown = null
    for (const ask of [() => this.#secret.candidates(), () => this.#secret.afterRefusal()]) {
      for (const secret of await this.#asked(ask)) {
        const login = this.#login(secret)
        const key = JSON.stringify(login)
        if (tried.has(key)) continue
        tried.add(key)
        try {
          const result = await attempt(login)
          this.#secret.taken(secret)
          return result
        } catch (error) {
          if (!refused(error)) throw error
          last = error
        }
      }
    }
    throw last
  }

  /** The name that comes with the secret goes first: some rotations change to another account. */
  #login({ user, value }: SecretVersion): Credential {
    const name = user ?? this.#user
    if (name === null) throw new SallyportError('SP-UPSTREAM', 'neither the secret nor the configuration names a user')
    return { user: name, password: value }
  }

  async #asked(ask: () => Promise<readonly SecretVersion[]>): Promise<readonly SecretVersion[]> {
    try {
      return await ask()
    } catch (error) {
      throw new SallyportError(
        'SP-UPSTREAM',
        `the login of the database can't be had: ${asSallyportError(error).detail}`,
      )
    }
  }
}
