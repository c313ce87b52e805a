import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Allowance } from '../../src/session/ports.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'

const WINDOW_MS = 6_000

function clockOf() {
  let now = 0
  return { monotonic: () => now, pass: (ms: number) => (now += ms) }
}

const allowance = (max: number, key = 'a'): Allowance => ({ key, max, windowMs: WINDOW_MS })

describe('a quota', () => {
  it('grants what the window has room for, and says how much is used and when some is free', () => {
    const clock = clockOf()
    const quota = new MemoryQuota(clock)
    expect(quota.usage(allowance(10))).toEqual({ used: 0, freesInMs: 0 })
    expect([7, 7, 7].map((amount) => quota.reserve(allowance(10), amount))).toEqual([7, 3, 0])
    expect(quota.usage(allowance(10))).toEqual({ used: 10, freesInMs: WINDOW_MS + 100 })
    clock.pass(WINDOW_MS)
    expect(quota.reserve(allowance(10), 1)).toBe(0)
    clock.pass(100)
    expect(quota.reserve(allowance(10), 11)).toBe(10)
  })

  it('counts each key apart, and one key together whatever its limit', () => {
    const quota = new MemoryQuota(clockOf())
    expect(quota.reserve(allowance(10, 'a'), 10)).toBe(10)
    expect(quota.reserve(allowance(10, 'b'), 10)).toBe(10)
    expect(quota.reserve(allowance(4, 'a'), 1)).toBe(0)
    expect(quota.reserve(allowance(15, 'a'), 10)).toBe(5)
    expect(quota.reserve(allowance(Number.POSITIVE_INFINITY, 'a'), 1_000)).toBe(1_000)
  })

  it('never grants more than the limit in any window, and all of it again after one', () => {
    const step = fc.record({ wait: fc.nat(2_000), wanted: fc.integer({ min: 1, max: 40 }), used: fc.nat(40) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 100 }), (steps, max) => {
        const clock = clockOf()
        const quota = new MemoryQuota(clock)
        const taken: { at: number; amount: number }[] = []
        for (const { wait, wanted, used } of steps) {
          clock.pass(wait)
          const granted = quota.reserve(allowance(max), wanted)
          const amount = Math.min(granted, used)
          quota.giveBack(allowance(max), granted - amount)
          taken.push({ at: clock.monotonic(), amount })
        }
        for (const { at } of taken) {
          const inWindow = taken.filter((one) => one.at >= at && one.at < at + WINDOW_MS)
          expect(inWindow.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(max)
        }
        clock.pass(WINDOW_MS + WINDOW_MS / 60)
        expect(quota.reserve(allowance(max), max)).toBe(max)
      }),
    )
  })

  it('grants nothing where it can not count, and forgets no count to make room', () => {
    const clock = clockOf()
    const quota = new MemoryQuota(clock, 2)
    expect(['a', 'b', 'c'].map((key) => quota.reserve(allowance(5, key), 5))).toEqual([5, 5, 0])
    expect(quota.reserve(allowance(5, 'a'), 1)).toBe(0)
    clock.pass(2 * WINDOW_MS)
    expect(quota.reserve(allowance(5, 'c'), 5)).toBe(5)
  })
})

describe('a rate', () => {
  it('lets a second of it go ahead, then says how long to wait', () => {
    const clock = clockOf()
    const quota = new MemoryQuota(clock)
    expect([100, 50, 100].map((rows) => quota.pace('a', 100, rows))).toEqual([0, 500, 1_500])
    clock.pass(2_000)
    expect(quota.pace('a', 100, 1)).toBe(0)
  })

  it('holds over any number of takers who wait as told', () => {
    const takes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(takes, fc.integer({ min: 1, max: 4 }), (amounts, takers) => {
        const clock = clockOf()
        const quota = new MemoryQuota(clock)
        const free = new Array<number>(takers).fill(0)
        let sum = 0
        for (const amount of amounts) {
          const next = free.indexOf(Math.min(...free))
          clock.pass(Math.max(0, (free[next] ?? 0) - clock.monotonic()))
          sum += amount
          free[next] = clock.monotonic() + quota.pace('a', 100, amount)
          // Each taker is at most one piece ahead of the rate and its burst.
          expect(sum).toBeLessThanOrEqual((clock.monotonic() / 1_000) * 100 + 100 + takers * 500)
        }
      }),
    )
  })

  it('makes everybody wait where it can not count', () => {
    const quota = new MemoryQuota(clockOf(), 1)
    quota.pace('a', 1, 100)
    expect(quota.pace('b', 1_000_000, 1)).toBeGreaterThan(0)
  })
})
