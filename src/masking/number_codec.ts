import { encodeUtf8 } from '../bytes/writer.ts'
import { asciiText, viewOf } from './ascii.ts'
import type { Codec, IntegerCodec } from './codec.ts'
import { type Decimal, decimalText, decodeNumeric, encodeNumeric, NUMERIC_CHARS_MAX, readDecimal } from './numeric.ts'

type Format = 'text' | 'binary'

/** The longest text of a 64-bit integer. */
const INTEGER_CHARS_MAX = 20
const INTEGER = /^-?\d{1,19}$/
/** The longest text of a double, with room to spare. */
const FLOAT_CHARS_MAX = 400
const FLOAT = /^-?\d+(\.\d+)?(e[+-]\d{1,3})?$/
/** From this exponent on the server writes floats with an exponent (PostgreSQL source, d2s.c and f2s.c). */
const EXPONENT_FROM = { 4: 6, 8: 15 } as const
const FLOAT4_DIGITS_MAX = 9

export function integerCodec(bytes: 2 | 4 | 8, format: Format): IntegerCodec {
  const half = 1n << BigInt(8 * bytes - 1)
  const range = { min: -half, max: half - 1n }
  if (format === 'text') return { ...range, read: readIntegerText, write: (value) => encodeUtf8(String(value)) }
  return { ...range, read: (value) => readIntegerBinary(value, bytes), write: (value) => integerBinary(value, bytes) }
}

function readIntegerText(value: Uint8Array): bigint | null {
  const text = asciiText(value, INTEGER_CHARS_MAX)
  return text !== null && INTEGER.test(text) ? BigInt(text) : null
}

function readIntegerBinary(value: Uint8Array, bytes: 2 | 4 | 8): bigint | null {
  if (value.length !== bytes) return null
  const view = viewOf(value)
  if (bytes === 8) return view.getBigInt64(0)
  return BigInt(bytes === 4 ? view.getInt32(0) : view.getInt16(0))
}

/** The value must be in the type's range. */
function integerBinary(value: bigint, bytes: 2 | 4 | 8): Uint8Array {
  const out = new Uint8Array(bytes)
  const view = viewOf(out)
  if (bytes === 8) view.setBigInt64(0, value)
  else if (bytes === 4) view.setInt32(0, Number(value))
  else view.setInt16(0, Number(value))
  return out
}

export function numericCodec(format: Format): Codec<Decimal> {
  return format === 'binary' ? { read: decodeNumeric, write: encodeNumeric } : DECIMAL_TEXT
}

/** Decimal numbers as text, which is how MySQL has them in both formats. */
export const DECIMAL_TEXT: Codec<Decimal> = {
  read: (value) => readDecimal(asciiText(value, NUMERIC_CHARS_MAX) ?? ''),
  write: (value) => encodeUtf8(decimalText(value)),
}

export function floatCodec(bytes: 4 | 8, format: Format): Codec<number> {
  if (format === 'text') {
    return { read: (value) => readFloatText(value, bytes), write: (value) => encodeUtf8(floatText(value, bytes)) }
  }
  return { read: (value) => readFloatBinary(value, bytes), write: (value) => floatBinary(value, bytes) }
}

function readFloatText(value: Uint8Array, bytes: 4 | 8): number | null {
  const text = asciiText(value, FLOAT_CHARS_MAX)
  if (text === null || !FLOAT.test(text)) return null
  return bytes === 4 ? Math.fround(Number(text)) : Number(text)
}

function readFloatBinary(value: Uint8Array, bytes: 4 | 8): number | null {
  if (value.length !== bytes) return null
  return bytes === 4 ? viewOf(value).getFloat32(0) : viewOf(value).getFloat64(0)
}

function floatBinary(value: number, bytes: 4 | 8): Uint8Array {
  const out = new Uint8Array(bytes)
  if (bytes === 4) viewOf(out).setFloat32(0, value)
  else viewOf(out).setFloat64(0, value)
  return out
}

/** A whole number as the server writes it: the fewest digits that give it back. */
function floatText(value: number, bytes: 4 | 8): string {
  const shortest = bytes === 8 ? String(value) : shortestFloat4(value)
  const [digits = '', exponent = ''] = Number(shortest).toExponential().split('e+')
  return Number(exponent) < EXPONENT_FROM[bytes] ? String(Number(shortest)) : `${digits}e+${exponent.padStart(2, '0')}`
}

function shortestFloat4(value: number): string {
  const rounded = Math.fround(value)
  for (let digits = 1; digits < FLOAT4_DIGITS_MAX; digits += 1) {
    const text = rounded.toPrecision(digits)
    if (Math.fround(Number(text)) === rounded) return text
  }
  return rounded.toPrecision(FLOAT4_DIGITS_MAX)
}
