import { decodeUtf8 } from '../bytes/reader.ts'

const ASCII_MAX = 0x7f

export function isAscii(value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at += 1) if ((value[at] as number) > ASCII_MAX) return false
  return true
}

/**
 * Byte offsets at which each character (code point) of the UTF-8 value begins, and the length at the end; null where the
 * value is not valid UTF-8, so that nothing can be said of its characters.
 */
export function characterStarts(value: Uint8Array): readonly number[] | null {
  try {
    decodeUtf8(value)
  } catch {
    return null
  }
  const starts: number[] = []
  for (let at = 0; at < value.length; at += 1) if (((value[at] as number) & 0xc0) !== 0x80) starts.push(at)
  starts.push(value.length)
  return starts
}
