import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import { characterStarts, isAscii } from './characters.ts'
import type { Masker } from './rule.ts'

/** Longer values are NULL: filled, they could be larger than the server can hold. */
export const PARTIAL_CHARS_MAX = 1_000_000
const UTF8_CHAR_BYTES_MAX = 4

/**
 * `partial`: the first and last characters (code points) stay, each one between becomes `fill`. A value that is no longer
 * than what would stay is filled as a whole. The number of characters is told.
 */
export function partialMasker(keepFirst: number, keepLast: number, fill: string): Masker {
  if (!isCount(keepFirst) || !isCount(keepLast)) {
    throw new SallyportError('SP-CONFIG', 'partial keeps a whole number of characters')
  }
  const filler = encodeUtf8(fill)
  return (value) => {
    if (value.length > UTF8_CHAR_BYTES_MAX * PARTIAL_CHARS_MAX) return null
    if (isAscii(value)) return filled(value, value.length, keepFirst, keepLast, filler, (at) => at)
    const starts = characterStarts(value)
    if (!starts) return value.length > PARTIAL_CHARS_MAX ? null : repeated(filler, value.length)
    return filled(value, starts.length - 1, keepFirst, keepLast, filler, (at) => starts[at] as number)
  }
}

/** `offset` gives where a character begins in the value's bytes. */
function filled(
  value: Uint8Array,
  count: number,
  keepFirst: number,
  keepLast: number,
  filler: Uint8Array,
  offset: (character: number) => number,
): Uint8Array | null {
  if (count > PARTIAL_CHARS_MAX) return null
  const hidden = count - keepFirst - keepLast
  if (hidden <= 0) return repeated(filler, count)
  const head = offset(keepFirst)
  const tail = offset(count - keepLast)
  const end = head + hidden * filler.length
  const masked = new Uint8Array(end + value.length - tail)
  // Loops, since nearly all values are short and a view of each part costs more.
  for (let at = 0; at < head; at += 1) masked[at] = value[at] as number
  if (filler.length === 1) masked.fill(filler[0] as number, head, end)
  else for (let at = head; at < end; at += filler.length) masked.set(filler, at)
  for (let at = tail; at < value.length; at += 1) masked[end + at - tail] = value[at] as number
  return masked
}

function repeated(filler: Uint8Array, count: number): Uint8Array {
  if (filler.length === 1) return new Uint8Array(count).fill(filler[0] as number)
  const bytes = new Uint8Array(filler.length * count)
  for (let at = 0; at < bytes.length; at += filler.length) bytes.set(filler, at)
  return bytes
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
