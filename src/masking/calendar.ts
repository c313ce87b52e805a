import type { DateUnit } from './rule.ts'

/** Days are counted from 2000-01-01, as PostgreSQL does, in the Gregorian calendar carried back. */

const MICROS_PER_HOUR = 3_600_000_000n
export const MICROS_PER_DAY = 24n * MICROS_PER_HOUR

const MS_PER_DAY = 86_400_000
const EPOCH_MS = Date.UTC(2000, 0, 1)
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

export function daysOf({ year, month, day }: CalendarDate): number {
  const date = new Date(EPOCH_MS)
  date.setUTCFullYear(year, month - 1, day)
  return Math.floor((date.getTime() - EPOCH_MS) / MS_PER_DAY)
}

export function dateOf(days: number): CalendarDate {
  const date = new Date(EPOCH_MS + days * MS_PER_DAY)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
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
