import type { AlertEvent } from '../audit/alert_event.ts'

/** Brings one alert to people, past the log. Rejects where it is worth trying again. */
export type Bring = (channel: string, alert: AlertEvent, signal: AbortSignal) => Promise<void>

export interface DirectDeps {
  readonly bring: Bring
  /** `left`: nobody takes it any more; it stands where the program's own lines go. */
  readonly failed: (channel: string, alert: AlertEvent, error: unknown, left: boolean) => void
  /** Default: the pauses between tries. */
  readonly pausesMs?: readonly number[]
}

const MAX_WAITING = 64
const TRY_MS = 15_000
const SECOND_MS = 1000
/** Over an hour in all. */
const PAUSES_MS = [1, 5, 15, 30, 60, 120, 300, 600, 600, 600, 600, 600].map((seconds) => seconds * SECOND_MS)

/**
 * What the log can not say, since it is about the log: alerts go from memory to their channels, each channel for itself and
 * in order, until it has taken them or the process ends.
 */
export class DirectAlerts {
  readonly #deps: DirectDeps
  readonly #lines = new Map<string, Promise<void>>()
  readonly #over = new AbortController()
  #waiting = 0

  constructor(deps: DirectDeps) {
    this.#deps = deps
  }

  send(alert: AlertEvent): void {
    for (const channel of alert.channels) {
      if (this.#waiting >= MAX_WAITING) {
        this.#deps.failed(channel, alert, new Error('too many alerts wait'), true)
        continue
      }
      this.#waiting++
      const before = this.#lines.get(channel) ?? Promise.resolve()
      const line = before.then(() => this.#until(channel, alert)).finally(() => this.#waiting--)
      this.#lines.set(channel, line)
    }
  }

  /** Resolves when all is brought, or the time is over. */
  async settled(deadlineMs: number): Promise<void> {
    const late = AbortSignal.timeout(deadlineMs)
    await Promise.race([Promise.all(this.#lines.values()), aborted(late)])
  }

  close(): void {
    this.#over.abort()
  }

  async #until(channel: string, alert: AlertEvent): Promise<void> {
    const pauses = this.#deps.pausesMs ?? PAUSES_MS
    for (const [index, pauseMs] of [...pauses, null].entries()) {
      if (this.#over.signal.aborted) return
      try {
        return await this.#deps.bring(channel, alert, AbortSignal.any([this.#over.signal, AbortSignal.timeout(TRY_MS)]))
      } catch (error) {
        this.#deps.failed(channel, alert, error, index === pauses.length)
      }
      if (pauseMs !== null) await this.#pause(pauseMs)
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    timer.unref()
    void aborted(this.#over.signal).then(() => {
      clearTimeout(timer)
      resolve()
    })
    return promise
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
