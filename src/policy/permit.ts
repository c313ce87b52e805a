/**
 * Proof that a decision allowed exactly this text: sending SQL upstream takes one. The constructor is private, and
 * `issue` is called by the gate, after the decision and the rewriting, for the fixed text that stands where a
 * PostgreSQL statement was refused, and for the proxy's own statements in a MySQL session; test/tidy.test.ts holds everyone else to it.
 */
export class Permit {
  /** The SQL to send: the client's text with protected references substituted and names qualified. */
  readonly text: string
  readonly decisionId: string

  private constructor(text: string, decisionId: string) {
    this.text = text
    this.decisionId = decisionId
  }

  static issue(text: string, decisionId: string): Permit {
    return new Permit(text, decisionId)
  }
}
