import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endGrant, handBack, revokeGrant, tickGrant, tickIdle } from '../../src/access/grants.ts'
import type { AccessRequest, GrantRecord } from '../../src/access/model.ts'
import { samePerson } from '../../src/access/person.ts'
import { amendRequest, cancelRequest, createRequest, expireRequest } from '../../src/access/requests.ts'
import type { Transition } from '../../src/access/transition.ts'
import { castVote } from '../../src/access/votes.ts'
import { tickWaiting } from '../../src/access/waiting.ts'
import { SallyportError } from '../../src/errors.ts'
import { actAs, around, DAY, HOUR, MINUTE, NOW, person, policyOf, role, rule, stage, wish } from './fixture.ts'

const people = [person('alice', ['dba']), person('bob', ['dba']), person('carol', ['dba', 'security']), person('dave')]
const alice = people[0] as (typeof people)[number]
const policy = policyOf({
  roles: [role('reader', { idleAfterMs: 30 * MINUTE })],
  rules: [
    rule('r', [
      stage(['dba'], { nudgeAfterMs: HOUR, escalateAfterMs: 2 * HOUR }),
      stage(['dba', 'security'], { quorum: 1 }),
    ]),
  ],
})

type Command = 'amend' | 'cancel' | 'approve' | 'deny' | 'changes' | 'tick' | 'revoke' | 'hand_back' | 'idle'
const anyCommand = fc.record({
  what: fc.constantFrom<Command>(
    'amend',
    'cancel',
    'approve',
    'approve',
    'approve',
    'deny',
    'changes',
    'tick',
    'revoke',
    'hand_back',
    'idle',
  ),
  who: fc.integer({ min: 0, max: people.length - 1 }),
  later: fc.constantFrom(0, MINUTE, 20 * MINUTE, HOUR, DAY),
})
const OVER = ['approved', 'denied', 'expired', 'cancelled']

/** The store as two variables; every write has to be of the version that stands. */
class World {
  request: AccessRequest
  grant: GrantRecord | null = null
  now = NOW

  constructor() {
    this.request = createRequest(actAs(alice), wish(), around(policy, alice, { people })).request
  }

  run(command: { what: Command; who: number; later: number }): void {
    this.now += command.later
    const transition = this.transition(command.what, people[command.who] as typeof alice)
    if (transition === null) return
    expect(transition.events.length).toBeGreaterThan(0)
    for (const write of transition.writes) {
      if (write.into === 'requests') this.writeRequest(write.record)
      else if (write.into === 'grants') this.writeGrant(write.record)
      else throw new Error(write.into)
    }
  }

  private transition(what: Command, who: typeof alice): Transition | null {
    const act = actAs(who, this.now)
    const { request, grant } = this
    switch (what) {
      case 'amend':
        return amendRequest(act, request, wish(), around(policy, who, { people })).transition
      case 'cancel':
        return cancelRequest(act, request, 'no more')
      case 'tick':
        return expireRequest(act, request) ?? tickWaiting(act, request) ?? (grant && tickGrant(act, grant))
      case 'revoke':
        return grant && revokeGrant(act, grant, 'enough')
      case 'hand_back':
        return grant && handBack(act, grant, '')
      case 'idle':
        return grant && tickIdle(act, grant, null)
      default: {
        const answer = { decision: what, reason: 'r', narrowing: null, durationMs: null, onBehalfOf: null }
        const context = {
          policy,
          voter: who,
          requester: alice,
          changedBy: [],
          delegations: [],
          delegators: [],
          held: [],
        }
        return castVote(act, request, answer, { ...context, grantId: 'g1' }).transition
      }
    }
  }

  private writeRequest(next: AccessRequest): void {
    expect(OVER).not.toContain(this.request.state)
    this.request = { ...next, version: next.version + 1 }
  }

  private writeGrant(next: GrantRecord): void {
    if (this.grant === null) expect(next.state).toMatch(/scheduled|active/)
    else {
      expect(['scheduled', 'active']).toContain(this.grant.state)
      expect(next.grant).toEqual(this.grant.grant)
    }
    this.grant = next
  }
}

describe('any sequence of commands', () => {
  it('leads to a grant through two approvals of two other people, and never back from an end', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 25 }), (commands) => {
        const world = new World()
        for (const command of commands) {
          try {
            world.run(command)
          } catch (error) {
            if (!(error instanceof SallyportError)) throw error
            expect(error.code).toMatch(/^SP-(STATE|SEPARATION|FORBIDDEN|NOT-FOUND)$/)
          }
        }
        const { request, grant } = world
        expect(grant !== null).toBe(request.state === 'approved')
        if (grant === null) return
        const [one, other, ...more] = grant.approvals.map(({ by }) => by)
        if (one === undefined || other === undefined) throw new Error('too few approvals')
        expect(more).toEqual([])
        expect([samePerson(one, other), samePerson(one, alice), samePerson(other, alice)]).toEqual([
          false,
          false,
          false,
        ])
        expect(grant.grant.end - grant.grant.start).toBe(HOUR)
      }),
      { numRuns: 500 },
    )
  })

  it('of any length leaves an ended grant as it is', () => {
    const { grant } = createRequest(actAs(alice), wish(), around(policyOf({ rules: [rule('auto', [])] }), alice))
    const [write] = endGrant(actAs(null), grant as GrantRecord, 'expired', null).writes
    const ended = write?.record as GrantRecord
    expect(tickGrant(actAs(null, NOW - DAY), ended)).toBeNull()
    expect(() => revokeGrant(actAs(alice), ended, 'x')).toThrow(/SP-STATE/)
    expect(() => handBack(actAs(alice), ended, '')).toThrow(/SP-STATE/)
  })
})

