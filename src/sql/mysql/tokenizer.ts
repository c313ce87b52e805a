import { holdsUnread } from '../../bytes/unread.ts'
import { SallyportError } from '../../errors.ts'
import { openComment, skipComment } from './comments.ts'
import { after, readNumeral, WORD } from './numbers.ts'
import { isKeyword, isReserved } from './reserved_words.ts'
import { endToken, type LexMode, type Token, type TokenKind } from './token.ts'

/** Longest first. `{` and `}` are lexed so that the ODBC escapes are refused by the grammar, not by accident. */
const OPERATORS = [
  ...['<=>', '->>', ':=', '->', '<<', '>>', '<=', '>=', '<>', '!=', '&&', '||'],
  ...['(', ')', ',', ';', '.', '=', '<', '>', '+', '-', '*', '/', '%', '^', '~', '!', '&', '|', '{', '}', ':'],
]

const BACKSLASH = 0x5c
const WORD_START = /[A-Za-z_\u0080-\uD7FF\uE000-\uFFFF]/
/** Of the characters above ASCII only letters, digits and marks: what looks like a space or a quote is refused. */
const PLAIN_WORD = /^[\p{L}\p{N}\p{M}_$]+$/u
const USER_VARIABLE = /@[A-Za-z0-9_$.]+/y
/** Up to three names, each with or without backticks, with nothing between. */
const SYSTEM_VARIABLE = /@@(?:(?:[A-Za-z_][A-Za-z0-9_]*|`[^`]+`)\.){0,2}(?:[A-Za-z_][A-Za-z0-9_]*|`[^`]+`)/y
/** NULL as older servers and MariaDB have it. */
const ESCAPED_NULL = '\\N'

/**
 * MySQL's lexical rules (Reference Manual, chapter 11). The tokens are the authority on what a statement says: no
 * parser sees the client's text, only what stands here. Comments are dropped; an executable comment that this server
 * runs is taken apart.
 */
export function tokenize(text: string, mode: LexMode): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  let executable = false
  while (at < text.length) {
    const space = skipSpace(text, at)
    if (space > at) {
      at = space
      continue
    }
    if (executable && text.startsWith('*/', at)) {
      executable = false
      at += 2
      continue
    }
    const comment = skipComment(text, at, executable, mode)
    if (comment !== null) {
      at = comment
      continue
    }
    const opened = openComment(text, at, mode)
    if (opened !== null) {
      executable = true
      at = opened
      continue
    }
    const token = readToken(text, at, mode, tokens.at(-1))
    tokens.push(token)
    at = token.end
  }
  if (executable) throw syntax('a comment is not closed')
  if (text.includes('\0')) refuseStrayNul(text, tokens)
  tokens.push(endToken(text.length))
  return tokens
}

/** Drivers send bytes of a BLOB inside of a literal as they are. Elsewhere a NUL may end a comment, or the statement. */
function refuseStrayNul(text: string, tokens: readonly Token[]): void {
  let from = 0
  for (const { kind, start, end } of [...tokens, endToken(text.length)]) {
    if (text.slice(from, kind === 'string' ? start : end).includes('\0')) {
      throw syntax('the statement holds a NUL outside of a literal')
    }
    from = end
  }
}

function readToken(text: string, at: number, mode: LexMode, previous: Token | undefined): Token {
  const char = text[at]!
  const dotted = previous?.upper === '.' && previous.end === at
  if (dotted && after(WORD, text, at) !== null) return readDotted(text, at)
  if (char === "'" || (char === '"' && !mode.ansiQuotes)) return readString(text, at, at, mode)
  if (char === '`' || char === '"') return readQuotedName(text, at, char)
  if (char === '@') return readVariable(text, at, mode)
  if (isDigit(char) || (char === '.' && isDigit(text[at + 1] ?? ''))) return readDigits(text, at, previous)
  if (WORD_START.test(char)) return readWord(text, at, mode)
  if (char === '?') return make('param', text, at, at + 1, '?')
  if (mode.flavour === 'mariadb' && text.startsWith(ESCAPED_NULL, at))
    return { ...make('word', text, at, at + ESCAPED_NULL.length, 'NULL'), name: false }
  const operator = OPERATORS.find((candidate) => text.startsWith(candidate, at))
  if (operator === undefined) throw syntax('the statement holds a character that has no meaning in SQL')
  return make('op', text, at, at + operator.length, operator)
}

/** Directly behind a dot every run of such characters is a name. */
function readDotted(text: string, at: number): Token {
  return readName(text, at, after(WORD, text, at)!)
}

/** A word that is a name whatever it says. */
function readName(text: string, at: number, end: number): Token {
  const word = text.slice(at, end)
  if (!PLAIN_WORD.test(word)) throw syntax('an unquoted name holds a character that is neither letter nor digit')
  return { ...make('word', text, at, end, word), upper: '' }
}

function readWord(text: string, at: number, mode: LexMode): Token {
  const end = after(WORD, text, at)!
  const word = text.slice(at, end)
  if (/^[nNxXbB]$/.test(word) && text[end] === "'") return readPrefixedString(text, at, mode)
  if (text[end] === '.' && after(WORD, text, end + 1) !== null) return readName(text, at, end)
  const token = { ...readName(text, at, end), upper: word.toUpperCase() }
  if (!isKeyword(token.upper, mode.flavour)) return { ...token, upper: '' }
  return { ...token, name: !isReserved(token.upper, mode.flavour, mode.version) }
}

