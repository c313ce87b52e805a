import { viewOf } from './ascii.ts'

/**
 * `numeric` of PostgreSQL as decimal text and in binary: number of digits, weight of the first, sign and display scale,
 * each 16 bits, then digits of base 10000 (PostgreSQL source, numeric_send). NaN, the infinities and numbers of more
 * than DIGITS_MAX digits before the point are not read: null.
 */

const HEADER_BYTES = 8
const NEGATIVE = 0x4000
const POSITIVE = 0
const BASE_DIGITS = 4
const SCALE_MAX = 0x3fff
const WHOLE_DIGITS_MAX = 1000
/** The sign, the digits before the point, the point, and the longest fraction. */
export const NUMERIC_CHARS_MAX = WHOLE_DIGITS_MAX + SCALE_MAX + 2

/** A decimal number in parts: `whole` without leading zeros but one, `fraction` as wide as it is displayed. */
export interface Decimal {
  readonly negative: boolean
  readonly whole: string
  readonly fraction: string
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

export function readDecimal(text: string): Decimal | null {
  const [, sign, digits, fraction = ''] = DECIMAL.exec(text) ?? []
  if (digits === undefined || fraction.length > SCALE_MAX) return null
  const whole = digits.replace(/^0+(?=\d)/, '')
  return whole.length > WHOLE_DIGITS_MAX ? null : { negative: sign === '-', whole, fraction }
}

export function decimalText({ negative, whole, fraction }: Decimal): string {
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

export function decodeNumeric(value: Uint8Array): Decimal | null {
  if (value.length < HEADER_BYTES) return null
  const view = viewOf(value)
  const count = view.getUint16(0)
  const weight = view.getInt16(2)
  const sign = view.getUint16(4)
  const scale = view.getUint16(6)
  const isNumber = sign === POSITIVE || sign === NEGATIVE
  if (value.length !== HEADER_BYTES + 2 * count || !isNumber || scale > SCALE_MAX) return null
  if ((weight + 1) * BASE_DIGITS > WHOLE_DIGITS_MAX) return null
  const digitAt = (place: number): string => {
    const index = weight - place
    const digit = index >= 0 && index < count ? view.getUint16(HEADER_BYTES + 2 * index) : 0
    return String(digit).padStart(BASE_DIGITS, '0')
  }
  for (let index = 0; index < count; index += 1) if (view.getUint16(HEADER_BYTES + 2 * index) > 9999) return null
  let whole = ''
  for (let place = weight; place >= 0; place -= 1) whole += digitAt(place)
  let fraction = ''
  for (let place = -1; fraction.length < scale; place -= 1) fraction += digitAt(place)
  return {
    negative: sign === NEGATIVE,
    whole: whole.replace(/^0+(?=\d)/, '') || '0',
    fraction: fraction.slice(0, scale),
  }
}

export function encodeNumeric({ negative, whole, fraction }: Decimal): Uint8Array {
  const head = whole.padStart(Math.ceil(whole.length / BASE_DIGITS) * BASE_DIGITS, '0')
  const tail = fraction.padEnd(Math.ceil(fraction.length / BASE_DIGITS) * BASE_DIGITS, '0')
  const groups = `${head}${tail}`.match(/.{4}/g) ?? []
  let first = 0
  let last = groups.length
  while (last > 0 && groups[last - 1] === '0000') last -= 1
  while (first < last && groups[first] === '0000') first += 1
  const digits = groups.slice(first, last).map(Number)
  const out = new Uint8Array(HEADER_BYTES + 2 * digits.length)
  const view = viewOf(out)
  view.setUint16(0, digits.length)
  view.setInt16(2, digits.length === 0 ? 0 : head.length / BASE_DIGITS - 1 - first)
  view.setUint16(4, negative && digits.length > 0 ? NEGATIVE : POSITIVE)
  view.setUint16(6, fraction.length)
  for (const [index, digit] of digits.entries()) view.setUint16(HEADER_BYTES + 2 * index, digit)
  return out
}

interface Precision {
  readonly precision: number
  readonly scale: number
}

export function modifierOf(precision: number, scale: number): number {
  return 4 + ((precision << 16) | scale)
}

/** What `numeric(precision, scale)` means as a modifier (PostgreSQL source, numeric.c); null: no limit. */
export function precisionOf(modifier: number): Precision | null {
  if (modifier < 4) return null
  const packed = modifier - 4
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 }
}
