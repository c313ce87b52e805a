import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flood, Quiet } from '../../src/alerts/quiet.ts'
import { MAX_EVIDENCE, MAX_KEYS, Occurrences, Sums } from '../../src/alerts/windows.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { everyAccessEvent } from '../audit/access_events.ts'
import { everyEvent } from '../audit/events.ts'
import { loginFailed, NOON, settingsWith, worldWith } from './world.ts'

const steps = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 400 }), key: fc.integer({ min: 0, max: 3 }) }), {
  maxLength: 200,
})

describe('occurrences', () => {
  it('reach the threshold exactly at so many in the window', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (sequence, threshold) => {
        const windowMs = 1000
        const counted = new Occurrences()
        const seen: { key: number; at: number }[] = []
        let at = 0
        for (const { wait, key } of sequence) {
          at += wait
          seen.push({ key, at })
          const inWindow = seen.filter((one) => one.key === key && one.at > at - windowMs).length
          const { count } = counted.add(`${key}`, at, null, { threshold, windowMs })
          expect(count).toBe(Math.min(inWindow, threshold))
        }
      }),
    )
  })

  it('of any number of keys hold so many, and so many ids', () => {
    const counted = new Occurrences()
    for (let n = 0; n < MAX_KEYS + 100; n++) counted.add(`${n}`, n, 'id', { threshold: 10, windowMs: 1e9 })
    expect(counted.size).toBe(MAX_KEYS)
    const last = Array.from({ length: 50 }, () => counted.add('x', 1, 'id', { threshold: 1000, windowMs: 1e9 })).at(-1)
    expect(last?.evidence).toHaveLength(MAX_EVIDENCE)
  })
})

describe('sums', () => {
  it('are never less than what is in the window, and never more than what is in it and a sixtieth', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const windowMs = 600
        const sums = new Sums()
        const seen: { at: number; amount: number }[] = []
        let at = NOON
        for (const { wait, key } of sequence) {
          at += wait
          seen.push({ at, amount: key })
          const since = (span: number) =>
            seen.filter((one) => one.at > at - span).reduce((total, { amount }) => total + amount, 0)
          const sum = sums.add('x', at, key, windowMs)
          expect(sum).toBeGreaterThanOrEqual(since(windowMs))
          expect(sum).toBeLessThanOrEqual(since(windowMs + 2 * (windowMs / 60)))
        }
      }),
    )
  })
})

describe('the quiet time', () => {
  it('never keeps back the first, and nothing for longer than it is', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 1000 }), (sequence, quietMs) => {
        const quiet = new Quiet()
        const last = new Map<number, number>()
        const kept = new Map<number, number>()
        let at = 0
        for (const { wait, key } of sequence) {
          at += wait
          const before = last.get(key)
          const due = before === undefined || at >= before + quietMs
          const suppressed = quiet.pass(`${key}`, at, quietMs)
          expect(suppressed).toBe(due ? (kept.get(key) ?? 0) : null)
          kept.set(key, due ? 0 : (kept.get(key) ?? 0) + 1)
          if (due) last.set(key, at)
        }
      }),
    )
  })

  it('is over for all that was kept back: the next says how many', () => {
    const world = worldWith(settingsWith('failed_logins_address', { threshold: 1, quietMs: 1000 }))
    for (let n = 0; n < 5; n++) world.engine.observe(loginFailed())
    world.now += 1000
    world.engine.observe(loginFailed())
    expect(world.raised.map(({ suppressed }) => suppressed)).toEqual([0, 4])
  })
})

describe('a flood', () => {
  it('of names is a bounded number of alerts, the last of which says that there are more', () => {
    const world = worldWith(settingsWith('failed_logins_person', { threshold: 1 }))
    for (let n = 0; n < 5000; n++)
      world.engine.observe(loginFailed({ claimedUser: `p${n}`, clientAddress: `10.1.${n >> 8}.${n & 255}` }))
    expect(world.raised).toHaveLength(21)
    expect(world.raised.at(-1)).toMatchObject({ key: 'failed_logins_person/(more)', about: { claimedUser: null } })
    world.now += 600_000
    world.engine.observe(loginFailed({ claimedUser: 'p4999' }))
    world.engine.observe(loginFailed({ claimedUser: 'late' }))
    expect(world.raised.at(-1)?.key).toBe('failed_logins_person/late')
  })

  it('of one signal keeps back no other', () => {
    const flood = new Flood()
    for (let n = 0; n < 100; n++) flood.pass('a', 0)
    expect(flood.pass('b', 0)).toBe('alone')
  })
})

describe('any sequence of events', () => {
  const session = fc.record({
    claimedUser: fc.string({ maxLength: 8 }),
    clientAddress: fc.constantFrom('10.0.0.1', '10.0.0.2', ''),
    role: fc.constantFrom('root', 'reader', null),
  })
  const kinds = fc.constantFrom(...everyEvent(), ...everyAccessEvent())
  const drawn = fc.record({ session, event: kinds, wait: fc.integer({ min: 0, max: 60_000 }) })

  it('raises what is well formed, and of a signal no more than the bound', () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 120 }), (sequence) => {
        const world = worldWith(settingsWith('failed_logins_person', { threshold: 1, quietMs: 0 }))
        const start = world.now
        for (const { session: more, event, wait } of sequence) {
          world.now += wait
          const own = 'session' in event ? { session: { ...event.session, ...more } } : {}
          world.engine.observe({ ...event, time: world.now, ...own } as AuditEvent)
        }
        const spans = Math.ceil((world.now - start + 1) / 600_000)
        const count = new Map<string, number>()
        for (const { signal, key, summary, evidence } of world.raised) {
          count.set(signal, (count.get(signal) ?? 0) + 1)
          expect(key.startsWith(`${signal}/`)).toBe(true)
          expect(summary.length).toBeLessThanOrEqual(400)
          expect(evidence.length).toBeLessThanOrEqual(MAX_EVIDENCE + 1)
        }
        for (const raised of count.values()) expect(raised).toBeLessThanOrEqual(21 * (spans + 1))
      }),
      { numRuns: 60 },
    )
  })
})
