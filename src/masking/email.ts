import { encodeUtf8 } from '../bytes/writer.ts'
import { characterStarts } from './characters.ts'
import type { Masker } from './rule.ts'

const HIDDEN = encodeUtf8('***')
const MIDDLE = encodeUtf8('***@***')
const AT = 0x40
const DOT = 0x2e

/** Longest last label that is shown: a longer one is hardly a top-level domain. */
const LABEL_CHARS_MAX = 24

/**
 * `email`: the first character of the local part and the last label of the domain stay, `a***@***.test`. A local part of
 * one character is hidden. What is not plainly an address becomes `***`.
 */
export const emailMasker: Masker = (value) => {
  const at = value.indexOf(AT)
  const dot = value.lastIndexOf(DOT)
  const isAddress = at > 0 && at === value.lastIndexOf(AT) && dot > at + 1 && isLabel(value, dot + 1)
  if (!isAddress || !isPrintable(value)) return HIDDEN
  const starts = characterStarts(value.subarray(0, at))
  if (!starts) return HIDDEN
  const first = starts.length > 2 ? (starts[1] as number) : 0
  const masked = new Uint8Array(first + MIDDLE.length + value.length - dot)
  masked.set(value.subarray(0, first))
  masked.set(MIDDLE, first)
  masked.set(value.subarray(dot), first + MIDDLE.length)
  return masked
}

/** Two or more ASCII letters, digits or hyphens, the first a letter. */
function isLabel(value: Uint8Array, start: number): boolean {
  const length = value.length - start
  if (length < 2 || length > LABEL_CHARS_MAX || !isLetter(value[start] as number)) return false
  for (let at = start + 1; at < value.length; at += 1) {
    const byte = value[at] as number
    if (!isLetter(byte) && byte !== 0x2d && !(byte >= 0x30 && byte <= 0x39)) return false
  }
  return true
}

function isLetter(byte: number): boolean {
  const folded = byte | 0x20
  return folded >= 0x61 && folded <= 0x7a
}

/** No space and no control character: an address with text around it is not plainly one. */
function isPrintable(value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at += 1) if ((value[at] as number) <= 0x20) return false
  return true
}
