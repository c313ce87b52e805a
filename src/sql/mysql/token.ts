import type { Catalog } from '../catalog.ts'
import type { Flavour } from './reserved_words.ts'

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
  /**
   * Upper-cased word, or the operator itself; '' for everything else, so that a quoted name is never a keyword, nor a
   * word that stands before or behind the dot of a name.
   */
  readonly upper: string
  /** It can name something here: quoted, beside a dot, or no reserved word. */
  readonly name: boolean
  readonly start: number
  readonly end: number
}

/** What the lexer must know of the server and the session: each changes what a character means. */
export interface LexMode {
  readonly ansiQuotes: boolean
  readonly noBackslashEscapes: boolean
  readonly flavour: Flavour
  /** As MYSQL_VERSION_ID counts (`90704`, `101119`); 0 where it isn't known. */
  readonly version: number
}

export function lexMode(sqlMode: ReadonlySet<string>, server?: Pick<Catalog, 'dialect' | 'version'>): LexMode {
  return {
    ansiQuotes: sqlMode.has('ANSI_QUOTES') || sqlMode.has('ANSI'),
    noBackslashEscapes: sqlMode.has('NO_BACKSLASH_ESCAPES'),
    flavour: server?.dialect === 'mariadb' ? 'mariadb' : 'mysql',
    version: versionId(server?.version ?? ''),
  }
}

function versionId(version: string): number {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,2})\.(\d{1,2})(?!\d)/.exec(version) ?? []
  return major === undefined ? 0 : Number(major) * 10_000 + Number(minor) * 100 + Number(patch)
}

/** The mark behind the last token of a statement. */
export function endToken(at: number): Token {
  return { kind: 'end', text: '', value: '', upper: '', name: false, start: at, end: at }
}
