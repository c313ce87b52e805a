import { SallyportError } from '../errors.ts'
import { keyedDigest } from './keyed_digest.ts'
import type { Masker, MaskRule } from './rule.ts'

type Hash = Extract<MaskRule, { strategy: 'hash' }>

const DIGITS = new TextEncoder().encode('0123456789abcdef')

/** Hexadecimal digits of a SHA-256. */
const HASH_CHARS_MAX = 64

/** `hash`: the first `length` hexadecimal digits of HMAC-SHA-256 over the value's bytes. Equal values stay equal. */
export function hashMasker(rule: Hash): Masker {
  const { length } = rule
  if (!Number.isSafeInteger(length) || length < 1 || length > HASH_CHARS_MAX) {
    throw new SallyportError('SP-CONFIG', `a hash mask is 1 to ${HASH_CHARS_MAX} characters long`)
  }
  const digestOf = keyedDigest(rule)
  return (value) => {
    const digest = digestOf(value)
    const text = new Uint8Array(length)
    for (let at = 0; at < length; at += 1) {
      const byte = digest[at >> 1] as number
      text[at] = DIGITS[at % 2 === 0 ? byte >> 4 : byte & 15] as number
    }
    return text
  }
}
