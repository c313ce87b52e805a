/** What events are asked for by; what is absent does not matter. */
export interface EventQuery {
  /** Milliseconds since the epoch; from included, to not. */
  readonly from?: number
  readonly to?: number
  /** Subject, address or name, of who did it or whom it concerns. */
  readonly person?: string
  readonly target?: string
  readonly database?: string
  readonly role?: string
  /** `table` or `schema.table`. */
  readonly table?: string
  /** `column`, `table.column` or `schema.table.column`. */
  readonly column?: string
  /** How the column, or any, was used. */
  readonly seen?: Seen
  readonly kind?: string
  readonly verb?: string
  readonly decision?: 'allow' | 'deny'
  readonly outcome?: 'ok' | 'error' | 'cancelled' | 'withheld'
  readonly code?: string
  readonly rule?: string
  /** `provider:id`: also what was done under the grants of the incident. */
  readonly incident?: string
  readonly grant?: string
  readonly request?: string
  readonly session?: string
  readonly statement?: string
  /** A code of events, or `grant.*`. */
  readonly event?: string
  /** At least this. */
  readonly severity?: number
  /** More rows than this. */
  readonly rowsOver?: number
  readonly application?: string
  readonly client?: string
  /** A part of the statement, of the message, the reason or the detail, whatever its case. */
  readonly contains?: string
}

/** `lifted`: in clear, though the policy masks it for others. */
export const SEEN = ['clear', 'lifted', 'masked', 'written'] as const
export type Seen = (typeof SEEN)[number]
