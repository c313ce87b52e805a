import type { Clock } from '../session/ports.ts'
import type { AccountSetup, NewLogin } from './accounts.ts'

/** An account that nobody took for so long is dropped, well before the database stops taking its password. */
const WARM_MS = 480_000

interface WarmAccount {
  readonly setup: AccountSetup
  readonly name: string
  readonly login: NewLogin
  readonly madeAt: number
}

export interface WarmPoolOptions {
  readonly clock: Clock
  readonly make: (setup: AccountSetup, person: string, count: number) => Promise<readonly NewLogin[]>
  readonly end: (setup: AccountSetup, name: string) => Promise<unknown>
}

/** Accounts made ahead for the next connections of whoever has connected just now: clients open several. */
export class WarmPool {
  readonly #options: WarmPoolOptions
  readonly #accounts = new Map<string, WarmAccount[]>()
  readonly #filling = new Set<string>()

  constructor(options: WarmPoolOptions) {
    this.#options = options
  }

  take(setup: AccountSetup, person: string): NewLogin | null {
    return this.#accounts.get(keyOf(setup, person))?.shift()?.login ?? null
  }

  async fill(setup: AccountSetup, person: string): Promise<void> {
    const key = keyOf(setup, person)
    const missing = setup.settings.warm - (this.#accounts.get(key)?.length ?? 0)
    if (missing <= 0 || this.#filling.has(key)) return
    this.#filling.add(key)
    try {
      const logins = await this.#options.make(setup, person, missing)
      const madeAt = this.#options.clock.monotonic()
      const made = logins.map((login) => ({ setup, name: login.name, login, madeAt }))
      this.#accounts.set(key, [...(this.#accounts.get(key) ?? []), ...made])
    } finally {
      this.#filling.delete(key)
    }
  }

  /** Takes out all that `isWanted`. */
  taken(isWanted: (account: WarmAccount) => boolean): readonly WarmAccount[] {
    const taken: WarmAccount[] = []
    for (const [key, accounts] of this.#accounts) {
      taken.push(...accounts.filter(isWanted))
      const left = accounts.filter((account) => !isWanted(account))
      if (left.length > 0) this.#accounts.set(key, left)
      else this.#accounts.delete(key)
    }
    return taken
  }

  async endOld(): Promise<void> {
    const now = this.#options.clock.monotonic()
    const old = this.taken(({ madeAt }) => now - madeAt > WARM_MS)
    await Promise.all(old.map(({ setup, name }) => this.#options.end(setup, name)))
  }
}

function keyOf({ digest }: AccountSetup, person: string): string {
  return `${digest}\0${person}`
}
