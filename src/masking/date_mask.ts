import { SallyportError } from '../errors.ts'
import { floorTo, isMaskableDay, isMaskableMoment, MICROS_PER_DAY, truncateDate, truncateMoment } from './calendar.ts'
import type { Codec } from './codec.ts'
import { digestNumber, keyedDigest } from './keyed_digest.ts'
import { type DateUnit, type Masker, type MaskRule, toNull } from './rule.ts'

type DateShift = Extract<MaskRule, { strategy: 'date_shift' }>

/** Digits after the second that a timestamp has without a modifier. */
const PRECISION_MAX = 6

/** `date_trunc` of days: the first day of the unit. A whole day is never shown. */
export function dateTrunc(unit: DateUnit, { read, write }: Codec<number>): Masker {
  if (unit === 'hour' || unit === 'day') return toNull
  return (value) => {
    const days = read(value)
    const cut = days === null ? null : truncateDate(days, unit)
    return cut === null ? null : write(cut)
  }
}

/** `date_trunc` of microseconds: the first moment of the unit. */
export function momentTrunc(unit: DateUnit, { read, write }: Codec<bigint>): Masker {
  return (value) => {
    const micros = read(value)
    return micros === null ? null : write(truncateMoment(micros, unit))
  }
}

/**
 * `date_shift`: moved by up to `maxDays` in either direction and never by nothing, as HMAC-SHA-256 of the value says:
 * equal values move alike, and one pair that someone knows tells nothing of another. A date moves by whole days.
 */
export function dateShift(rule: DateShift, { read, write }: Codec<number>): Masker {
  const shiftOf = shifter(rule, daysMax(rule))
  return (value) => {
    const days = read(value)
    if (days === null) return null
    const moved = days + Number(shiftOf(BigInt(days)))
    return isMaskableDay(moved) ? write(moved) : null
  }
}

/** A moment moves by whole units of its precision (digits after the second), so that its time of day does not show. */
export function momentShift(rule: DateShift, precision: number, { read, write }: Codec<bigint>): Masker {
  const unit = 10n ** BigInt(PRECISION_MAX - (precision >= 0 && precision <= PRECISION_MAX ? precision : PRECISION_MAX))
  const shiftOf = shifter(rule, (daysMax(rule) * MICROS_PER_DAY) / unit)
  return (value) => {
    const micros = read(value)
    if (micros === null) return null
    const moved = floorTo(micros, unit) + shiftOf(micros) * unit
    return isMaskableMoment(moved) ? write(moved) : null
  }
}

function daysMax({ maxDays }: DateShift): bigint {
  if (Number.isSafeInteger(maxDays) && maxDays >= 1) return BigInt(maxDays)
  throw new SallyportError('SP-CONFIG', 'date_shift moves by a whole number of days')
}

/** From -max to max without 0. */
function shifter(rule: DateShift, max: bigint): (value: bigint) => bigint {
  const digestOf = keyedDigest(rule, 'date_shift')
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  return (value) => {
    view.setBigInt64(0, value)
    const step = (digestNumber(digestOf(bytes)) % (2n * max)) - max
    return step < 0n ? step : step + 1n
  }
}
