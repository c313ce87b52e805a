/** The lexical rules of PostgreSQL (scan.l), with standard_conforming_strings on. Total: any text gives tokens. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'unicode_quoted' | 'string' | 'number' | 'param' | 'operator' | 'punctuation'
  /** Half-open, in UTF-16 units. */
  readonly start: number
  readonly end: number
}

const SPACE = /[ \t\n\r\f\v]+/y
const LINE_COMMENT = /--[^\n\r]*/y
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y
const NUMBER =
  /0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*\.(?!\.)[\d_]*(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*(?:[eE][+-]?\d+)?/y
const PARAM = /\$\d+/y
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y
const OPERATOR = /[~!@#^&|`?+\-*/%<>=]/
/** The tokens of the text without white space and comments. What is unterminated runs to the end of the text. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const blank = skipBlank(text, at)
    if (blank > at) {
      at = blank
      continue
    }
    const token = nextToken(text, at)
    tokens.push(token)
    at = token.end
  }
  return tokens
}

function skipBlank(text: string, at: number): number {
  if (text.startsWith('/*', at)) return endOfBlockComment(text, at)
  return match(SPACE, text, at) ?? match(LINE_COMMENT, text, at) ?? at
}

/** Block comments nest. */
function endOfBlockComment(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    if (text.startsWith('/*', at)) {
      depth += 1
      at += 2
    } else if (text.startsWith('*/', at)) {
      depth -= 1
      at += 2
      if (depth === 0) return at
    } else at += 1
  }
  return text.length
}

function nextToken(text: string, start: number): Token {
  const quoted = quotedToken(text, start)
  if (quoted !== null) return quoted
  const word = match(WORD, text, start)
  if (word !== null) return { kind: 'word', start, end: word }
  const number = match(NUMBER, text, start)
  if (number !== null) return { kind: 'number', start, end: number }
  const param = match(PARAM, text, start)
  if (param !== null) return { kind: 'param', start, end: param }
  const tag = match(DOLLAR_TAG, text, start)
  if (tag !== null) return { kind: 'string', start, end: endOfDollarString(text, start, tag) }
  if (OPERATOR.test(text[start]!)) return { kind: 'operator', start, end: endOfOperator(text, start) }
  return { kind: 'punctuation', start, end: start + 1 }
}

/** What a quoted token can begin with; most tokens don't, and are told apart by one character. */
const MAY_QUOTE: ReadonlySet<string> = new Set('"\'UuEeBbXxNn')

function quotedToken(text: string, start: number): Token | null {
  if (!MAY_QUOTE.has(text[start]!)) return null
  const two = text.slice(start, start + 2).toUpperCase()
  const three = text.slice(start, start + 3).toUpperCase()
  if (two[0] === '"') return { kind: 'quoted', start, end: endOfQuoted(text, start + 1, '"', false) }
  if (three === 'U&"') return { kind: 'unicode_quoted', start, end: endOfQuoted(text, start + 3, '"', false) }
  if (three === "U&'") return stringToken(text, start, start + 3, false)
  if (two === "E'") return stringToken(text, start, start + 2, true)
  if (two === "B'" || two === "X'" || two === "N'") return stringToken(text, start, start + 2, false)
  return two[0] === "'" ? stringToken(text, start, start + 1, false) : null
}

function stringToken(text: string, start: number, from: number, escapes: boolean): Token {
  let end = endOfQuoted(text, from, "'", escapes)
  for (let more = continuation(text, end); more !== null; more = continuation(text, end)) {
    end = endOfQuoted(text, more, "'", escapes)
  }
  return { kind: 'string', start, end }
}

/** A string goes on, in the mode of its first part, after white space and line comments that hold a newline. */
function continuation(text: string, from: number): number | null {
  let newline = false
  let at = from
  for (let next = from; ; at = next) {
    next = match(SPACE, text, at) ?? match(LINE_COMMENT, text, at) ?? at
    newline ||= /[\n\r]/.test(text.slice(at, next))
    if (next === at) break
  }
  return newline && text[at] === "'" ? at + 1 : null
}

function endOfQuoted(text: string, from: number, quote: string, escapes: boolean): number {
  for (let at = from; at < text.length; at++) {
    if (escapes && text[at] === '\\') at += 1
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1
      at += 1
    }
  }
  return text.length
}

function endOfDollarString(text: string, start: number, tagEnd: number): number {
  const tag = text.slice(start, tagEnd)
  const close = text.indexOf(tag, tagEnd)
  return close === -1 ? text.length : close + tag.length
}

function endOfOperator(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && OPERATOR.test(text[at]!)) {
    if (text.startsWith('--', at) || text.startsWith('/*', at)) break
    at += 1
  }
  return at
}

function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : null
}
