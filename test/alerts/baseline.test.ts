import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.ts'
import { completion } from '../audit/events.ts'
import { as, HOUR_MS, settingsWith, type World, worldWith } from './world.ts'

const settings = settingsWith('volume', { threshold: 5 }, { volume: { minimumRows: 1000, learnHours: 10 } })

function reads(world: World, rows: number, person = 'alice', role = 'reader'): void {
  const session = as(person, { role })
  world.engine.observe({ ...completion(), session, rows, time: world.now } as AuditEvent)
}

/** Hours in which alice reads so many rows. */
function learn(world: World, hours: number, rows: number): void {
  for (let n = 0; n < hours; n++) {
    reads(world, rows)
    world.now += HOUR_MS
  }
}

describe('the volume of a role', () => {
  it('is an alert at more than so many times its mean', () => {
    const world = worldWith(settings)
    learn(world, 10, 400)
    for (let n = 0; n < 5; n++) reads(world, 400)
    expect(world.signals()).toEqual([])
    reads(world, 1)
    expect(world.raised).toMatchObject([{ signal: 'volume', count: 2001, threshold: 5 }])
    expect(world.raised[0]?.summary).toContain("2001 rows as reader in this hour; the role's mean is 400")
  })

  it('is none while too little is known, of another role, or below the minimum', () => {
    const world = worldWith(settings)
    learn(world, 9, 400)
    reads(world, 1_000_000)
    world.now += HOUR_MS
    reads(world, 1_000_000, 'alice', 'writer')
    const small = worldWith(settings)
    learn(small, 20, 1)
    reads(small, 1000)
    expect([...world.raised, ...small.raised]).toEqual([])
  })

  it('counts each person for themselves, by the hour', () => {
    const world = worldWith(settings)
    learn(world, 10, 400)
    for (const person of ['alice', 'bob', 'carol']) reads(world, 1500, person)
    world.now += HOUR_MS
    reads(world, 1500)
    expect(world.raised).toEqual([])
  })

  it('does not learn from one who takes everything what everybody may take', () => {
    const world = worldWith(settings)
    learn(world, 100, 400)
    reads(world, 10_000_000)
    world.now += HOUR_MS
    learn(world, 1, 400)
    reads(world, 3000)
    expect(world.signals()).toEqual(['volume', 'volume'])
  })

  it('is known again after a restart', () => {
    const world = worldWith(settings)
    learn(world, 10, 400)
    world.engine.baseline.roll(world.now)
    const text = world.engine.baseline.changedText()
    expect(world.engine.baseline.changedText()).toBeNull()
    const again = worldWith(settings, text)
    reads(again, 2001)
    expect(again.signals()).toEqual(['volume'])
  })

  it.each(['', '{', '[]', 'null', '{"roles":{"reader":{"rows":-1,"hours":40}}}', '{"roles":{"reader":{"rows":"1"}}}'])(
    'is learned anew where %j was kept',
    (text) => {
      const world = worldWith(settings, text)
      reads(world, 1_000_000)
      expect(world.raised).toEqual([])
    },
  )
})
