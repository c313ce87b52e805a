import { encodeUtf8 } from '../bytes/writer.ts'
import { asciiText, viewOf } from './ascii.ts'
import { dateOf, daysOf, floorTo, isMaskableDay, isMaskableMoment, MICROS_PER_DAY } from './calendar.ts'
import type { Codec } from './codec.ts'
import { digitsAt, putDigits } from './digits.ts'

/**
 * Dates and moments as PostgreSQL writes them: in binary whole days or microseconds since 2000-01-01 (date_send,
 * timestamp_send), in text as ISO 8601, which is one of its date styles. Another style, infinity and years that have
 * not four digits are not read: null.
 */

export const ISO_DATE_CHARS = 10
const DASH = 0x2d
const DATE_BYTES = 4
const MOMENT_BYTES = 8
/** The longest ISO moment with a zone is 35 characters. */
const TEXT_CHARS_MAX = 40
const ISO_MOMENT =
  /^(\d{4,5})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/
const MICROS_PER_SECOND = 1_000_000n

export function dateCodec(format: 'text' | 'binary'): Codec<number> {
  return format === 'text' ? DATE_TEXT : { read: readDateBinary, write: dateBinary }
}

/** Days as ISO 8601, which MySQL writes too. */
export const DATE_TEXT: Codec<number> = {
  read: (value) => (value.length === ISO_DATE_CHARS ? isoDaysAt(value, 0) : null),
  write: (days) => {
    const text = new Uint8Array(ISO_DATE_CHARS)
    putIsoDays(text, days)
    return text
  },
}

/** The day that `YYYY-MM-DD` at `at` is; null for what no calendar has, and outside of four digits. */
export function isoDaysAt(value: Uint8Array, at: number): number | null {
  const year = digitsAt(value, at, 4)
  const month = digitsAt(value, at + 5, 2)
  const day = digitsAt(value, at + 8, 2)
  if (value[at + 4] !== DASH || value[at + 7] !== DASH || year < 0 || month < 1 || month > 12 || day < 1) return null
  const days = daysOf({ year, month, day })
  return isMaskableDay(days) && dateOf(days).day === day ? days : null
}

/** At the beginning. */
export function putIsoDays(target: Uint8Array, days: number): void {
  const { year, month, day } = dateOf(days)
  putDigits(target, 0, 4, year)
  target[4] = DASH
  putDigits(target, 5, 2, month)
  target[7] = DASH
  putDigits(target, 8, 2, day)
}

function readDateBinary(value: Uint8Array): number | null {
  if (value.length !== DATE_BYTES) return null
  const days = viewOf(value).getInt32(0)
  return isMaskableDay(days) ? days : null
}

function dateBinary(days: number): Uint8Array {
  const out = new Uint8Array(DATE_BYTES)
  viewOf(out).setInt32(0, days)
  return out
}

/** A moment with a zone is read as what it is in UTC. */
export function momentCodec(format: 'text' | 'binary', zoned: boolean): Codec<bigint> {
  return {
    read: (value) => {
      const micros = format === 'text' ? microsOfText(value, zoned) : microsOfBinary(value)
      return micros !== null && isMaskableMoment(micros) ? micros : null
    },
    write: (micros) => (format === 'text' ? encodeUtf8(textOfMicros(micros, zoned)) : momentBinary(micros)),
  }
}

function momentBinary(micros: bigint): Uint8Array {
  const out = new Uint8Array(MOMENT_BYTES)
  viewOf(out).setBigInt64(0, micros)
  return out
}

function textOfDays(days: number): string {
  const { year, month, day } = dateOf(days)
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
}

function microsOfBinary(value: Uint8Array): bigint | null {
  return value.length === MOMENT_BYTES ? viewOf(value).getBigInt64(0) : null
}

/** The session's zone may put a moment at the very end of the range into the next year, or into 1 BC. */
function microsOfText(value: Uint8Array, zoned: boolean): bigint | null {
  const found = ISO_MOMENT.exec(asciiText(value, TEXT_CHARS_MAX) ?? '')
  if (found === null) return null
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHour, zoneMinute, zoneSecond, era] = found
  if (zoned !== (sign !== undefined)) return null
  const days = daysOf({ year: era ? 1 - Number(year) : Number(year), month: Number(month), day: Number(day) })
  const offset = seconds(zoneHour, zoneMinute, zoneSecond) * (sign === '-' ? -1 : 1)
  const clock = BigInt(seconds(hour, minute, second) - offset)
  return BigInt(days) * MICROS_PER_DAY + clock * MICROS_PER_SECOND + BigInt(fraction.padEnd(6, '0'))
}

function seconds(hours = '0', minutes = '0', rest = '0'): number {
  return (Number(hours) * 60 + Number(minutes)) * 60 + Number(rest)
}

/** A moment with a zone is written in UTC, which every session reads as the same moment. */
function textOfMicros(micros: bigint, zoned: boolean): string {
  const day = floorTo(micros, MICROS_PER_DAY)
  const rest = micros - day
  const clock = Number(rest / MICROS_PER_SECOND)
  const fraction = padded(Number(rest % MICROS_PER_SECOND), 6).replace(/0+$/, '')
  const time = [Math.floor(clock / 3600), Math.floor(clock / 60) % 60, clock % 60].map((part) => padded(part, 2))
  const date = textOfDays(Number(day / MICROS_PER_DAY))
  return `${date} ${time.join(':')}${fraction === '' ? '' : `.${fraction}`}${zoned ? '+00' : ''}`
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
