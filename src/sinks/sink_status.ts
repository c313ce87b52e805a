import type { SinkFailure } from './position.ts'

/** How a sink is doing. */
export interface SinkStatus {
  readonly name: string
  readonly kind: string
  /** The sequence number of the next line that it gets; what is below is delivered, and that is stored. */
  readonly next: number
  /** Lines of the log that it has not got, and how old the first of them is. */
  readonly lagRecords: number
  readonly lagMs: number
  /** Lines that the newest delivered checkpoint covers. */
  readonly checkpoint: number
  readonly sentAt: number | null
  /** While it takes nothing. */
  readonly failure: SinkFailure | null
  /** Since the program started. */
  readonly sent: number
  readonly refused: number
  readonly retries: number
}

/** What somebody has to know of a sink. */
export interface SinkNews {
  readonly sink: string
  /**
   * strange_position: what is stored is no position in this log, and the sink begins again at the first line. gap: lines
   * are no longer there that the sink has not got.
   */
  readonly what: 'failing' | 'recovered' | 'behind' | 'caught_up' | 'dead_letters' | 'strange_position' | 'gap'
  readonly detail: string
}

/** What a sink answered to a test record. */
export interface SinkTest {
  readonly ok: boolean
  /** Why not, or that it was taken. */
  readonly detail: string
  readonly uid: string
  readonly durationMs: number
}
