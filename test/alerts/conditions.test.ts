import { describe, expect, it } from 'vitest'
import type { SinkState } from '../../src/alerts/conditions.ts'
import { settingsWith, worldWith } from './world.ts'

const MINUTE_MS = 60_000
const WELL: SinkState = { name: 'siem', failingSince: null, why: null, overBacklog: false, deadLetters: 0 }

describe('a sink', () => {
  it('that fails is an alert after its window, once in the quiet time, and over when it delivers', () => {
    const world = worldWith(settingsWith('sink_failing', { windowMs: 5 * MINUTE_MS, quietMs: 10 * MINUTE_MS }))
    const { conditions } = world.engine
    const bad = { ...WELL, failingSince: world.now, why: 'can not be reached: ECONNREFUSED' }
    for (let minute = 0; minute <= 15; minute++) {
      conditions.sinks([bad], world.now)
      world.now += MINUTE_MS
    }
    expect(world.raised).toMatchObject([
      { signal: 'sink_failing', state: 'raised', key: 'sink_failing/siem', suppressed: 0 },
      { signal: 'sink_failing', state: 'raised', key: 'sink_failing/siem', suppressed: 9 },
    ])
    expect(world.raised[0]?.summary).toBe('the sink siem takes no records: can not be reached: ECONNREFUSED')
    conditions.sinks([WELL], world.now)
    conditions.sinks([WELL], world.now)
    expect(world.raised.slice(2)).toMatchObject([{ state: 'resolved', key: 'sink_failing/siem' }])
    conditions.sinks([{ ...bad, failingSince: world.now - 5 * MINUTE_MS }], world.now)
    expect(world.raised.slice(3)).toMatchObject([{ state: 'raised' }])
  })

  it('that recovers in time is none, nor over', () => {
    const world = worldWith()
    world.engine.conditions.sinks([{ ...WELL, failingSince: world.now - 1000 }], world.now)
    world.engine.conditions.sinks([WELL], world.now)
    expect(world.raised).toEqual([])
  })

  it('over its backlog is one at once; that it is gone from the configuration ends it', () => {
    const world = worldWith()
    world.engine.conditions.sinks([{ ...WELL, overBacklog: true }], world.now)
    world.engine.conditions.sinks([], world.now)
    expect(world.raised.map(({ state }) => state)).toEqual(['raised', 'resolved'])
  })

  it('that refuses records for good is one each time that there are more', () => {
    const world = worldWith(settingsWith('dead_letters', { quietMs: 0 }))
    for (const deadLetters of [0, 2, 2, 5]) world.engine.conditions.sinks([{ ...WELL, deadLetters }], world.now)
    expect(world.raised.map(({ signal, count }) => [signal, count])).toEqual([
      ['dead_letters', 2],
      ['dead_letters', 3],
    ])
  })
})

describe('the log', () => {
  it('that can not be written is one, and over when it is', () => {
    const world = worldWith()
    const { conditions } = world.engine
    conditions.logWritable()
    conditions.logUnwritable('ENOSPC')
    conditions.logUnwritable('ENOSPC')
    conditions.logWritable()
    expect(world.raised.map(({ signal, state, severity }) => [signal, state, severity])).toEqual([
      ['log_unwritable', 'raised', 'critical'],
      ['log_unwritable', 'resolved', 'critical'],
    ])
  })

  it('that does not match its chain is one', () => {
    const world = worldWith()
    const about = { id: 'x', time: world.now, detail: { line: 7, what: 'a changed line' } }
    world.engine.observe({ kind: 'log', what: 'resumed', ...about })
    world.engine.observe({ kind: 'log', what: 'broken', ...about })
    expect(world.raised).toMatchObject([
      {
        ...{ signal: 'chain_mismatch', severity: 'critical', key: 'chain_mismatch/node-1' },
        summary: 'the audit log of node-1 is not as it was written: line 7, what a changed line',
      },
    ])
  })
})

describe('a mismatch', () => {
  it('in another place is told though the first is quiet', () => {
    const world = worldWith()
    for (const where of ['line 7', 'line 7', 'line 9']) world.engine.conditions.chainMismatch(where)
    expect(world.raised.map(({ key }) => key)).toEqual(['chain_mismatch/node-1', 'chain_mismatch/node-1'])
  })
})

describe('a test', () => {
  it('is marked, and raised each time whatever is quiet', () => {
    const world = worldWith(settingsWith('bypass_login', { enabled: false, channels: ['pager'] }))
    for (let n = 0; n < 3; n++) world.engine.test('bypass_login', 'alice@example.test')
    expect(world.raised).toHaveLength(3)
    expect(world.raised[0]).toMatchObject({ test: true, key: 'bypass_login/test', channels: ['pager'] })
  })
})
