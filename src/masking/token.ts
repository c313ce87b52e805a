import { encodeUtf8 } from '../bytes/writer.ts'
import { keyedDigest } from './keyed_digest.ts'
import type { Masker, MaskRule } from './rule.ts'

type Token = Extract<MaskRule, { strategy: 'token' }>

/** The alphabet of base 32 (RFC 4648, section 6), in lower case. */
const ALPHABET = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz234567')

/** 160 bits of the digest, 8 characters for each 5 bytes: no padding is left over. */
const DIGEST_BYTES = 20
const TOKEN_CHARS = (DIGEST_BYTES / 5) * 8

const NO_PREFIX = new Uint8Array(0)

/**
 * `token`: the prefix and 160 bits of HMAC-SHA-256 in base 32. Equal values give equal tokens, so joins still work. Where
 * the type has no room for all of it the prefix is left out: it tells nothing apart.
 */
export function tokenMasker(rule: Token, room: number | null): Masker {
  const whole = encodeUtf8(rule.prefix)
  const head = room !== null && room < whole.length + TOKEN_CHARS ? NO_PREFIX : whole
  const digestOf = keyedDigest(rule)
  return (value) => {
    const token = new Uint8Array(head.length + TOKEN_CHARS)
    token.set(head)
    writeBase32(digestOf(value), token, head.length)
    return token
  }
}

function writeBase32(digest: Uint8Array, into: Uint8Array, start: number): void {
  let bits = 0
  let held = 0
  let at = start
  for (let index = 0; index < DIGEST_BYTES; index += 1) {
    held = ((held << 8) | (digest[index] as number)) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      into[at] = ALPHABET[(held >> bits) & 31] as number
      at += 1
    }
  }
}
