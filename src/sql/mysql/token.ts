export type TokenKind =
  | 'word'
  | 'quoted'
  | 'string'
  | 'number'
  | 'hex'
  | 'bit'
  | 'param'
  | 'uservar'
  | 'sysvar'
  | 'op'
  | 'end'

/** One lexical unit of a statement. Offsets are UTF-16 units of the client's text, half-open. */
export interface Token {
  readonly kind: TokenKind
  /** As written. */
  readonly text: string
  /** Decoded: the name of an identifier, the content of a string, the name of a variable. */
  readonly value: string
  /** Upper-cased word, or the operator itself; '' for everything else, so that a quoted name is never a keyword. */
  readonly upper: string
  readonly start: number
  readonly end: number
}

/** What the lexer must know of the session: both change what a character means. */
export interface LexMode {
  readonly ansiQuotes: boolean
  readonly noBackslashEscapes: boolean
}

export function lexMode(sqlMode: ReadonlySet<string>): LexMode {
  return {
    ansiQuotes: sqlMode.has('ANSI_QUOTES') || sqlMode.has('ANSI'),
    noBackslashEscapes: sqlMode.has('NO_BACKSLASH_ESCAPES'),
  }
}
