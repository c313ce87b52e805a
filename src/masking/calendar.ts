import type { DateUnit } from './rule.ts'

/** Days are counted from 2000-01-01, as PostgreSQL does, in the Gregorian calendar carried back. */

const MICROS_PER_HOUR = 3_600_000_000n
export const MICROS_PER_DAY = 24n * MICROS_PER_HOUR

const ERA_YEARS = 400
const ERA_DAYS = 146_097
/** Days from the first of March of the year 0 to 2000-01-01. */
const EPOCH_OF_ERAS = 730_425
/** 2000-01-01 was a Saturday; weeks begin on Monday. */
const EPOCH_WEEKDAY = 5
const DAYS_PER_WEEK = 7

export interface CalendarDate {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number
}

/**
 * The first and the last day that masks give and take: years of four digits. What lies outside, and infinity, becomes
 * NULL, so that no mask ever leaves the range of its type.
 */
const FIRST_DAY = daysOf({ year: 1, month: 1, day: 1 })
const LAST_DAY = daysOf({ year: 9999, month: 12, day: 31 })

export function isMaskableDay(days: number): boolean {
  return days >= FIRST_DAY && days <= LAST_DAY
}

export function isMaskableMoment(micros: bigint): boolean {
  return micros >= BigInt(FIRST_DAY) * MICROS_PER_DAY && micros < BigInt(LAST_DAY + 1) * MICROS_PER_DAY
}

/**
 * In years that begin in March, so that a leap day is the last, and eras of 400 of them, which are all alike. A month or
 * day that there is not gives the days of another date.
 */
export function daysOf({ year, month, day }: CalendarDate): number {
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / ERA_YEARS)
  const ofEra = marchYear - era * ERA_YEARS
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leaps = Math.floor(ofEra / 4) - Math.floor(ofEra / 100)
  return era * ERA_DAYS + ofEra * 365 + leaps + ofYear - EPOCH_OF_ERAS
}

export function dateOf(days: number): CalendarDate {
  const since = days + EPOCH_OF_ERAS
  const era = Math.floor(since / ERA_DAYS)
  const ofEra = since - era * ERA_DAYS
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * ofYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: yearOfEra + era * ERA_YEARS + (month > 2 ? 0 : 1),
    month,
    day: ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}

/** The first day of the unit that the day is in; a day alone has no hours to cut. */
function truncateDay(days: number, unit: Exclude<DateUnit, 'hour' | 'day'>): number {
  if (unit === 'week') return days - ((((days + EPOCH_WEEKDAY) % DAYS_PER_WEEK) + DAYS_PER_WEEK) % DAYS_PER_WEEK)
  const { year, month } = dateOf(days)
  if (unit === 'year') return daysOf({ year, month: 1, day: 1 })
  const first = unit === 'quarter' ? month - ((month - 1) % 3) : month
  return daysOf({ year, month: first, day: 1 })
}

/** Null where a day would be shown whole. */
export function truncateDate(days: number, unit: DateUnit): number | null {
  return unit === 'hour' || unit === 'day' ? null : truncateDay(days, unit)
}

export function truncateMoment(micros: bigint, unit: DateUnit): bigint {
  if (unit === 'hour') return floorTo(micros, MICROS_PER_HOUR)
  const day = floorTo(micros, MICROS_PER_DAY)
  if (unit === 'day') return day
  return BigInt(truncateDay(Number(day / MICROS_PER_DAY), unit)) * MICROS_PER_DAY
}

/** The largest multiple of `step` that is not above the value. */
export function floorTo(value: bigint, step: bigint): bigint {
  const rest = value % step
  return rest < 0n ? value - rest - step : value - rest
}
