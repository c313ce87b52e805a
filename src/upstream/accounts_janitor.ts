import type { AccountLedger, Clock, LeftAccount, Target } from '../session/ports.ts'
import type { AccountEngine, AccountSettings } from './accounts.ts'
import type { AccountNote, Endings } from './accounts_endings.ts'

/** What another node made, that may live, is left alone until it was seen unused for so long: its session may only be beginning. */
const FOREIGN_MS = 30_000
const FIRST_RETRY_MS = 1_000
const RETRY_MAX_MS = 600_000

export interface JanitorOptions {
  readonly node: string
  readonly engineOf: (target: Target) => AccountEngine
  readonly ledger: AccountLedger
  readonly clock: Clock
  readonly endings: Endings
  readonly isOwn: (name: string) => boolean
  readonly report: (note: AccountNote) => void
}

interface Retry {
  readonly attempts: number
  readonly at: number
}

/** Finds accounts that no session uses, on the server and in the ledger, of this node and of others, and ends them. */
export class Janitor {
  readonly #options: JanitorOptions
  readonly #retries = new Map<string, Retry>()
  /** When an account of somebody else was first seen unused. */
  readonly #unused = new Map<string, number>()

  constructor(options: JanitorOptions) {
    this.#options = options
  }

  /** False where the server or the ledger could not be asked; that is reported. */
  async pass(target: Target, loginTarget: Target, settings: AccountSettings): Promise<boolean> {
    const { engineOf, ledger, report } = this.#options
    try {
      // The server first: what is made after it was asked is not in its answer, and all else is noted by then.
      const found = new Set(await engineOf(target).found(target, settings))
      const left = new Map((await ledger.left(target.name)).map((one) => [one.name, one]))
      const names = new Set([...found, ...left.keys()])
      const unused = [...names].filter((name) => this.#isUnused(name, left.get(name)))
      this.#forget(names)
      await Promise.all(unused.map((name) => this.#end(target, loginTarget, settings, name, found.has(name))))
      return true
    } catch (error) {
      report({ kind: 'failed', target: target.name, name: null, error })
      return false
    }
  }

  #isUnused(name: string, left: LeftAccount | undefined): boolean {
    const now = this.#options.clock.monotonic()
    if (this.#options.isOwn(name) || (left?.inUse && left.node !== this.#options.node)) {
      this.#unused.delete(name)
      return false
    }
    if ((this.#retries.get(name)?.at ?? 0) > now) return false
    if (left && (left.node === this.#options.node || left.abandoned)) return true
    const since = this.#unused.get(name)
    if (since === undefined) this.#unused.set(name, now)
    return since !== undefined && now - since >= FOREIGN_MS
  }

  async #end(
    target: Target,
    loginTarget: Target,
    settings: AccountSettings,
    name: string,
    wasThere: boolean,
  ): Promise<void> {
    const { endings, clock, report } = this.#options
    const { droppedMs } = await endings.end({ target, loginTarget, settings }, name)
    if (droppedMs !== null) {
      this.#retries.delete(name)
      if (wasThere) report({ kind: 'cleaned', target: target.name, name })
      return
    }
    const attempts = (this.#retries.get(name)?.attempts ?? 0) + 1
    const wait = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), RETRY_MAX_MS)
    this.#retries.set(name, { attempts, at: clock.monotonic() + wait })
  }

  #forget(names: ReadonlySet<string>): void {
    for (const map of [this.#retries, this.#unused]) {
      for (const name of map.keys()) if (!names.has(name)) map.delete(name)
    }
  }
}
