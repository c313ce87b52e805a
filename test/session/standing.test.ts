import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { Gate, type Subject } from '../../src/session/gate.ts'
import { SessionLife } from '../../src/session/life.ts'
import { goingOn } from '../../src/session/standing.ts'
import { tenureOf } from '../../src/session/step.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'
import { catalogOf, grantOf, MASKING, MINUTE, roleOf, START, worldOf } from './fixture.ts'

const NAMES = { searchPath: null, defaultDatabase: null, sqlMode: null, key: '' }
const HALF_HOUR = 30 * MINUTE

/** One of a chain: the n-th, which goes on from the one before where that is said. */
function link(n: number, over: Partial<Grant> = {}): Grant {
  const start = START + n * HALF_HOUR
  const follows = n === 0 ? {} : { follows: { id: `g${n - 1}`, first: 'g0' } }
  const kind = { kind: 'break_glass' as const, requestId: 'r', incident: { provider: 'pager', id: 'P1' } }
  return grantOf({ id: `g${n}`, start, end: start + HALF_HOUR, ...kind, ...follows, ...over })
}

/** A gate over grants of which each may have been ended at a time. */
function standing(grants: readonly Grant[], endings: ReadonlyMap<string, number> = new Map()) {
  let now = START
  let ids = 0
  const ended = (id: string) => (endings.get(id) ?? Number.POSITIVE_INFINITY) <= now
  const stands = (one: Grant) => now < one.end && !ended(one.id)
  const role = roleOf({ limits: { maxRowsPerDay: 100, maxStatements: 1 } })
  const gate = new Gate({
    catalogs: { current: () => catalogOf('postgres'), latest: () => catalogOf('postgres'), awaited: () => false },
    policy: {
      configDigest: 'c',
      roleOf: ({ role: name }) => (name === 'analyst' ? role : undefined),
      masking: () => MASKING,
    },
    grants: {
      snapshot: () => ({ version: now, grants: grants.filter(stands) }),
      refusal: (id) => {
        const known = grants.find((one) => one.id === id)
        if (known && ended(id)) return new SallyportError('SP-REVOKED', 'the grant was revoked')
        return known && stands(known) ? null : new SallyportError('SP-GRANT-ENDED', 'the grant has ended')
      },
      endedAt: (id) => (ended(id) ? (endings.get(id) ?? null) : null),
    },
    ids: { uuid: () => `id-${++ids}` },
    quota: new MemoryQuota({ monotonic: () => now }),
  })
  const { session, grant: _, ...fixed } = worldOf('postgres').subject
  const first = grants[0] as Grant
  const subject = goingOn(fixed, { ...session, grantId: first.id }, first)
  const at = (time: number) => {
    now = time
    return subject
  }
  /** The grant that the statement was admitted under, or the code of its refusal. */
  const ask = (time: number): string => {
    const answer = gate.admit(at(time), NAMES, 'SELECT id FROM orders', time)
    gate.meter.leave(subject)
    if (answer.kind === 'deny') return answer.error.code
    const [event] = answer.events
    expect(event?.kind === 'decision' && event.session.grantId).toBe(subject.grant.id)
    return subject.grant.id
  }
  return { gate, subject, ask, at, stands: (one: Grant, time: number) => at(time) && stands(one) && time >= one.start }
}

