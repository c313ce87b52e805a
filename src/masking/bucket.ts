import { SallyportError } from '../errors.ts'
import { floorTo } from './calendar.ts'
import type { Codec, IntegerCodec } from './codec.ts'
import { type Decimal, precisionOf } from './numeric.ts'
import type { Masker } from './rule.ts'

/** Buckets of 1 would show every whole number. */
const WIDTH_MIN = 2

/** From here on a bucket could leave the range of the type: NULL. By bytes of the float. */
export const FLOAT_LIMIT = { 4: 1e37, 8: 1e300 } as const

/** `bucket`: the largest multiple of `width` that is not above the number; NULL where the type can't hold it. */
export function integerBucket(width: number, { min, read, write }: IntegerCodec): Masker {
  const step = BigInt(checked(width))
  return (value) => {
    const number = read(value)
    if (number === null) return null
    const floor = floorTo(number, step)
    return floor < min ? null : write(floor)
  }
}

/** As `floor(floor(x) / width) * width` in doubles, which the server computes alike. */
export function floatBucket(width: number, limit: number, { read, write }: Codec<number>): Masker {
  const step = checked(width)
  return (value) => {
    const number = read(value)
    if (number === null || !(Math.abs(number) < limit)) return null
    // Adding 0 makes one zero of both.
    return write(Math.floor(Math.floor(number) / step) * step + 0)
  }
}

/** `modifier` as `precisionOf` reads it. */
export function numericBucket(width: number, modifier: number, { read, write }: Codec<Decimal>): Masker {
  const step = BigInt(checked(width))
  return (value) => {
    const decimal = read(value)
    const floor = decimal && decimalBucket(decimal, step)
    return floor && fits(floor, modifier) ? write(floor) : null
  }
}

function checked(width: number): number {
  if (Number.isSafeInteger(width) && width >= WIDTH_MIN) return width
  throw new SallyportError('SP-CONFIG', 'the width of a bucket is a whole number from 2')
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
