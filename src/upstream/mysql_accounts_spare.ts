import { randomBytes } from 'node:crypto'
import { identifiedBy } from './mysql_accounts_verifier.ts'

/** Made ahead: as many as may be asked for at once. */
const SPARES_MAX = 4
/** Handed out and not used yet; what is older than so many is forgotten, and worked out again where it is used after all. */
const HANDED_MAX = 1_000
const PASSWORD_BYTES = 24

/**
 * Passwords with what MySQL keeps of them: to work that out takes some 5 ms, which nobody who connects should wait for.
 * None is made before the first one was needed, since MariaDB needs none.
 */
export class SparePasswords {
  readonly #ready: string[] = []
  readonly #identified = new Map<string, string>()
  #filling = false

  take(): string {
    const password = this.#ready.shift() ?? newPassword()
    for (const old of this.#identified.keys()) {
      if (this.#identified.size <= HANDED_MAX) break
      if (!this.#ready.includes(old)) this.#identified.delete(old)
    }
    return password
  }

  /** `IDENTIFIED ...` for a password, whether or not it is from here. */
  async identifiedBy(password: string, mariadb: boolean): Promise<string> {
    if (mariadb) return identifiedBy(password, true, randomBytes)
    const known = this.#identified.get(password)
    this.#identified.delete(password)
    const identified = known ?? (await identifiedBy(password, false, randomBytes))
    void this.#fill()
    return identified
  }

  async #fill(): Promise<void> {
    if (this.#filling) return
    this.#filling = true
    while (this.#ready.length < SPARES_MAX) {
      const password = newPassword()
      this.#identified.set(password, await identifiedBy(password, false, randomBytes))
      this.#ready.push(password)
    }
    this.#filling = false
  }
}

function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url')
}
