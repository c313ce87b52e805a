import { encodeUtf8 } from '../bytes/writer.ts'
import { asciiText, viewOf } from './ascii.ts'
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

export function integerRange(bytes: 2 | 4 | 8): { readonly min: bigint; readonly max: bigint } {
  const half = 1n << BigInt(8 * bytes - 1)
  return { min: -half, max: half - 1n }
}

export function readInteger(value: Uint8Array, bytes: 2 | 4 | 8, format: Format): bigint | null {
  if (format === 'text') {
    const text = asciiText(value, INTEGER_CHARS_MAX)
    return text !== null && INTEGER.test(text) ? BigInt(text) : null
  }
  if (value.length !== bytes) return null
  const view = viewOf(value)
  if (bytes === 8) return view.getBigInt64(0)
  return BigInt(bytes === 4 ? view.getInt32(0) : view.getInt16(0))
}

/** The value must be in the type's range. */
export function writeInteger(value: bigint, bytes: 2 | 4 | 8, format: Format): Uint8Array {
  if (format === 'text') return encodeUtf8(String(value))
  const out = new Uint8Array(bytes)
  const view = viewOf(out)
  if (bytes === 8) view.setBigInt64(0, value)
  else if (bytes === 4) view.setInt32(0, Number(value))
  else view.setInt16(0, Number(value))
  return out
}

export function readNumeric(value: Uint8Array, format: Format): Decimal | null {
  return format === 'binary' ? decodeNumeric(value) : readDecimal(asciiText(value, NUMERIC_CHARS_MAX) ?? '')
}

export function writeNumeric(value: Decimal, format: Format): Uint8Array {
  return format === 'binary' ? encodeNumeric(value) : encodeUtf8(decimalText(value))
}

export function readFloat(value: Uint8Array, bytes: 4 | 8, format: Format): number | null {
  if (format === 'text') {
    const text = asciiText(value, FLOAT_CHARS_MAX)
    if (text === null || !FLOAT.test(text)) return null
    return bytes === 4 ? Math.fround(Number(text)) : Number(text)
  }
  if (value.length !== bytes) return null
  return bytes === 4 ? viewOf(value).getFloat32(0) : viewOf(value).getFloat64(0)
}

export function writeFloat(value: number, bytes: 4 | 8, format: Format): Uint8Array {
  if (format === 'text') return encodeUtf8(floatText(value, bytes))
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
