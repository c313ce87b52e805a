import type { SqlMask } from '../substitution.ts'
import type { MaskType } from './mask_type.ts'
import type { LexMode } from './token.ts'

type Bucket = Extract<SqlMask, { kind: 'bucket' }>

/** The first year that YEAR holds. */
const YEAR_MIN = 1901n
/** From here on a bucket could leave the range of FLOAT and DOUBLE. */
const FLOAT_LIMIT = { float: '1e37', double: '1e300' } as const

/** The largest multiple of the width that is not above the number, as `src/masking/bucket.ts` works it out. */
export function bucketSql({ width }: Bucket, name: string, type: MaskType, mode: LexMode): string | null {
  const step = BigInt(width)
  switch (type.kind) {
    case 'integer':
      // Without a subtraction: under NO_UNSIGNED_SUBTRACTION its result would be signed.
      if (type.unsigned) return `(${name} DIV ${step}) * ${step}`
      return from(name, firstMultiple(-(1n << BigInt(type.bits - 1)), step), `${name} - ${rest(name, step)}`)
    case 'decimal': {
      const { precision, scale } = type
      const first = firstMultiple(1n - 10n ** BigInt(precision - scale), step)
      return from(name, first, `CAST(${name} - ${rest(name, step)} AS DECIMAL(${precision}, ${scale}))`)
    }
    case 'float':
      return floatBucketSql(name, 'float', !type.fixed, step)
    case 'double':
      return floatBucketSql(name, 'double', false, step)
    case 'year': {
      const floor = `${name} - ${name} % ${step}`
      const first = ((YEAR_MIN + step - 1n) / step) * step
      return from(name, first, mode.flavour === 'mariadb' ? floor : `CAST(${floor} AS YEAR)`)
    }
    default:
      return null
  }
}

function rest(name: string, step: bigint): string {
  return `((${name} % ${step}) + ${step}) % ${step}`
}

/** The least multiple in a range that begins at `min`, which is not above 0. */
function firstMultiple(min: bigint, step: bigint): bigint {
  return (min / step) * step
}

function from(name: string, first: bigint, then: string): string {
  return `CASE WHEN ${name} >= ${first} THEN ${then} END`
}

/** A FLOAT is read as its text, which has six digits (`rounded`). */
function floatBucketSql(name: string, kind: 'float' | 'double', rounded: boolean, step: bigint): string {
  const value = rounded ? `CAST(CAST(${name} AS CHAR) AS DOUBLE)` : name
  const floor = `FLOOR(FLOOR(${value}) / ${step}e0) * ${step}e0 + 0e0`
  return `CASE WHEN ABS(${value}) < ${FLOAT_LIMIT[kind]} THEN ${rounded ? `CAST(${floor} AS FLOAT)` : floor} END`
}