/** N'..' is a string; X'..' and B'..' are binary literals whose digits are checked. */
function readPrefixedString(text: string, at: number, mode: LexMode): Token {
  const string = readString(text, at + 1, at, mode)
  const prefix = text[at]!.toUpperCase()
  if (prefix === 'N') return string
  const valid = prefix === 'X' ? /^(?:[0-9A-Fa-f]{2})*$/ : /^[01]*$/
  if (!valid.test(string.value)) throw syntax('a hexadecimal or bit literal holds other digits')
  return { ...string, kind: prefix === 'X' ? 'hex' : 'bit' }
}

/** The quote stands at `open`; `start` is before it where a prefix belongs to the literal. */
function readString(text: string, open: number, start: number, mode: LexMode): Token {
  const quote = text[open]!
  let value = ''
  let at = open + 1
  for (;;) {
    const end = plainEnd(text, at, quote, mode)
    value += text.slice(at, end)
    at = end
    const char = text[at]
    if (char === undefined) throw syntax('a string is not closed')
    if (char === quote) {
      if (text[at + 1] !== quote) break
      value += quote
    } else {
      value += unescaped(text[at + 1])
    }
    at += 2
  }
  return make('string', text, start, at + 1, value)
}

/** Where the characters that stand for themselves end. A literal may have many millions, so they are taken in one piece. */
function plainEnd(text: string, from: number, quote: string, { noBackslashEscapes }: LexMode): number {
  const quoteCode = quote.charCodeAt(0)
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quoteCode || (code === BACKSLASH && !noBackslashEscapes)) break
  }
  return at
}

/** String literals, table of escape sequences; `\%` and `\_` keep their backslash. */
function unescaped(char: string | undefined): string {
  if (char === undefined) throw syntax('a string is not closed')
  const known: Record<string, string> = { '0': '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\u001a' }
  if (char === '%' || char === '_') return `\\${char}`
  return known[char] ?? char
}

function readQuotedName(text: string, at: number, quote: string): Token {
  const { value, end } = doubled(text, at, quote)
  if (holdsUnread(value)) throw syntax('a name is outside of ASCII and not in UTF-8: use utf8mb4')
  if (value.endsWith(' ')) throw syntax('a quoted name ends with a space')
  return make('quoted', text, at, end, value)
}

function doubled(text: string, open: number, quote: string): { value: string; end: number } {
  let value = ''
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] !== quote) value += text[at]
    else if (text[at + 1] === quote) {
      value += quote
      at += 1
    } else return { value, end: at + 1 }
  }
  throw syntax('a quoted name is not closed')
}

function readVariable(text: string, at: number, mode: LexMode): Token {
  if (text.startsWith('@@', at)) return readSystemVariable(text, at)
  const quote = text[at + 1] ?? ''
  // As everywhere a double quote stands for a name under ANSI_QUOTES, in which a backslash is a character like others.
  if (quote === '`' || (quote === '"' && mode.ansiQuotes)) {
    const { value, end } = doubled(text, at + 1, quote)
    return make('uservar', text, at, end, value)
  }
  if (quote === "'" || quote === '"') {
    const inner = readString(text, at + 1, at, mode)
    return { ...inner, kind: 'uservar' }
  }
  const name = match(USER_VARIABLE, text, at)
  if (name === null) throw syntax('a variable has no name')
  endOfName(text, at + name.length)
  return make('uservar', text, at, at + name.length, name.slice(1))
}

function readSystemVariable(text: string, at: number): Token {
  const name = match(SYSTEM_VARIABLE, text, at)
  if (name === null) throw syntax('a system variable has no plain name')
  endOfName(text, at + name.length)
  if (text[at + name.length] === '.') throw syntax('a system variable has too many parts')
  return make('sysvar', text, at, at + name.length, name.slice(2).replaceAll('`', ''))
}

/** `t.1e5` is a name, `1e5` a number; what a point behind a quoted name means, servers do not agree on. */
function readDigits(text: string, at: number, previous: Token | undefined): Token {
  const touches = previous !== undefined && previous.end === at && text[at] === '.'
  if (touches && previous.kind === 'word') return make('op', text, at, at + 1, '.')
  if (touches && previous.kind !== 'op') throw syntax('a name that begins with a digit must be quoted')
  const lexeme = readNumeral(text, at)
  if (lexeme === null) throw syntax('a number ends in the middle')
  if (lexeme.kind === 'word') return readName(text, at, lexeme.end)
  return make(lexeme.kind, text, at, lexeme.end, text.slice(at, lexeme.end))
}

function endOfName(text: string, at: number): void {
  const next = text[at] ?? ' '
  if (/[A-Za-z0-9_$\u0080-\uFFFF]/.test(next)) throw syntax('a variable runs into a name')
}

function make(kind: TokenKind, text: string, start: number, end: number, value: string): Token {
  const upper = kind === 'word' ? value.toUpperCase() : kind === 'op' ? value : ''
  const name = kind === 'word' || kind === 'quoted'
  return { kind, text: text.slice(start, end), value, upper, name, start, end }
}

/** Tab, line feed, vertical tab, form feed, carriage return and space: what the server's lexer skips. */
function skipSpace(text: string, at: number): number {
  let end = at
  while ((text[end] ?? 'x') <= ' ' && /[\t\n\v\f\r ]/.test(text[end]!)) end += 1
  return end
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1
}

function syntax(reason: string): SallyportError {
  return new SallyportError('SP-SYNTAX', reason)
}
