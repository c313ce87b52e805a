import { SallyportError } from '../errors.ts'
import type { Limits } from '../policy/role.ts'

/** A notice goes out this long before the end of the grant. */
const NOTICE_BEFORE_END_MS = 5 * 60 * 1000

export type LifeEvent =
  | { readonly kind: 'end'; readonly error: SallyportError }
  | { readonly kind: 'cancel'; readonly error: SallyportError }
  | { readonly kind: 'notice'; readonly text: string; readonly hint: string }

/** How long the session stands. */
export interface Tenure {
  /** The end of its grant. */
  readonly end: () => number
  /** The end of the last grant that goes on from it. */
  readonly until: (now: number) => number
}

export interface Activity {
  /** When the running statement started, or null. */
  readonly runningSince: number | null
  readonly inTransaction: boolean
}

/** The clock's part in a session, the same for both protocols: the end of what it stands on, idle time, statement time. */
export class SessionLife {
  readonly #tenure: Tenure
  readonly #limits: Limits
  #lastSeen: number
  /** The end that a notice was given of. */
  #noticed: number | null = null

  constructor(tenure: Tenure, limits: Limits, now: number) {
    this.#tenure = tenure
    this.#limits = limits
    this.#lastSeen = now
  }

  touched(now: number): void {
    this.#lastSeen = now
  }

  tick(now: number, activity: Activity): LifeEvent | null {
    if (now >= this.#tenure.end() && now >= this.#tenure.until(now))
      return { kind: 'end', error: new SallyportError('SP-GRANT-ENDED', 'the grant has ended') }
    return this.#overStatementTime(now, activity) ?? this.#overIdleTime(now, activity) ?? this.#endIsNear(now)
  }

  #overStatementTime(now: number, { runningSince }: Activity): LifeEvent | null {
    const limit = this.#limits.statementTimeoutMs
    if (limit === 0 || runningSince === null || now - runningSince <= limit) return null
    return {
      kind: 'cancel',
      error: new SallyportError('SP-LIMIT-STATEMENT', `the statement ran longer than ${limit} ms`),
    }
  }

  #overIdleTime(now: number, { runningSince, inTransaction }: Activity): LifeEvent | null {
    if (runningSince !== null) return null
    const { idleTimeoutMs, idleInTransactionTimeoutMs } = this.#limits
    const limit = inTransaction && idleInTransactionTimeoutMs > 0 ? idleInTransactionTimeoutMs : idleTimeoutMs
    if (limit === 0 || now - this.#lastSeen <= limit) return null
    return { kind: 'end', error: new SallyportError('SP-LIMIT-TIME', `the session was idle for more than ${limit} ms`) }
  }

  #endIsNear(now: number): LifeEvent | null {
    const end = this.#tenure.end()
    if (this.#noticed === end || now < end - NOTICE_BEFORE_END_MS) return null
    const until = this.#tenure.until(now)
    if (now < until - NOTICE_BEFORE_END_MS) return null
    this.#noticed = end
    const minutes = Math.max(1, Math.ceil((until - now) / 60_000))
    return {
      kind: 'notice',
      text: `your grant ends in ${minutes} min`,
      hint: 'Ask for a new grant to go on after that.',
    }
  }
}
