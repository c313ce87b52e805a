import { SallyportError } from '../errors.ts'
import type { Limits } from '../policy/role.ts'

/** A notice goes out this long before the end of the grant. */
const NOTICE_BEFORE_END_MS = 5 * 60 * 1000

export type LifeEvent =
  | { readonly kind: 'end'; readonly error: SallyportError }
  | { readonly kind: 'cancel'; readonly error: SallyportError }
  | { readonly kind: 'notice'; readonly text: string; readonly hint: string }

export interface Activity {
  /** When the running statement started, or null. */
  readonly runningSince: number | null
  readonly inTransaction: boolean
}

/** The clock's part in a session, the same for both protocols: the grant's end, idle time, statement time. */
export class SessionLife {
  readonly #grantEnd: number
  readonly #limits: Limits
  #lastSeen: number
  #noticed = false

  constructor(grantEnd: number, limits: Limits, now: number) {
    this.#grantEnd = grantEnd
    this.#limits = limits
    this.#lastSeen = now
  }

  touched(now: number): void {
    this.#lastSeen = now
  }

  tick(now: number, activity: Activity): LifeEvent | null {
    if (now >= this.#grantEnd)
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
    if (this.#noticed || now < this.#grantEnd - NOTICE_BEFORE_END_MS) return null
    this.#noticed = true
    const minutes = Math.max(1, Math.ceil((this.#grantEnd - now) / 60_000))
    return {
      kind: 'notice',
      text: `your grant ends in ${minutes} min`,
      hint: 'Ask for a new grant to go on after that.',
    }
  }
}
