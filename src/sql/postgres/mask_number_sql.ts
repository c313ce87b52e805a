import type { Column } from '../catalog.ts'
import type { SqlMask } from '../substitution.ts'

type Bucket = Extract<SqlMask, { kind: 'bucket' }>
type DateTrunc = Extract<SqlMask, { kind: 'date_trunc' }>

/** Smallest value of int8, int2 and int4; a bucket below it is NULL. */
const INTEGER_MIN: ReadonlyMap<number, string> = new Map([
  [20, '-9223372036854775808'],
  [21, '-32768'],
  [23, '-2147483648'],
])
/** From here on a bucket could leave the range of float4 and float8. */
const FLOAT_LIMIT: ReadonlyMap<number, string> = new Map([
  [700, '1e37'],
  [701, '1e300'],
])
const NUMERIC_OID = 1700
/** Digits before the point that a mask reads. */
const NUMERIC_LIMIT = '1e1000'
const NUMERIC_TYPE = /^numeric\((\d{1,4}),(-?\d{1,4})\)$/

const DATE_OID = 1082
const TIMESTAMP_OID = 1114
const TIMESTAMPTZ_OID = 1184

function call(left: string, operator: string, right: string): string {
  return `(${left} OPERATOR(pg_catalog.${operator}) ${right})`
}

/** The largest multiple of the width that is not above the number, as `src/masking/bucket.ts` works it out. */
export function bucketSql(name: string, { typeOid, type }: Column, { width }: Bucket): string | null {
  const min = INTEGER_MIN.get(typeOid)
  if (min !== undefined) {
    const floor = numericFloor(name, width)
    return `(CASE WHEN ${call(floor, '>=', `'${min}'::pg_catalog.numeric`)} THEN ${floor} END)`
  }
  const limit = FLOAT_LIMIT.get(typeOid)
  if (limit !== undefined) return floatBucketSql(name, width, limit)
  return typeOid === NUMERIC_OID ? numericBucketSql(name, type, width) : null
}

/** `%` of numeric is exact, division is not. */
function numericFloor(name: string, width: number): string {
  const value = `(${name})::pg_catalog.numeric`
  const step = `'${width}'::pg_catalog.numeric`
  const rest = call(call(call(value, '%', step), '+', step), '%', step)
  return call(value, '-', rest)
}

function floatBucketSql(name: string, width: number, limit: string): string {
  const value = `(${name})::pg_catalog.float8`
  const step = `'${width}'::pg_catalog.float8`
  const whole = `pg_catalog.floor(${call(`pg_catalog.floor(${value})`, '/', step)})`
  const floor = call(call(whole, '*', step), '+', `'0'::pg_catalog.float8`)
  const isSmall = call(`pg_catalog.abs(${value})`, '<', `'${limit}'::pg_catalog.float8`)
  return `(CASE WHEN ${isSmall} THEN ${floor} END)`
}

/** NaN and the infinities are not below the limit. */
function numericBucketSql(name: string, type: string, width: number): string | null {
  const floor = numericFloor(name, width)
  const [, precision, scale] = NUMERIC_TYPE.exec(type) ?? []
  if (type !== 'numeric' && (precision === undefined || Number(scale) < 0)) return null
  const room = `'1e${Number(precision) - Number(scale)}'::pg_catalog.numeric`
  const fits = precision === undefined ? 'TRUE' : magnitudeBelow(floor, room)
  const isRead = magnitudeBelow(`(${name})::pg_catalog.numeric`, `'${NUMERIC_LIMIT}'::pg_catalog.numeric`)
  return `(CASE WHEN ${isRead} THEN CASE WHEN ${fits} THEN ${floor} END END)`
}

function magnitudeBelow(value: string, limit: string): string {
  return call(`pg_catalog.abs(${value})`, '<', limit)
}

/** Moments with a zone are cut in UTC. Years that have not four digits are NULL. */
export function dateTruncSql(name: string, { typeOid }: Column, { unit }: DateTrunc): string | null {
  const unitText = `'${unit}'::pg_catalog.text`
  switch (typeOid) {
    case DATE_OID: {
      if (unit === 'hour' || unit === 'day') return null
      const cut = `pg_catalog.date_trunc(${unitText}, (${name})::pg_catalog.timestamp)`
      return between(name, 'date', ['0001-01-01', '10000-01-01'], cut)
    }
    case TIMESTAMP_OID: {
      const ends = ['0001-01-01 00:00:00', '10000-01-01 00:00:00'] as const
      return between(name, 'timestamp', ends, `pg_catalog.date_trunc(${unitText}, ${name})`)
    }
    case TIMESTAMPTZ_OID: {
      const ends = ['0001-01-01 00:00:00+00', '10000-01-01 00:00:00+00'] as const
      return between(name, 'timestamptz', ends, `pg_catalog.date_trunc(${unitText}, ${name}, 'UTC'::pg_catalog.text)`)
    }
    default:
      return null
  }
}

function between(name: string, type: string, [first, end]: readonly [string, string], then: string): string {
  const isAfter = call(name, '>=', `'${first}'::pg_catalog.${type}`)
  const isBefore = call(name, '<', `'${end}'::pg_catalog.${type}`)
  return `(CASE WHEN ${isAfter} AND ${isBefore} THEN ${then} END)`
}
