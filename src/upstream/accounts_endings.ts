import { setImmediate as nextTurn } from 'node:timers/promises'
import { asSallyportError } from '../errors.ts'
import type { AccountLedger, Clock, Target } from '../session/ports.ts'
import type { AccountEngine, AccountSetup } from './accounts.ts'

/** Accounts ended by one message: a revoked grant may have hundreds of sessions. */
const ENDED_AT_ONCE = 1_000

export type AccountNote =
  | { readonly kind: 'findings'; readonly setup: AccountSetup; readonly findings: readonly string[] }
  | { readonly kind: 'orphaned'; readonly target: string; readonly name: string; readonly why: string }
  /** The janitor found one that nobody uses, and dropped it. */
  | { readonly kind: 'cleaned'; readonly target: string; readonly name: string }
  /** A step that is tried again by itself. */
  | { readonly kind: 'failed'; readonly target: string; readonly name: string | null; readonly error: unknown }

export interface EndedAccount {
  readonly name: string
  /** Milliseconds since its end was asked for; null where that failed and the janitor goes on with it. */
  readonly stoppedMs: number | null
  readonly droppedMs: number | null
}

/** Where an account is made, where it logs in, and how it was made. */
export type AccountPlace = Pick<AccountSetup, 'target' | 'loginTarget' | 'settings'>

export interface EndingsOptions {
  readonly engineOf: (target: Target) => AccountEngine
  readonly ledger: AccountLedger
  readonly clock: Clock
  readonly report: (note: AccountNote) => void
  readonly observe: (what: 'stopped' | 'dropped', ms: number) => void
  readonly gone: (name: string) => void
}

type Failures = ReadonlyMap<string, string>
const NONE: Failures = new Map()

interface Ending {
  readonly place: AccountPlace
  readonly name: string
  readonly asked: number
  readonly done: (ended: EndedAccount) => void
}

/** Ends accounts: those that are asked for while others are being ended go together, in few messages. */
export class Endings {
  readonly #options: EndingsOptions
  readonly #queues = new Map<string, Ending[]>()
  readonly #busy = new Map<string, Promise<void>>()

  constructor(options: EndingsOptions) {
    this.#options = options
  }

  /** Rejects never: what fails is in the ledger, and the janitor's. */
  end(place: AccountPlace, name: string): Promise<EndedAccount> {
    const { target, loginTarget, settings } = place
    const key = JSON.stringify([target.name, loginTarget.name, settings])
    return new Promise((done) => {
      const queue = this.#queues.get(key) ?? []
      queue.push({ place, name, asked: this.#options.clock.monotonic(), done })
      this.#queues.set(key, queue)
      if (!this.#busy.has(key)) this.#busy.set(key, this.#work(key))
    })
  }

  /** Resolves when all that was asked for is done or has failed. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values())
  }

  async #work(key: string): Promise<void> {
    // Whoever ends many asks for all of them in this turn.
    await nextTurn()
    for (let queue = this.#queues.get(key); queue && queue.length > 0; queue = this.#queues.get(key)) {
      await this.#endTogether(queue.splice(0, ENDED_AT_ONCE))
    }
    this.#queues.delete(key)
    this.#busy.delete(key)
  }

  async #endTogether(endings: readonly Ending[]): Promise<void> {
    const { target, loginTarget, settings } = endings[0]!.place
    const { ledger } = this.#options
    const engine = this.#options.engineOf(target)
    const names = endings.map(({ name }) => name)
    // That it is closing is for people to see: ending it does not wait for that.
    const told = Promise.all(names.map((name) => this.#tell(target, name, ledger.closing(target.name, name))))
    const stop = () => engine.stop(target, names, loginTarget).then(() => NONE)
    const stopped = await this.#step(target, stop)
    const ended = stopped === NONE
    const stoppedMs = endings.map((ending) => (ended ? this.#since(ending, 'stopped') : null))
    const failed = ended ? await this.#step(target, () => engine.drop(target, names, settings)) : stopped
    await told
    await Promise.all(endings.map((ending, at) => this.#finish(ending, failed, stoppedMs[at] ?? null)))
  }

  /** Why it failed, by name or for all. */
  async #step(target: Target, work: () => Promise<Failures>): Promise<Failures | string> {
    try {
      return await work()
    } catch (error) {
      this.#options.report({ kind: 'failed', target: target.name, name: null, error })
      return asSallyportError(error).detail
    }
  }

  async #finish(ending: Ending, failed: Failures | string, stoppedMs: number | null): Promise<void> {
    const { place, name, done } = ending
    const { target } = place
    const why = typeof failed === 'string' ? failed : (failed.get(name) ?? null)
    const { ledger, report, gone } = this.#options
    const droppedMs = why === null ? this.#since(ending, 'dropped') : null
    gone(name)
    if (why === null) await this.#tell(target, name, ledger.dropped(target.name, name))
    else {
      report({ kind: 'orphaned', target: target.name, name, why })
      await this.#tell(target, name, ledger.failed(target.name, name, why))
    }
    done({ name, stoppedMs, droppedMs })
  }

  #since({ asked }: Ending, what: 'stopped' | 'dropped'): number {
    const ms = this.#options.clock.monotonic() - asked
    this.#options.observe(what, ms)
    return ms
  }

  /** A ledger that can't be reached keeps nobody's account alive. */
  async #tell(target: Target, name: string, told: Promise<void>): Promise<void> {
    await told.catch((error: unknown) => this.#options.report({ kind: 'failed', target: target.name, name, error }))
  }
}
