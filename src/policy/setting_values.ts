import type { ValueCheck } from './settings.ts'

const WHOLE = /^\d{1,18}$/
const DURATION = /^\d{1,12}\s*(?:us|ms|s|min|h|d)?$/

export const anyValue: ValueCheck = () => true

/** One of these words, without regard to case. */
export function oneOf(...words: readonly string[]): ValueCheck {
  return single((value) => words.includes(value.trim().toLowerCase()))
}

export const whole: ValueCheck = single((value) => WHOLE.test(value))
export const signed: ValueCheck = single((value) => /^-?\d{1,9}$/.test(value))
export const boolean: ValueCheck = oneOf('on', 'off', 'true', 'false', 'yes', 'no', '1', '0')
export const on: ValueCheck = oneOf('on', 'true', 'yes', '1')
export const off: ValueCheck = oneOf('off', 'false', 'no', '0')

/** A length of time: a number with PostgreSQL's units. */
export const duration: ValueCheck = single((value) => DURATION.test(value.trim()))

/** As `duration`, and not 0, which would mean no limit. */
export const limitedDuration: ValueCheck = single(
  (value) => DURATION.test(value.trim()) && !/^0+(?!\d)/.test(value.trim()),
)

export function single(check: (value: string) => boolean): ValueCheck {
  return (values) => values.length === 1 && values[0] !== undefined && check(values[0])
}
