import type { Span } from '../facts.ts'
import { opaque } from './node.ts'
import { type Token, tokenize } from './tokens.ts'

/** Names longer than this are cut by the server (NAMEDATALEN - 1). */
const MAX_NAME_BYTES = 63

/** The text of a message with what is needed to go from the tree's byte offsets to places in the text. */
export interface Source {
  readonly text: string
  readonly tokens: readonly Token[]
  /** Index of the token that starts at a UTF-16 offset. */
  readonly starts: ReadonlyMap<number, number>
  /** From a UTF-8 byte offset to a UTF-16 offset. */
  readonly unit: (byte: number) => number
}

export function readSource(text: string): Source {
  const tokens = tokenize(text)
  return { text, tokens, starts: new Map(tokens.map((token, index) => [token.start, index])), unit: unitOf(text) }
}

/** The span of `a.b.c` as written from a byte offset on, which must be exactly these names. */
export function nameSpan(source: Source, byte: number, parts: readonly string[]): Span & { readonly next: number } {
  const start = source.unit(byte)
  let index = source.starts.get(start) ?? opaque('a name is not where the parse tree says')
  let end = start
  for (const [position, part] of parts.entries()) {
    if (position > 0 && textOf(source, index++) !== '.') opaque('a qualified name is not written as expected')
    if (identifier(source, index) !== part) return opaque('a name is not written as expected')
    index = afterName(source, index)
    end = source.tokens[index - 1]!.end
  }
  return { start, end, next: index }
}

/** The text of a token by its index, '' outside. */
export function textOf(source: Source, index: number): string {
  const token = source.tokens[index]
  return token === undefined ? '' : source.text.slice(token.start, token.end)
}

/** True for an unquoted keyword, in any case. */
export function isKeyword(source: Source, index: number, keyword: string): boolean {
  return source.tokens[index]?.kind === 'word' && textOf(source, index).toLowerCase() === keyword
}

/** True where a name stands somewhere outside of the spans. */
export function isMentioned(source: Source, name: string, outside: readonly Span[]): boolean {
  return source.tokens.some(
    (token, index) =>
      identifier(source, index) === name && !outside.some((span) => span.start <= token.start && token.end <= span.end),
  )
}

/** A name as SQL that means exactly it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The name that a token stands for, or null where it is no name. Unquoted names fold by ASCII alone (UTF-8). */
function identifier(source: Source, index: number): string | null {
  const written = textOf(source, index)
  switch (source.tokens[index]?.kind) {
    case 'word':
      return cut(written.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
    case 'quoted':
      return cut(written.slice(1, -1).replaceAll('""', '"'))
    case 'unicode_quoted':
      return cut(decodeEscapes(written.slice(3, -1).replaceAll('""', '"'), escapeOf(source, index)))
    default:
      return null
  }
}

/** `U&"..." UESCAPE '!'` is one name (parser.c, base_yylex). */
function hasEscape(source: Source, index: number): boolean {
  return source.tokens[index]?.kind === 'unicode_quoted' && isKeyword(source, index + 1, 'uescape')
}

function afterName(source: Source, index: number): number {
  return hasEscape(source, index) ? index + 3 : index + 1
}

/** The escape character, which stands in plain quotes. */
function escapeOf(source: Source, index: number): string {
  if (!hasEscape(source, index)) return '\\'
  return /^'(.)'$/s.exec(textOf(source, index + 2))?.[1] ?? opaque('UESCAPE is not written as expected')
}

/** U&"...": the escape twice, with four digits, or with `+` and six. Halves of a surrogate pair join by themselves. */
function decodeEscapes(text: string, character: string): string {
  const mark = character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
  const pattern = new RegExp(`${mark}(?:(${mark})|\\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))`, 'g')
  return text.replace(pattern, (_, twice, long, short) => {
    if (twice !== undefined) return character
    const code = Number.parseInt(long ?? short ?? '', 16)
    return code > 0x10ffff ? '\uFFFD' : String.fromCodePoint(code)
  })
}

function cut(name: string): string {
  let kept = ''
  let bytes = 0
  for (const character of name) {
    bytes += bytesOf(character)
    if (bytes > MAX_NAME_BYTES) break
    kept += character
  }
  return kept
}

/** The length of one character in UTF-8. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0)!
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

function unitOf(text: string): (byte: number) => number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range is what is meant
  if (/^[\x00-\x7f]*$/.test(text)) return (byte) => byte
  const units: number[] = []
  let unit = 0
  for (const character of text) {
    for (let index = bytesOf(character); index > 0; index--) units.push(unit)
    unit += character.length
  }
  units.push(unit)
  return (byte) => units[byte] ?? opaque('an offset of the parse tree lies outside the text')
}
