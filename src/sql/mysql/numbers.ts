import type { TokenKind } from './token.ts'

/** What may follow the first character of a name without quotes. */
export const WORD = /[A-Za-z0-9_$\u0080-\uD7FF\uE000-\uFFFF]+/y
const HEX = /0x[0-9A-Fa-f]+/y
const BIT = /0b[01]+/y
const DIGITS = /\d+/y
const EXPONENT = /[eE][+-]?\d+/y
const FRACTION = /\.\d*(?:[eE][+-]?\d+)?/y

interface Lexeme {
  readonly kind: TokenKind
  readonly end: number
}

/**
 * What begins with a digit or a point and a digit (MY_LEX_NUMBER_IDENT in sql_lex.cc): a number, or a name such as
 * `1a`. `1e10x` is a number and a name. Null where the server finds neither.
 */
export function readNumeral(text: string, at: number): Lexeme | null {
  if (text[at] === '.') return real(text, at)
  for (const [pattern, kind] of [[HEX, 'hex'] as const, [BIT, 'bit'] as const]) {
    const end = after(pattern, text, at)
    if (end !== null && after(WORD, text, end) === null) return { kind, end }
  }
  if (/^0[xb]/.test(text.slice(at, at + 2))) return { kind: 'word', end: after(WORD, text, at)! }
  const digits = after(DIGITS, text, at)!
  const exponent = after(EXPONENT, text, digits)
  if (exponent !== null) return { kind: 'number', end: exponent }
  const name = after(WORD, text, digits)
  if (name !== null) return { kind: 'word', end: name }
  return text[digits] === '.' ? real(text, digits) : { kind: 'number', end: digits }
}

/** From the point on. An `e` without digits is an error to the server. */
function real(text: string, point: number): Lexeme | null {
  const end = after(FRACTION, text, point)!
  const dangling = /[eE]/.test(text[end] ?? '') && !/[eE]/.test(text.slice(point, end))
  return dangling ? null : { kind: 'number', end }
}

/** Where the match at `at` ends, or null. */
export function after(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : null
}