describe('a session under a grant that is renewed or extended', () => {
  it('goes on under the next one without a gap, and its records name the one in force', () => {
    const { ask } = standing([link(0), link(1), link(2)])
    const asked = [0, 1, HALF_HOUR - 1, HALF_HOUR, HALF_HOUR + 1, 3 * HALF_HOUR - 1, 3 * HALF_HOUR]
    expect(asked.map((after) => ask(START + after))).toEqual(['g0', 'g0', 'g0', 'g1', 'g1', 'g2', 'SP-GRANT-ENDED'])
  })

  it('ends where a whole grant went by that nobody looked at', () => {
    expect(standing([link(0), link(1), link(2)]).ask(START + 2 * HALF_HOUR)).toBe('SP-GRANT-ENDED')
  })

  it.each<[string, Partial<Grant>]>([
    ['role', { role: 'writer' }],
    ['target', { target: 'other' }],
    ['holder', { principal: { subject: 'bob', issuer: null } }],
    ['parameters', { parameters: new Map([['tenant', 7]]) }],
    ['narrowing', { narrowing: [] }],
    ['incident', { incident: { provider: 'pager', id: 'P2' } }],
    ['request', { requestId: 'another' }],
    ['kind', { kind: 'standard' }],
    ['script', { plan: { digest: 'd', statements: [] } }],
    ['begin, later than the end of the first', { start: START + HALF_HOUR + 1 }],
    ['grant before it', { follows: { id: 'g9', first: 'g9' } }],
  ])('ends where the next one has another %s', (_what, over) => {
    const { ask, gate, at } = standing([link(0), link(1, over)])
    expect(ask(START + HALF_HOUR)).toBe('SP-GRANT-ENDED')
    expect(ask(START + HALF_HOUR + 1)).toBe('SP-GRANT-ENDED')
    expect(gate.standsUntil(at(START), START)).toBe(START + HALF_HOUR)
  })

  it('ends with the next one where that is revoked, and does not go on from what was', () => {
    const second = standing([link(0), link(1)], new Map([['g1', START + HALF_HOUR + 5]]))
    expect([4, 5].map((ms) => second.ask(START + HALF_HOUR + ms))).toEqual(['g1', 'SP-REVOKED'])
    const first = standing([link(0), link(1)], new Map([['g0', START + 5]]))
    expect([START + 5, START + HALF_HOUR].map(first.ask)).toEqual(['SP-REVOKED', 'SP-GRANT-ENDED'])
  })

  it('ends with its first grant where nobody can follow it', () => {
    const { gate, subject, at } = standing([link(0), link(1)])
    const fixed: Subject = { ...subject }
    const { goOn: _, ...alone } = fixed
    at(START + HALF_HOUR)
    expect(gate.unfounded(alone, START + HALF_HOUR)?.code).toBe('SP-GRANT-ENDED')
  })

  it('completes a statement under the grant that it began under', () => {
    const { gate, at, ask } = standing([link(0), link(1)])
    const answer = gate.admit(at(START), NAMES, 'SELECT id FROM orders', START)
    if (answer.kind === 'deny') throw answer.error
    gate.meter.leave(at(START))
    expect(ask(START + HALF_HOUR)).toBe('g1')
    const result = { outcome: 'ok', status: null, rows: 1, bytes: 1, rowsWithheld: 0, started: START } as const
    const [execution] = answer.executions
    const done = execution && gate.completion(at(START + HALF_HOUR), execution, result, START + HALF_HOUR)
    expect(done?.kind === 'completion' && done.session.grantId).toBe('g0')
  })

  it('has no more rows and no more statements at a time for it', () => {
    const { gate, at, ask } = standing([link(0), link(1)])
    const draw = (time: number) => {
      const answer = gate.admit(at(time), NAMES, 'SELECT id FROM orders', time)
      if (answer.kind === 'deny') throw answer.error
      const [facts] = answer.verdict.facts.statements
      return facts ? gate.meter.take(gate.meter.draws(at(time), answer.verdict, facts).rows, 80).amount : 0
    }
    expect(draw(START)).toBe(80)
    // The statement still runs: no other session of the access starts one, under the next grant neither.
    expect(draw(START + HALF_HOUR)).toBe(20)
    const other = { ...at(START + HALF_HOUR), session: { ...at(START + HALF_HOUR).session, sessionId: 'other' } }
    const crowded = gate.admit(other, NAMES, 'SELECT id FROM orders', START + HALF_HOUR)
    expect(crowded.kind === 'deny' && crowded.error.code).toBe('SP-LIMIT-STATEMENTS')
    expect(ask(START + HALF_HOUR + 1)).toBe('g1')
  })

  it('starts no statement while no grant of its own stands, whatever is renewed, narrowed, left out or revoked', () => {
    const one = fc.record({
      gap: fc.constantFrom(0, 0, 0, 1, -5),
      minutes: fc.integer({ min: 1, max: 40 }),
      same: fc.constantFrom(true, true, true, false),
      revokedAfter: fc.option(fc.integer({ min: 0, max: 60 }), { freq: 3 }),
    })
    const times = fc.array(fc.integer({ min: 0, max: 120 * MINUTE }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), times, (links, minutes) => {
        const grants: Grant[] = []
        const endings = new Map<string, number>()
        for (const [n, { gap, minutes: length, same, revokedAfter }] of links.entries()) {
          const start = n === 0 ? START : (grants[n - 1] as Grant).end + gap
          grants.push(link(n, { start, end: start + length * MINUTE, ...(!same && n > 0 && { narrowing: [] }) }))
          if (revokedAfter !== null) endings.set(`g${n}`, start + revokedAfter * MINUTE)
        }
        const world = standing(grants, endings)
        for (const time of minutes.map((after) => START + after).sort((a, b) => a - b)) {
          const answer = world.ask(time)
          if (answer.startsWith('SP-')) continue
          const held = grants.find(({ id }) => id === answer) as Grant
          expect(world.stands(held, time)).toBe(true)
          expect(held.narrowing).toBe(null)
        }
      }),
    )
  })
})

describe('the clock of such a session', () => {
  const idle = { runningSince: null, inTransaction: false }
  const told = (grants: readonly Grant[], minutes: readonly number[]) => {
    const { gate, at } = standing(grants)
    const life = new SessionLife(tenureOf(gate, at(START)), roleOf().limits, START)
    return minutes.map((minute) => {
      const now = START + minute * MINUTE
      life.touched(now)
      at(now)
      return life.tick(now, idle)?.kind ?? null
    })
  }

  it('tells of the end five minutes before, and only where nothing goes on from it', () => {
    expect(told([link(0)], [24, 25, 26, 29, 30])).toEqual([null, 'notice', null, null, 'end'])
    expect(told([link(0), link(1)], [24, 25, 29, 30, 54, 55, 56, 60])).toEqual([
      ...[null, null, null, null],
      ...[null, 'notice', null, 'end'],
    ])
  })
})
