import { SallyportError } from '../errors.ts'
import { floorTo, isMaskableDay, isMaskableMoment, MICROS_PER_DAY, truncateDate, truncateMoment } from './calendar.ts'
import { readDate, readMoment, writeDate, writeMoment } from './date_codec.ts'
import { digestNumber, keyedDigest } from './keyed_digest.ts'
import { type DateUnit, type Masker, type MaskRule, toNull } from './rule.ts'
import type { ValueType } from './value_type.ts'

type DateType = Extract<ValueType, { kind: 'date' | 'timestamp' }>
type Format = 'text' | 'binary'
type DateShift = Extract<MaskRule, { strategy: 'date_shift' }>

/** Digits after the second that a timestamp has without a modifier. */
const PRECISION_MAX = 6

/** `date_trunc`: the first moment of the unit; moments with a zone are cut in UTC. A whole day is never shown. */
export function dateTruncMasker(unit: DateUnit, type: DateType, format: Format): Masker {
  if (type.kind === 'date') {
    if (unit === 'hour' || unit === 'day') return toNull
    return (value) => {
      const days = readDate(value, format)
      const cut = days === null ? null : truncateDate(days, unit)
      return cut === null ? null : writeDate(cut, format)
    }
  }
  const { zoned } = type
  return (value) => {
    const micros = readMoment(value, format, zoned)
    return micros === null ? null : writeMoment(truncateMoment(micros, unit), format, zoned)
  }
}

/**
 * `date_shift`: moved by up to `maxDays` in either direction and never by nothing, as HMAC-SHA-256 of the value says:
 * equal values move alike, and one pair that someone knows tells nothing of another. A date moves by whole days, a
 * timestamp by whole units of its precision, so that its time of day does not show either.
 */
export function dateShiftMasker(rule: DateShift, type: DateType, format: Format): Masker {
  if (!Number.isSafeInteger(rule.maxDays) || rule.maxDays < 1) {
    throw new SallyportError('SP-CONFIG', 'date_shift moves by a whole number of days')
  }
  if (type.kind === 'date') return shiftedDate(rule, format)
  const { zoned, modifier } = type
  const unit = 10n ** BigInt(PRECISION_MAX - (modifier >= 0 && modifier <= PRECISION_MAX ? modifier : PRECISION_MAX))
  const shiftOf = shifter(rule, (BigInt(rule.maxDays) * MICROS_PER_DAY) / unit)
  return (value) => {
    const micros = readMoment(value, format, zoned)
    if (micros === null) return null
    const moved = floorTo(micros, unit) + shiftOf(micros) * unit
    return isMaskableMoment(moved) ? writeMoment(moved, format, zoned) : null
  }
}

function shiftedDate(rule: DateShift, format: Format): Masker {
  const shiftOf = shifter(rule, BigInt(rule.maxDays))
  return (value) => {
    const days = readDate(value, format)
    if (days === null) return null
    const moved = days + Number(shiftOf(BigInt(days)))
    return isMaskableDay(moved) ? writeDate(moved, format) : null
  }
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