describe('what a request has to be', () => {
  const strict = role(
    'strict',
    { ticketRequired: true, reasonPattern: '\\bINC-\\d+', maxDurationMs: 2 * HOUR },
    {
      parameters: new Map([
        ['tenant', 'integer'],
        ['key', 'uuid'],
      ]),
      ticketPattern: '[A-Z]+-\\d+',
    },
  )
  const parameters = { tenant: 7, key: '00000000-0000-4000-8000-000000000000' }
  const good = { role: 'strict', parameters, reason: 'INC-1 look', ticket: 'OPS-12' }
  const strictly = policyOf({ roles: [strict] })
  const create = (over: object) => createRequest(actAs(alice), wish({ ...good, ...over }), around(strictly, alice))

  it('is checked by type, pattern and time', () => {
    expect(create({}).request.ticket).toBe('OPS-12')
    expect(create({ start: NOW + HOUR }).request.start).toBe(NOW + HOUR)
    expect(create({ start: NOW - 1000 }).request.start).toBeNull()
  })

  it.each<[string, object]>([
    ['no role other', { role: 'other' }],
    ['no target', { target: 'elsewhere' }],
    ['give the parameter key', { parameters: { tenant: 7 } }],
    ['must be of type integer', { parameters: { ...parameters, tenant: '7' } }],
    ['must be of type integer', { parameters: { ...parameters, tenant: 7.5 } }],
    ['must be of type uuid', { parameters: { ...parameters, key: 'x' } }],
    ['has no parameter more', { parameters: { ...parameters, more: 1 } }],
    ['demands a ticket', { ticket: ' ' }],
    ['a ticket that matches', { ticket: 'x OPS-12' }],
    ['a reason that contains', { reason: 'look' }],
    ['give a reason', { reason: '  ' }],
    ['longer than 2000', { reason: `INC-1 ${'x'.repeat(2000)}` }],
    ['at most 2 h', { durationMs: 2 * HOUR + 1 }],
    ['longer than 0', { durationMs: 0 }],
    ['longer than 0', { durationMs: Number.NaN }],
    ['lies in the past', { start: NOW - HOUR }],
    ['ahead', { start: NOW + 31 * DAY }],
    [
      'leaves nothing',
      { narrowing: [{ databases: ['*'], schemas: ['other'], tables: ['*'], columns: null, verbs: ['read'] }] },
    ],
  ])('is refused with a sentence: %s', (sentence, over) => {
    expect(() => create(over)).toThrow(new RegExp(`SP-REQUEST.*${sentence}`))
  })

  it('takes what is bound to the token from the token, and from nowhere else', () => {
    const bound = { ...strict, asking: { ...strict.asking, claims: new Map([['tenant', 'tenant_id']]) } }
    const policy = policyOf({ roles: [bound] })
    const { key } = parameters
    type Values = Readonly<Record<string, string | number>>
    const ask = (values: Values | undefined, given: Values) =>
      createRequest(actAs(alice), wish({ ...good, parameters: given }), around(policy, { ...alice, values }))
    expect(ask({ tenant_id: 7 }, { key }).request.parameters).toEqual({ tenant: 7, key })
    expect(ask({ tenant_id: 7 }, { key, tenant: 7 }).request.parameters).toEqual({ tenant: 7, key })
    expect(() => ask({ tenant_id: 7 }, { key, tenant: 8 })).toThrow(/SP-REQUEST.*the one that your token says/)
    expect(() => ask({ tenant_id: '7' }, { key })).toThrow(/SP-REQUEST.*must be of type integer/)
    expect(() => ask({}, { key, tenant: 7 })).toThrow(/SP-REQUEST.*your token does not say/)
    expect(() => ask(undefined, { key, tenant: 7 })).toThrow(/SP-REQUEST.*your token does not say/)
  })

  it('takes security beside the rule where a script adds columns without a class', () => {
    const classified = policyOf({ settings: { classificationGroups: ['security'] } })
    const risks = [{ statement: 0, kind: 'unclassified_column' as const, severity: 'medium' as const, text: 't' }]
    const { request } = createRequest(actAs(alice), wish({ risks }), around(classified, alice))
    expect(request.stages.map(({ groups }) => groups)).toEqual([['dba'], ['security']])
  })

  it('needs as many people as its stages ask for, each counted once', () => {
    const two = policyOf({ rules: [rule('r', [stage(['dba']), stage(['dba'])])] })
    const bob = person('bob', ['dba'])
    const twin = person('twin', ['dba'], { issuer: 'https://other', email: 'bob@example.test' })
    const from = (known: (typeof people)[number][]) => () =>
      createRequest(actAs(alice), wish(), around(two, alice, { people: known }))
    expect(from([bob, twin])).toThrow(/SP-NO-APPROVER/)
    expect(from([bob, alice])).toThrow(/SP-NO-APPROVER/)
    expect(from([bob, person('carol', ['dba'])])().request.state).toBe('pending')
  })
})
