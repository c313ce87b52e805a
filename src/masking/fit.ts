import { characterStarts, isAscii } from './characters.ts'
import type { Masker } from './rule.ts'
import type { Width } from './value_type.ts'

const SPACE = 0x20

/**
 * A text mask within the room that the type has, as the server's own cast does it: `varchar(n)` is cut, `char(n)` is
 * masked without its trailing spaces and filled up with spaces again, `name` is cut at a whole character.
 */
export function fitted(masker: Masker, width: Width | null): Masker {
  if (width === null) return masker
  return (value) => {
    const masked = masker(width.blankPadded ? withoutBlanks(value) : value)
    return masked === null ? null : intoWidth(masked, width)
  }
}

export function withoutBlanks(value: Uint8Array): Uint8Array {
  let end = value.length
  while (end > 0 && value[end - 1] === SPACE) end -= 1
  return end === value.length ? value : value.subarray(0, end)
}

function intoWidth(masked: Uint8Array, { characters, bytes, blankPadded }: Width): Uint8Array {
  if (bytes !== null) return cutToBytes(masked, bytes)
  // No more bytes than characters allowed are not too many characters.
  if (characters === null || (masked.length <= characters && !blankPadded)) return masked
  const starts = isAscii(masked) ? null : characterStarts(masked)
  const count = starts === null ? masked.length : starts.length - 1
  if (count > characters) return masked.subarray(0, starts === null ? characters : starts[characters])
  return blankPadded && count < characters ? padded(masked, characters - count) : masked
}

function padded(value: Uint8Array, blanks: number): Uint8Array {
  const out = new Uint8Array(value.length + blanks).fill(SPACE, value.length)
  out.set(value)
  return out
}

function cutToBytes(value: Uint8Array, bytes: number): Uint8Array {
  if (value.length <= bytes) return value
  let end = bytes
  while (end > 0 && ((value[end] as number) & 0xc0) === 0x80) end -= 1
  return value.subarray(0, end)
}
