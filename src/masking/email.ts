import { encodeUtf8 } from '../bytes/writer.ts'
import { characterStarts } from './characters.ts'
import type { Masker } from './rule.ts'

const HIDDEN = encodeUtf8('***')
const MIDDLE = encodeUtf8('***@***')
const AT = 0x40
const DOT = 0x2e

/** Longest last label that is shown: a longer one is hardly a top-level domain. */
const LABEL_CHARS_MAX = 24

/** An address has 254 at most (RFC 5321); what is much longer is none. */
export const EMAIL_BYTES_MAX = 1000

/**
 * `email`: the first character of the local part and the last label of the domain stay, `a***@***.test`. A local part of
 * one character is hidden. What is not plainly an address becomes `***`.
 */
export const emailMasker: Masker = (value) => {
  if (value.length > EMAIL_BYTES_MAX) return HIDDEN
  const at = asciiAddressAt(value)
  return at > 0 ? masked(value, at, at > 1 ? 1 : 0) : maskUnusual(value)
}

/** Where the `@` of a plain ASCII address stands, or -1. One pass without a view: nearly all values end here. */
function asciiAddressAt(value: Uint8Array): number {
  let at = -1
  for (let i = 0; i < value.length; i += 1) {
    const byte = value[i] as number
    if (byte <= 0x20 || byte >= 0x80) return -1
    if (byte !== AT) continue
    if (at >= 0) return -1
    at = i
  }
  return isDomain(value, at) ? at : -1
}

function maskUnusual(value: Uint8Array): Uint8Array {
  const at = value.indexOf(AT)
  const isAddress = at > 0 && at === value.lastIndexOf(AT) && isDomain(value, at)
  if (!isAddress || !isPrintable(value)) return HIDDEN
  const starts = characterStarts(value.subarray(0, at))
  if (!starts) return HIDDEN
  return masked(value, at, starts.length > 2 ? (starts[1] as number) : 0)
}

/** A domain that ends in a label which may be shown. */
function isDomain(value: Uint8Array, at: number): boolean {
  const dot = value.lastIndexOf(DOT)
  return dot > at + 1 && isLabel(value, dot + 1)
}

/** The first `shown` bytes, the stars, and the last label with its dot. */
function masked(value: Uint8Array, at: number, shown: number): Uint8Array {
  let dot = value.length - 1
  while (dot > at && value[dot] !== DOT) dot -= 1
  const out = new Uint8Array(shown + MIDDLE.length + value.length - dot)
  for (let i = 0; i < shown; i += 1) out[i] = value[i] as number
  out.set(MIDDLE, shown)
  const rest = shown + MIDDLE.length
  for (let i = dot; i < value.length; i += 1) out[rest + i - dot] = value[i] as number
  return out
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
