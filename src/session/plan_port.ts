/**
 * How far the approved script of a grant has run. Answered from memory; what is told here is persisted behind, in order.
 */
export interface PlanProgress {
  /** How many statements have run; null where that is not known here, and nothing runs then. */
  current(grantId: string): number | null
  /**
   * True while it is being made sure that no other node runs the script, which asking begins: whoever waits a little may
   * `take` it, or learns that another does.
   */
  awaited(grantId: string, sessionId: string): boolean
  /** True where the session may run statements of the script: no other does, on no node. It holds it until `leave`. */
  take(grantId: string, sessionId: string): boolean
  leave(grantId: string, sessionId: string): void
  /**
   * `done` is fewer than before where a transaction was rolled back; `kept` are those that an end of this process takes
   * nothing from, since their transaction was committed.
   */
  advance(grantId: string, done: number, kept: number): void
  /** The statement (from 0) has failed; it may be sent again. */
  failed(grantId: string, statement: number): void
  /** A statement was refused since it is not the next; `sha256` is of its words as compared. */
  deviated(
    grantId: string,
    deviation: { readonly at: number; readonly expected: number; readonly sha256: string },
  ): void
}
