import { describe, expect, it } from 'vitest'
import { WorkingHours } from '../../src/alerts/hours.ts'

const WEEK = [1, 2, 3, 4, 5]
const berlin = { timeZone: 'Europe/Berlin', days: WEEK, from: 8 * 60, to: 18 * 60, workloads: false }
const night = { ...berlin, from: 22 * 60, to: 6 * 60 }

describe('working hours', () => {
  it.each([
    ['in summer, as it begins', berlin, '2026-07-15T06:00:00Z', false],
    ['in summer, before', berlin, '2026-07-15T05:59:59Z', true],
    ['in winter, an hour later', berlin, '2026-01-14T06:00:00Z', true],
    ['at its end', berlin, '2026-07-15T16:00:00Z', true],
    ['on Saturday', berlin, '2026-07-18T10:00:00Z', true],
    ['on a Sunday that is Monday there', { ...berlin, from: 0, to: 60 }, '2026-07-19T22:30:00Z', false],
    ['over midnight, in the evening', night, '2026-07-15T21:00:00Z', false],
    ['over midnight, in the morning after', night, '2026-07-16T02:00:00Z', false],
    ['over midnight, on the morning after Friday', night, '2026-07-18T02:00:00Z', false],
    ['over midnight, on the morning of Monday', night, '2026-07-20T02:00:00Z', true],
    ['over midnight, by day', night, '2026-07-15T10:00:00Z', true],
    ['as long as the day', { ...berlin, to: 8 * 60 }, '2026-07-15T01:00:00Z', false],
  ])('%s', (_what, hours, at, outside) => {
    expect(new WorkingHours(hours).isOutside(Date.parse(at))).toBe(outside)
  })

  it('are worked out anew each minute', () => {
    const hours = new WorkingHours(berlin)
    const end = Date.parse('2026-07-15T16:00:00Z')
    expect([end - 1, end, end - 1].map((at) => hours.isOutside(at))).toEqual([false, true, false])
  })
})
