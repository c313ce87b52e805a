import type { SqlMask } from '../substitution.ts'
import type { MaskType } from './mask_type.ts'

type DateTrunc = Extract<SqlMask, { kind: 'date_trunc' }>
type Unit = DateTrunc['unit']

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600
/** TO_DAYS('1970-01-01'). */
const EPOCH_DAYS = 719_528

export function dateTruncSql({ unit }: DateTrunc, name: string, type: MaskType): string | null {
  switch (type.kind) {
    case 'date':
      return unit === 'hour' || unit === 'day' ? null : whereReal(name, cutDate(name, unit))
    case 'datetime': {
      const day = `DATE(${name})`
      const cut = unit === 'hour' ? `${day} + INTERVAL HOUR(${name}) HOUR` : unit === 'day' ? day : cutDate(day, unit)
      return whereReal(name, `CAST(${cut} AS DATETIME(${type.decimals}))`)
    }
    case 'timestamp':
      return timestampSql(unit, name, type.decimals)
    case 'time': {
      const hours = `(TIME_TO_SEC(${name}) DIV ${HOUR_SECONDS}) * ${HOUR_SECONDS}`
      return unit === 'hour' ? `CAST(SEC_TO_TIME(${hours}) AS TIME(${type.decimals}))` : null
    }
    default:
      return null
  }
}

/** The first day of the unit. */
function cutDate(day: string, unit: Exclude<Unit, 'hour' | 'day'>): string {
  switch (unit) {
    case 'week':
      return `${day} - INTERVAL WEEKDAY(${day}) DAY`
    case 'month':
      return `${day} - INTERVAL DAYOFMONTH(${day}) - 1 DAY`
    case 'quarter':
      return `${day} - INTERVAL DAYOFMONTH(${day}) - 1 DAY - INTERVAL (MONTH(${day}) - 1) % 3 MONTH`
    case 'year':
      return `${day} - INTERVAL DAYOFYEAR(${day}) - 1 DAY`
  }
}

/** NULL for zero dates, those with a month or day of zero, the year 0, and days that no calendar has. */
function whereReal(name: string, then: string): string {
  const [year, month, day] = [`YEAR(${name})`, `MONTH(${name})`, `DAYOFMONTH(${name})`]
  const isLeap = `${year} % 4 = 0 AND (${year} % 100 <> 0 OR ${year} % 400 = 0)`
  const days = `IF(${month} = 2, IF(${isLeap}, 29, 28), IF(${month} IN (4, 6, 9, 11), 30, 31))`
  return `CASE WHEN ${year} >= 1 AND ${month} >= 1 AND ${day} >= 1 AND ${day} <= ${days} THEN ${then} END`
}

/**
 * Cut in UTC and shown in the session's zone: the same moment for every session. Cut in a zone of the session's choice, a
 * value could be told to the minute. UNIX_TIMESTAMP of a column is what is stored, and 0 for the zero date.
 */
function timestampSql(unit: Unit, name: string, decimals: number): string {
  const stored = `FLOOR(UNIX_TIMESTAMP(${name}))`
  const day = `FROM_DAYS(${EPOCH_DAYS} + ${stored} DIV ${DAY_SECONDS})`
  const cut = (): string => {
    if (unit === 'hour') return `(${stored} DIV ${HOUR_SECONDS}) * ${HOUR_SECONDS}`
    if (unit === 'day') return `(${stored} DIV ${DAY_SECONDS}) * ${DAY_SECONDS}`
    return `(TO_DAYS(${cutDate(day, unit)}) - ${EPOCH_DAYS}) * ${DAY_SECONDS}`
  }
  // MariaDB 11.8 has NULL for the first second of 1970, where others have that second.
  const shown = `FROM_UNIXTIME(${cut()} + 1) - INTERVAL 1 SECOND`
  return `CASE WHEN ${stored} > 0 THEN CAST(${shown} AS DATETIME(${decimals})) END`
}
