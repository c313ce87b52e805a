import { SallyportError } from '../errors.ts'
import { floorTo } from './calendar.ts'
import {
  integerRange,
  readFloat,
  readInteger,
  readNumeric,
  writeFloat,
  writeInteger,
  writeNumeric,
} from './number_codec.ts'
import { type Decimal, precisionOf } from './numeric.ts'
import type { Masker } from './rule.ts'
import type { ValueType } from './value_type.ts'

type NumberType = Extract<ValueType, { kind: 'integer' | 'float' | 'numeric' }>
type Format = 'text' | 'binary'

/** Buckets of 1 would show every whole number. */
const WIDTH_MIN = 2

/** From here on a bucket could leave the range of the type: NULL. */
const FLOAT_LIMIT = { 4: 1e37, 8: 1e300 } as const

/** `bucket`: the largest multiple of `width` that is not above the number; NULL where the type can't hold it. */
export function bucketMasker(width: number, type: NumberType, format: Format): Masker {
  if (!Number.isSafeInteger(width) || width < WIDTH_MIN) {
    throw new SallyportError('SP-CONFIG', 'the width of a bucket is a whole number from 2')
  }
  switch (type.kind) {
    case 'integer':
      return integerBucket(BigInt(width), type.bytes, format)
    case 'float':
      return floatBucket(width, type.bytes, format)
    case 'numeric':
      return numericBucket(BigInt(width), type.modifier, format)
  }
}

function integerBucket(width: bigint, bytes: 2 | 4 | 8, format: Format): Masker {
  const { min } = integerRange(bytes)
  return (value) => {
    const number = readInteger(value, bytes, format)
    if (number === null) return null
    const floor = floorTo(number, width)
    return floor < min ? null : writeInteger(floor, bytes, format)
  }
}

/** As `floor(floor(x) / width) * width` in doubles, which the server computes alike. */
function floatBucket(width: number, bytes: 4 | 8, format: Format): Masker {
  return (value) => {
    const number = readFloat(value, bytes, format)
    if (number === null || !(Math.abs(number) < FLOAT_LIMIT[bytes])) return null
    // Adding 0 makes one zero of both.
    return writeFloat(Math.floor(Math.floor(number) / width) * width + 0, bytes, format)
  }
}

function numericBucket(width: bigint, modifier: number, format: Format): Masker {
  return (value) => {
    const decimal = readNumeric(value, format)
    const floor = decimal && decimalBucket(decimal, width)
    return floor && fits(floor, modifier) ? writeNumeric(floor, format) : null
  }
}

/** The display scale stays. */
export function decimalBucket({ negative, whole, fraction }: Decimal, width: bigint): Decimal {
  const number = BigInt(whole)
  const signed = negative ? -number - (/[1-9]/.test(fraction) ? 1n : 0n) : number
  const floor = floorTo(signed, width)
  return {
    negative: floor < 0n,
    whole: String(floor < 0n ? -floor : floor),
    fraction: '0'.repeat(fraction.length),
  }
}

/** A scale below zero would round the bucket to another number. */
function fits({ whole }: Decimal, modifier: number): boolean {
  const limit = precisionOf(modifier)
  return limit === null || (limit.scale >= 0 && (whole === '0' || whole.length <= limit.precision - limit.scale))
}
