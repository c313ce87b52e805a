import { Registry } from 'prom-client'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { keepGauges } from '../../src/reports/figure_gauges.ts'
import type { Figures } from '../../src/reports/figures.ts'
import { createPostureLooks } from '../../src/reports/posture_looks.ts'
import type { Finding } from '../../src/reports/report_ports.ts'
import { MINUTE, NOW } from '../access/fixture.ts'

const FINDING: Finding = {
  ...{ id: 'postgres.person_login', severity: 'high', object: 'alice.a' },
  ...{ text: 'A standing credential.', mend: 'ALTER ROLE "alice.a" NOLOGIN' },
}

function looking(look: (target: string) => Promise<readonly Finding[]>) {
  const state = { now: NOW, asked: [] as string[], failed: [] as string[] }
  const looks = createPostureLooks({
    targets: () => ['orders', 'billing'],
    look: (target) => {
      state.asked.push(target)
      return look(target)
    },
    clock: { now: () => state.now, monotonic: () => state.now },
    failed: (target) => state.failed.push(target),
  })
  return { looks, state }
}

describe('the posture of targets', () => {
  it('is looked at when somebody asks, and not again for some minutes', async () => {
    const { looks, state } = looking(async () => [FINDING])
    expect(looks.last()).toMatchObject([{ checkedAt: null }, { checkedAt: null }])
    const both = await Promise.all([looks.findings('orders'), looks.findings('orders')])
    const { id: check, ...rest } = FINDING
    expect(both[0]).toEqual({ checkedAt: NOW, items: [{ check, ...rest }] })
    state.now += 4 * MINUTE
    await looks.findings('orders')
    expect(state.asked).toEqual(['orders'])
    await looks.refresh()
    expect(state.asked).toEqual(['orders', 'billing'])
    state.now += 2 * MINUTE
    expect((await looks.findings('orders')).checkedAt).toBe(state.now)
    expect(looks.last().map(({ target }) => target)).toEqual(['orders', 'billing'])
  })

  it('stands with its time where the next look fails, and is refused where there was none', async () => {
    let down = false
    const { looks, state } = looking(async (target) => {
      if (down || target === 'billing') throw new SallyportError('SP-UPSTREAM', 'away')
      return [FINDING]
    })
    await looks.refresh()
    expect(state.failed).toEqual(['billing'])
    down = true
    state.now += 10 * MINUTE
    expect((await looks.findings('orders')).checkedAt).toBe(NOW)
    await expect(looks.findings('billing')).rejects.toThrow(/SP-UPSTREAM/)
    await expect(looks.findings('nowhere')).rejects.toThrow(/SP-NOT-FOUND/)
  })
})

const FIGURES: Figures = {
  ...{ from: 0, to: 1, standingCredentials: 2, standing: { accounts: 1, grants: 1, logins: 0, targetsUnchecked: 0 } },
  ...{ meanAccessMs: 90_000, overPrivilegedSessions: 1, sessions: 8, requestToFirstQueryMs: null, breakGlass: 0 },
  ...{ revocationP99Ms: null, idleGrants: 3 },
}

describe('the gauges of the figures', () => {
  afterEach(() => void vi.useRealTimers())

  it('are made a minute after the start, and then as often as their cost allows', async () => {
    vi.useFakeTimers()
    const registry = new Registry()
    let made = 0
    let clock = 0
    const failed = vi.fn()
    const stop = keepGauges({
      registry,
      figures: async () => {
        made++
        clock += 2_000
        if (made === 2) throw new Error('the store is away')
        return FIGURES
      },
      monotonic: () => clock,
      failed,
    })
    await vi.advanceTimersByTimeAsync(59_000)
    expect(made).toBe(0)
    await vi.advanceTimersByTimeAsync(1_000)
    const text = await registry.metrics()
    expect(text).toContain('sallyport_standing_credentials 2')
    expect(text).toContain('sallyport_mean_access_seconds 90\n')
    expect(text).toContain('sallyport_request_to_first_query_seconds Nan')
    // It took 2 s: at one percent of the time, not before 200 s.
    await vi.advanceTimersByTimeAsync(199_000)
    expect(made).toBe(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect([made, failed.mock.calls.length]).toEqual([2, 1])
    await stop()
    await vi.advanceTimersByTimeAsync(900_000)
    expect(made).toBe(2)
  })
})
