/**
 * Proof that a decision allowed exactly this text. Sending SQL upstream takes one; its constructor is private and only
 * `issuePermit`, which only `policy/` and the gate's rewriting step may import (a test checks it), makes one.
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
