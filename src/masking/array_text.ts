import { decodeUtf8 } from '../bytes/reader.ts'
import { encodeUtf8 } from '../bytes/writer.ts'
import { type Masker, toNull } from './rule.ts'

/**
 * Arrays in text format (PostgreSQL documentation, "Array Input and Output Syntax"): `{a,"b c",NULL}`, nested, with
 * `[2:3]=` before it where an index does not begin at 1. What is not exactly that gives NULL as a whole.
 */

const DIMENSIONS = /^(?:\[-?\d{1,10}:-?\d{1,10}\]){1,6}=/
/** Dimensions that an array can have (MAXDIM). */
const DEPTH_MAX = 6
/** White space is what array_isspace of the server calls so: ASCII alone. */
const BARE = /[^{}",\\ \t\n\r\v\f]+/y
const NEEDS_QUOTES = /[{}",\\ \t\n\r\v\f]|^null$|^$/i

/** One element as it stands in an array. */
export function arrayElementText(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text
}

/** Each element masked in its place. */
export function arrayTextMasker(element: Masker): Masker {
  if (element === toNull) return toNull
  return (value) => {
    const text = utf8OrNull(value)
    const masked = text === null ? null : maskedText(text, element)
    return masked === null ? null : encodeUtf8(masked)
  }
}

function utf8OrNull(value: Uint8Array): string | null {
  try {
    return decodeUtf8(value)
  } catch {
    return null
  }
}

function maskedText(text: string, element: Masker): string | null {
  const dimensions = DIMENSIONS.exec(text)?.[0] ?? ''
  let out = dimensions
  let depth = 0
  // What may stand next: an element or an opening brace, or else a comma or a closing brace.
  let isOpen = true
  for (let at = dimensions.length; at < text.length; ) {
    const character = text[at] as string
    if (character === '{' && isOpen && depth < DEPTH_MAX) depth += 1
    else if (character === '}' && depth > 0 && (!isOpen || text[at - 1] === '{')) {
      depth -= 1
      isOpen = false
      if (depth === 0) return at === text.length - 1 ? `${out}}` : null
    } else if (character === ',' && !isOpen) isOpen = true
    else {
      const end = isOpen && depth > 0 ? elementEnd(text, at) : at
      if (end === at) return null
      out += maskedElement(text.slice(at, end), element)
      at = end
      isOpen = false
      continue
    }
    out += character
    at += 1
  }
  return null
}

/** Where the element at `at` ends, or `at` where none is. A loop: a pattern could run out of stack on a long value. */
function elementEnd(text: string, at: number): number {
  if (text[at] !== '"') {
    BARE.lastIndex = at
    return BARE.test(text) ? BARE.lastIndex : at
  }
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === '"') return end + 1
    if (text[end] === '\\') end += 1
  }
  return at
}

function maskedElement(written: string, element: Masker): string {
  const isQuoted = written.startsWith('"')
  if (!isQuoted && /^null$/i.test(written)) return 'NULL'
  const clear = isQuoted ? written.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : written
  const masked = element(encodeUtf8(clear))
  return masked === null ? 'NULL' : arrayElementText(decodeUtf8(masked))
}
