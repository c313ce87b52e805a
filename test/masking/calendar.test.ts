import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dateOf, daysOf } from '../../src/masking/calendar.ts'

const EPOCH_MS = Date.UTC(2000, 0, 1)
const DAY_MS = 86_400_000

function checkDay(days: number): void {
  const date = new Date(EPOCH_MS + days * DAY_MS)
  const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
  expect([days, dateOf(days)]).toEqual([days, expected])
  expect(daysOf(expected)).toBe(days)
}

it('days and dates are those of ECMAScript, before the year 1 and after 9999 too', () => {
  for (let year = -5; year <= 12_000; year += 1) {
    const first = new Date(0)
    first.setUTCFullYear(year, 1, 27)
    const days = Math.floor((first.getTime() - EPOCH_MS) / DAY_MS)
    // The end of February, with or without its leap day.
    for (let day = days; day < days + 4; day += year % 25 === 0 ? 1 : 2) checkDay(day)
  }
  fc.assert(
    fc.property(fc.integer({ min: -800_000, max: 3_700_000 }), (days) => {
      checkDay(days)
    }),
  )
})
