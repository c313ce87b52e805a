import { encodeUtf8 } from '../bytes/writer.ts'
import { asciiText, viewOf } from './ascii.ts'
import type { Codec, IntegerCodec } from './codec.ts'

type Format = 'text' | 'binary'

/** A display width with ZEROFILL is 255 at most. */
const INTEGER_CHARS_MAX = 256
const INTEGER = /^-?\d+$/
/** Years that the type holds, besides 0000. */
const YEAR_MIN = 1901n
const YEAR_MAX = 2155n
const YEAR_BYTES = 2

/** The longest text of a double with 30 digits after the point. */
const FLOAT_CHARS_MAX = 350
const FLOAT = /^-?\d+(\.\d+)?(e-?\d{1,3})?$/
/** Decimals of a float without a number of them (DECIMAL_NOT_SPECIFIED). */
const ANY_DECIMALS = 31
/** Digits that the text of a FLOAT has at most (FLT_DIG, my_gcvt in dtoa.cc). */
const FLOAT_DIGITS = 6
/** From this exponent on the text has one (MAX_DECPT_FOR_F_FORMAT). */
const EXPONENT_FROM = 15
/** One digit, FLOAT_DIGITS - 1 more, and then exactly a half. */
const HALF = /^\d\.\d{4}(\d)50*e/
const EXACT_DIGITS = 100

/** An integer: `stored` bytes of range, in rows of a width of its own (MEDIUMINT in four). `fill`: digits of ZEROFILL. */
export interface MysqlInteger {
  readonly stored: 1 | 2 | 3 | 4 | 8
  readonly unsigned: boolean
  readonly fill: number
}

export function mysqlInteger({ stored, unsigned, fill }: MysqlInteger, format: Format): IntegerCodec {
  const bits = BigInt(8 * stored)
  const min = unsigned ? 0n : -(1n << (bits - 1n))
  const max = (1n << (unsigned ? bits : bits - 1n)) - 1n
  if (format === 'binary') return { min, max, ...binaryInteger(stored === 3 ? 4 : stored, unsigned) }
  return { min, max, read: integerOfText, write: (value) => encodeUtf8(String(value).padStart(fill, '0')) }
}

export function mysqlYear(format: Format): IntegerCodec {
  const { read, write } = mysqlInteger({ stored: YEAR_BYTES, unsigned: true, fill: 4 }, format)
  const within = (value: bigint | null) => (value !== null && value >= YEAR_MIN && value <= YEAR_MAX ? value : null)
  return { min: YEAR_MIN, max: YEAR_MAX, read: (value) => within(read(value)), write }
}

function integerOfText(value: Uint8Array): bigint | null {
  const text = asciiText(value, INTEGER_CHARS_MAX)
  return text !== null && INTEGER.test(text) ? BigInt(text) : null
}

function binaryInteger(bytes: 1 | 2 | 4 | 8, unsigned: boolean): Codec<bigint> {
  const bits = 8 * bytes
  const write = (value: bigint): Uint8Array => {
    const out = new Uint8Array(8)
    viewOf(out).setBigUint64(0, BigInt.asUintN(bits, value), true)
    return out.subarray(0, bytes)
  }
  const read = (value: Uint8Array): bigint | null => {
    if (value.length !== bytes) return null
    let number = 0n
    for (let at = bytes - 1; at >= 0; at -= 1) number = (number << 8n) | BigInt(value[at] as number)
    return unsigned ? number : BigInt.asIntN(bits, number)
  }
  return { read, write }
}

/**
 * FLOAT and DOUBLE. The text of a FLOAT has six digits, so its value in binary is read as that text too: a mask must not
 * tell more in one format than in the other.
 */
export function mysqlFloat(bytes: 4 | 8, decimals: number, format: Format): Codec<number> {
  const rounded = bytes === 4 && decimals >= ANY_DECIMALS ? sixDigits : (value: number) => value
  const stored = bytes === 4 ? Math.fround : (value: number) => value
  if (format === 'text') {
    return { read: floatOfText, write: (value) => encodeUtf8(floatText(rounded(stored(value)), decimals)) }
  }
  return {
    read: (value) => {
      if (value.length !== bytes) return null
      return rounded(bytes === 4 ? viewOf(value).getFloat32(0, true) : viewOf(value).getFloat64(0, true))
    },
    write: (value) => {
      const out = new Uint8Array(bytes)
      if (bytes === 4) viewOf(out).setFloat32(0, value, true)
      else viewOf(out).setFloat64(0, value, true)
      return out
    },
  }
}

function floatOfText(value: Uint8Array): number | null {
  const text = asciiText(value, FLOAT_CHARS_MAX)
  return text !== null && FLOAT.test(text) ? Number(text) : null
}

/** To the nearest, and a half to the even digit; ECMAScript takes a half away from zero. */
function sixDigits(value: number): number {
  const near = Number(value.toPrecision(FLOAT_DIGITS))
  const [, last] = HALF.exec(Math.abs(value).toExponential(EXACT_DIGITS)) ?? []
  if (last === undefined || Number(last) % 2 === 1) return near
  const [digits = '', exponent = ''] = value.toExponential(EXACT_DIGITS).split('e')
  return Number(`${digits.slice(0, digits.indexOf('.') + FLOAT_DIGITS)}e${exponent}`)
}

/** A whole number as the server writes it. */
function floatText(value: number, decimals: number): string {
  if (decimals < ANY_DECIMALS) return `${BigInt(value)}${decimals === 0 ? '' : `.${'0'.repeat(decimals)}`}`
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  return Number(exponent) < EXPONENT_FROM ? String(value) : `${digits}e${Number(exponent)}`
}
