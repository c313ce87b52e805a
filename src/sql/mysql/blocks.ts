import type { Token } from './token.ts'

/**
 * Where a compound body ends. On the wire a message is parsed up to the end of a statement, and a semicolon inside of
 * BEGIN ... END (Reference Manual 15.6) ends none. Where this is taken for longer than it is, what follows is part of a
 * change of definitions, and refused with it.
 */
export class Blocks {
  readonly #open: string[] = []
  #mayHold = false
  #inBody = false
  #previous: Token | null = null
  #closing = false

  /** True where a semicolon after the tokens so far is inside of a body. */
  get inside(): boolean {
    return this.#open.length > 0
  }

  /** A new statement begins. */
  reset(): void {
    this.#open.length = 0
    this.#mayHold = false
    this.#inBody = false
    this.#previous = null
    this.#closing = false
  }

  /** The next token of the statement; a semicolon only where it is inside. */
  see(token: Token, at: number): void {
    if (at === 0) this.#mayHold = /^(?:CREATE|ALTER|BEGIN|IF|CASE|LOOP|REPEAT|WHILE|FOR)$/.test(token.upper)
    if (this.#mayHold) this.#follow(token, at)
    this.#previous = token
  }

  #follow({ upper }: Token, at: number): void {
    const closing = this.#closing
    this.#closing = false
    if (upper === 'END' && this.#open.length > 0) {
      this.#open.pop()
      this.#closing = true
      return
    }
    // END IF, END CASE: the word closes and opens nothing.
    if (closing && /^(?:IF|CASE|LOOP|REPEAT|WHILE|FOR)$/.test(upper)) return
    if (upper === 'CASE') return this.#enter(this.#begins(at) ? 'CASE' : 'VALUE')
    // By itself BEGIN starts a transaction; MariaDB's block outside of a routine is BEGIN NOT ATOMIC.
    if (at === 0 && upper === 'BEGIN') return
    if (at === 2 && upper === 'ATOMIC' && this.#previous?.upper === 'NOT') return this.#enter('BEGIN')
    if (/^(?:BEGIN|IF|LOOP|REPEAT|WHILE|FOR)$/.test(upper) && this.#begins(at)) this.#enter(upper)
  }

  #enter(what: string): void {
    this.#open.push(what)
    this.#inBody = true
  }

  /** True where a statement of the body can begin. THEN and ELSE of an expression are followed by values. */
  #begins(at: number): boolean {
    const previous = this.#previous
    if (previous === null || at === 0) return true
    const { upper, kind } = previous
    if (/^(?:;|:|BEGIN|ATOMIC|DO|LOOP|REPEAT)$/.test(upper)) return true
    if (upper === 'THEN' || upper === 'ELSE') return this.#open.at(-1) !== 'VALUE'
    // Before the body come the header's last words.
    if (this.#inBody) return false
    return kind === 'string' || /^(?:\)|ROW|SQL|DATA|DETERMINISTIC|DEFINER|INVOKER|AS|IS)$/.test(upper)
  }
}
