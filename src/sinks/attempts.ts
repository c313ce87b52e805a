import { asSallyportError, SallyportError } from '../errors.ts'
import { backOffMs } from './back_off.ts'
import type { SinkFailure } from './position.ts'
import { SinkError } from './sender.ts'
import { Waker } from './waker.ts'

export interface AttemptsDeps {
  /** After each failure: what was under way is given up. */
  readonly failed: (failure: SinkFailure, error: unknown) => Promise<void>
  readonly tell: (what: 'failing' | 'recovered', detail: string) => void
  readonly now: () => number
  readonly random: () => number
}

/** A blip is no news. */
const TRIES_BEFORE_NEWS = 3

/** Does things again until they are done, with growing pauses, and knows for how long they have failed. */
export class Attempts {
  readonly #deps: AttemptsDeps
  readonly #waker = new Waker()
  readonly #stop = new AbortController()
  #draining = false
  #failure: SinkFailure | null = null
  /** What has failed; null for what the program before has left. */
  #stage: string | null = null
  #told = false
  #retries = 0

  constructor(deps: AttemptsDeps) {
    this.#deps = deps
  }

  get failure(): SinkFailure | null {
    return this.#failure
  }

  get retries(): number {
    return this.#retries
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted
  }

  get draining(): boolean {
    return this.#draining
  }

  /** From now on what fails is tried once more at most. */
  drain(): void {
    this.#draining = true
    this.#waker.wake()
  }

  stop(): void {
    this.#stop.abort()
    this.#waker.wake()
  }

  sleep(ms: number): Promise<void> {
    return this.#draining || this.stopped ? Promise.resolve() : this.#waker.sleep(ms)
  }

  /** A failure that was there when the program before ended. */
  inherit(failure: SinkFailure | null): void {
    this.#failure = failure
    this.#told = failure !== null
  }

  /** False where the end comes before it is done. */
  async untilDone(stage: string, attempt: () => Promise<void> | void): Promise<boolean> {
    for (let tries = 1; !this.stopped; tries++) {
      const last = this.#draining
      try {
        await attempt()
        if (this.#stage === stage) this.recovered()
        return true
      } catch (error) {
        if (this.stopped) return false
        await this.#failed(stage, tries, error)
        if (last) return false
        const afterMs = error instanceof SinkError ? error.afterMs : undefined
        await this.sleep(backOffMs(tries, afterMs, this.#deps.random()))
        this.#retries++
      }
    }
    return false
  }

  recovered(): void {
    if (this.#told) this.#deps.tell('recovered', 'the sink takes records again')
    this.#failure = null
    this.#stage = null
    this.#told = false
  }

  async #failed(stage: string, tries: number, error: unknown): Promise<void> {
    const why = `${stage}: ${reasonOf(error)}`
    this.#failure = { since: this.#failure?.since ?? this.#deps.now(), why }
    this.#stage = stage
    if (tries >= TRIES_BEFORE_NEWS && !this.#told) {
      this.#told = true
      this.#deps.tell('failing', why)
    }
    await this.#deps.failed(this.#failure, error)
  }
}

/** Words of ours, or a code of the system. */
function reasonOf(error: unknown): string {
  if (error instanceof SinkError) return error.message
  if (error instanceof SallyportError) return error.detail
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && /^[A-Z_0-9]{1,64}$/.test(code) ? code : asSallyportError(error).detail
}
