import { encodeUtf8 } from '../bytes/writer.ts'
import { asciiText, viewOf } from './ascii.ts'
import { dateOf, daysOf, floorTo, isMaskableDay, MICROS_PER_DAY } from './calendar.ts'
import type { Codec } from './codec.ts'
import { DATE_TEXT, ISO_DATE_CHARS, isoDaysAt, putIsoDays } from './date_codec.ts'
import { digitsAt, putDigits } from './digits.ts'
import type { Masker } from './rule.ts'

/**
 * DATE, DATETIME and TIME as MySQL writes them: ISO 8601 in text; in binary as many fields as are not zero, at lengths of
 * 0, 4, 7 and 11 (TIME: 0, 8 and 12). Zero dates, dates with a month or day of zero and days that no calendar has are
 * not read: null.
 */

type Format = 'text' | 'binary'

const DATE_BYTES = 4
const SECOND_BYTES = 7
const MICRO_BYTES = 11
const TIME_BYTES = 8
const TIME_MICRO_BYTES = 12
const TEXT_CHARS_MAX = 26
const MOMENT_CHARS = 19
const [SPACE, COLON, POINT] = [0x20, 0x3a, 0x2e]
const TIME = /^(-?\d{2,3}):\d\d:\d\d(\.\d{1,6})?$/
const MICROS_PER_SECOND = 1_000_000
const FRACTION_DIGITS = 6

export function mysqlDate(format: Format): Codec<number> {
  return format === 'text' ? DATE_TEXT : { read: daysOfBinary, write: binaryOfDays }
}

/** `decimals`: digits after the second, which a text has all of. */
export function mysqlMoment(format: Format, decimals: number): Codec<bigint> {
  if (format === 'binary') return { read: microsOfBinary, write: binaryOfMicros }
  return { read: microsOfText, write: (micros) => textOfMicros(micros, decimals) }
}

/** A time of day or a length of time cut to its hours, towards zero. */
export function timeToHours(format: Format): Masker {
  if (format === 'binary') return binaryHours
  return (value) => {
    const [, hours, fraction = ''] = TIME.exec(asciiText(value, TEXT_CHARS_MAX) ?? '') ?? []
    if (hours === undefined) return null
    return encodeUtf8(`${hours === '-00' ? '00' : hours}:00:00${fraction.replaceAll(/\d/g, '0')}`)
  }
}

/** Sign, days and hours stay; what is all zero has no bytes at all. */
function binaryHours(value: Uint8Array): Uint8Array | null {
  if (value.length === 0) return value
  if (value.length !== TIME_BYTES && value.length !== TIME_MICRO_BYTES) return null
  const hours = new Uint8Array(TIME_BYTES)
  for (let at = 0; at <= 5; at += 1) hours[at] = value[at] as number
  return hours.some((byte, at) => at > 0 && byte !== 0) ? hours : new Uint8Array(0)
}

function daysOfBinary(value: Uint8Array): number | null {
  if (value.length < DATE_BYTES) return null
  const view = viewOf(value)
  const [year, month, day] = [view.getUint16(0, true), view.getUint8(2), view.getUint8(3)]
  const days = daysOf({ year, month, day })
  const read = dateOf(days)
  const isSame = read.year === year && read.month === month && read.day === day
  return isSame && isMaskableDay(days) ? days : null
}

function binaryOfDays(days: number): Uint8Array {
  const out = new Uint8Array(DATE_BYTES)
  putDays(out, days)
  return out
}

function putDays(out: Uint8Array, days: number): void {
  const { year, month, day } = dateOf(days)
  viewOf(out).setUint16(0, year, true)
  out[2] = month
  out[3] = day
}

function microsOfText(value: Uint8Array): bigint | null {
  const decimals = Math.max(value.length - MOMENT_CHARS - 1, 0)
  const isSigned = value[ISO_DATE_CHARS] === SPACE && value[13] === COLON && value[16] === COLON
  const isWhole = value.length === MOMENT_CHARS || (value[MOMENT_CHARS] === POINT && decimals > 0)
  if (!isSigned || !isWhole || decimals > FRACTION_DIGITS) return null
  const fraction = digitsAt(value, MOMENT_CHARS + 1, decimals) * 10 ** (FRACTION_DIGITS - decimals)
  return microsOf(isoDaysAt(value, 0), digitsAt(value, 11, 2), digitsAt(value, 14, 2), digitsAt(value, 17, 2), fraction)
}

function microsOfBinary(value: Uint8Array): bigint | null {
  const { length } = value
  if (length !== DATE_BYTES && length !== SECOND_BYTES && length !== MICRO_BYTES) return null
  const days = daysOfBinary(value)
  if (length === DATE_BYTES) return microsOf(days, 0, 0, 0, 0)
  const [hour = 0, minute = 0, second = 0] = value.subarray(DATE_BYTES, SECOND_BYTES)
  return microsOf(days, hour, minute, second, length === MICRO_BYTES ? viewOf(value).getUint32(SECOND_BYTES, true) : 0)
}

/** Null where a part is none of a clock; what is no digit is below 0. */
function microsOf(days: number | null, hour: number, minute: number, second: number, micros: number): bigint | null {
  if (days === null || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return null
  if (micros < 0 || micros >= MICROS_PER_SECOND) return null
  return BigInt(days) * MICROS_PER_DAY + BigInt(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micros)
}

interface Parts {
  readonly days: number
  readonly clock: readonly number[]
  readonly micros: number
}

function partsOf(value: bigint): Parts {
  const day = floorTo(value, MICROS_PER_DAY)
  const rest = Number(value - day)
  const seconds = Math.floor(rest / MICROS_PER_SECOND)
  return {
    days: Number(day / MICROS_PER_DAY),
    clock: [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60],
    micros: rest % MICROS_PER_SECOND,
  }
}

function textOfMicros(value: bigint, decimals: number): Uint8Array {
  const { days, clock, micros } = partsOf(value)
  const text = new Uint8Array(decimals === 0 ? MOMENT_CHARS : MOMENT_CHARS + 1 + decimals).fill(COLON)
  putIsoDays(text, days)
  text[ISO_DATE_CHARS] = SPACE
  for (const [index, part] of clock.entries()) putDigits(text, ISO_DATE_CHARS + 1 + 3 * index, 2, part)
  if (decimals === 0) return text
  text[MOMENT_CHARS] = POINT
  putDigits(text, MOMENT_CHARS + 1, decimals, Math.floor(micros / 10 ** (FRACTION_DIGITS - decimals)))
  return text
}

function binaryOfMicros(value: bigint): Uint8Array {
  const { days, clock, micros } = partsOf(value)
  const isMidnight = clock.every((part) => part === 0)
  const out = new Uint8Array(micros > 0 ? MICRO_BYTES : isMidnight ? DATE_BYTES : SECOND_BYTES)
  putDays(out, days)
  if (out.length > DATE_BYTES) out.set(clock, DATE_BYTES)
  if (micros > 0) viewOf(out).setUint32(SECOND_BYTES, micros, true)
  return out
}
