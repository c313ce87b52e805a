import { encodeUtf8 } from '../bytes/writer.ts'
import { asciiText } from './ascii.ts'
import type { Codec, IntegerCodec } from './codec.ts'
import { digestNumber, keyedDigest } from './keyed_digest.ts'
import { type Decimal, decimalText, precisionOf } from './numeric.ts'
import { type Masker, type MaskRule, toNull } from './rule.ts'

type Keyed = Extract<MaskRule, { strategy: 'hash' | 'token' }>

/** Numbers of every type share a label, so that one number is digested alike in all of them. */
const NUMBER = 'number'
/** Digits that 63 bits of a digest fill evenly enough. */
const NUMERIC_DIGITS_MAX = 18
const UUID_BYTES = 16
const UUID_CHARS = 36
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const UUID_PARTS = [8, 12, 16, 20, 32] as const
const TOKEN_BYTES = 20
/** A value of bytea in escape format (PostgreSQL documentation, "Binary Data Types"). */
const ESCAPED = /\\(\\|[0-3][0-7]{2})/g

/** `hash` and `token` of whole numbers: from 0 to the type's largest. Equal numbers give equal ones; few may collide. */
export function keyedInteger(rule: Keyed, { max, read, write }: IntegerCodec): Masker {
  const digestOf = keyedDigest(rule, NUMBER)
  return (value) => {
    const number = read(value)
    if (number === null) return null
    return write(digestNumber(digestOf(encodeUtf8(String(number)))) & max)
  }
}

/** The same of `numeric`: as many digits before the point as the type has, up to 18, and zeros after it. */
export function keyedNumeric(rule: Keyed, modifier: number, { read, write }: Codec<Decimal>): Masker {
  const limit = precisionOf(modifier)
  const digits = Math.min(limit === null ? NUMERIC_DIGITS_MAX : limit.precision - limit.scale, NUMERIC_DIGITS_MAX)
  if (digits < 1 || (limit !== null && limit.scale < 0)) return toNull
  const digestOf = keyedDigest(rule, NUMBER)
  const fraction = '0'.repeat(limit?.scale ?? 0)
  const range = 10n ** BigInt(digits)
  return (value) => {
    const decimal = read(value)
    if (decimal === null) return null
    // 1.0 and 1.00 are equal.
    const canonical = decimalText({ ...decimal, fraction: decimal.fraction.replace(/0+$/, '') })
    const whole = String(digestNumber(digestOf(encodeUtf8(canonical))) % range)
    return write({ negative: false, whole, fraction })
  }
}

/** The same of `uuid`: a UUID of version 8 (RFC 9562). */
export function keyedUuid(rule: Keyed, { read, write }: Codec<Uint8Array>): Masker {
  const digestOf = keyedDigest(rule, 'uuid')
  return (value) => {
    const bytes = read(value)
    if (bytes?.length !== UUID_BYTES) return null
    const made = digestOf(bytes).slice(0, UUID_BYTES)
    made[6] = ((made[6] as number) & 0x0f) | 0x80
    made[8] = ((made[8] as number) & 0x3f) | 0x80
    return write(made)
  }
}

/** The same of byte strings: bytes of the digest. */
export function keyedBytes(rule: Keyed, { read, write }: Codec<Uint8Array>): Masker {
  const digestOf = keyedDigest(rule, 'bytea')
  const length = rule.strategy === 'hash' ? Math.ceil(rule.length / 2) : TOKEN_BYTES
  return (value) => {
    const bytes = read(value)
    return bytes === null ? null : write(digestOf(bytes).subarray(0, length))
  }
}

/** Bytes that stand in the row as they are. */
export const PLAIN_BYTES: Codec<Uint8Array> = { read: (value) => value, write: (value) => value }

export const UUID_TEXT: Codec<Uint8Array> = {
  read: (value) => uuidBytes(asciiText(value, UUID_CHARS) ?? ''),
  write: (bytes) => encodeUtf8(uuidText(bytes)),
}

/** bytea is written in hex, which the server reads under every setting. */
export const BYTEA_TEXT: Codec<Uint8Array> = {
  read: byteaBytes,
  write: (bytes) => encodeUtf8(`\\x${hexText(bytes)}`),
}

function uuidBytes(text: string): Uint8Array | null {
  return UUID.test(text) ? bytesOfHex(text.replaceAll('-', '')) : null
}

function uuidText(bytes: Uint8Array): string {
  const hex = hexText(bytes)
  return UUID_PARTS.map((end, index) => hex.slice(UUID_PARTS[index - 1] ?? 0, end)).join('-')
}

function byteaBytes(value: Uint8Array): Uint8Array | null {
  const text = asciiText(value, value.length)
  if (text === null) return null
  if (text.startsWith('\\x')) return /^\\x([0-9a-f]{2})*$/.test(text) ? bytesOfHex(text.slice(2)) : null
  if (text.replaceAll(ESCAPED, '').includes('\\')) return null
  const plain = text.replaceAll(ESCAPED, (_whole, code: string) =>
    code === '\\' ? code : String.fromCharCode(Number.parseInt(code, 8)),
  )
  return Uint8Array.from(plain, (character) => character.charCodeAt(0))
}

function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16)
  return bytes
}

function hexText(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}
