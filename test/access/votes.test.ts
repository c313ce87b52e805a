import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ApprovalRule } from '../../src/access/approval_rules.ts'
import type { AccessRequest } from '../../src/access/model.ts'
import { samePerson } from '../../src/access/person.ts'
import { type AccessPolicy, LEADS } from '../../src/access/policy.ts'
import type { Delegation } from '../../src/access/records.ts'
import { amendRequest, createRequest } from '../../src/access/requests.ts'
import { type Answer, castVote, type VoteContext } from '../../src/access/votes.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { actAs, around, DAY, HOUR, MINUTE, NOW, person, policyOf, role, rule, stage, wish } from './fixture.ts'

const alice = person('alice', ['shop-team'])
const bob = person('bob', ['dba'])
const carol = person('carol', ['dba', 'security'])

const YES: Answer = { decision: 'approve', reason: 'fine', narrowing: null, durationMs: null, onBehalfOf: null }

function asked(policy: AccessPolicy, over: Parameters<typeof wish>[0] = {}, people = [bob, carol]): AccessRequest {
  return createRequest(actAs(alice), wish(over), around(policy, alice, { people })).request
}

function voted(
  request: AccessRequest,
  voter: Identity,
  policy: AccessPolicy,
  over: Partial<VoteContext & Answer> = {},
  now = NOW,
) {
  const { decision, reason, narrowing, durationMs, onBehalfOf, ...context } = { ...YES, ...over }
  return castVote(
    actAs(voter, now),
    request,
    { decision, reason, narrowing, durationMs, onBehalfOf },
    {
      policy,
      voter,
      requester: alice,
      changedBy: [],
      delegations: [],
      delegators: [],
      held: [],
      grantId: 'g1',
      ...context,
    },
  )
}

const withStages = (...stages: ApprovalRule['stages']) => policyOf({ rules: [rule('r', stages)] })
const DUAL = withStages(stage(['dba', 'security'], { quorum: 2, distinctGroups: true }))

describe('a vote', () => {
  it('of one approver is enough where one is demanded', () => {
    const policy = policyOf()
    const { request, grant, transition } = voted(asked(policy), bob, policy)
    expect([request.state, grant?.state, grant?.grant.end]).toEqual(['approved', 'active', NOW + HOUR])
    expect(transition.events.map(({ activity }) => activity)).toEqual([
      'request.vote',
      'request.approved',
      'grant.activated',
    ])
  })

  it('is of two people where two are demanded, whoever lends the second right', () => {
    const first = voted(asked(DUAL), carol, DUAL)
    expect(first.grant).toBeNull()
    expect(() => voted(first.request, carol, DUAL)).toThrow(/SP-SEPARATION/)
    const lent: Delegation = {
      id: 'd',
      version: 1,
      from: bob,
      to: carol,
      groups: [],
      start: NOW - DAY,
      end: NOW + DAY,
      reason: 'away',
      endedAt: null,
    }
    const asBob = { delegations: [lent], delegators: [bob], onBehalfOf: 'bob@example.test' }
    expect(() => voted(first.request, carol, DUAL, asBob)).toThrow(/SP-SEPARATION/)
    expect(voted(first.request, bob, DUAL).grant).not.toBeNull()
  })

  it('counts for another group where that is needed, whatever the order', () => {
    for (const [one, other] of [
      [carol, bob],
      [bob, carol],
    ] as const) {
      expect(voted(voted(asked(DUAL), one, DUAL).request, other, DUAL).grant).not.toBeNull()
    }
    const dave = person('dave', ['dba'])
    expect(voted(voted(asked(DUAL), bob, DUAL).request, dave, DUAL).grant).toBeNull()
  })

  it.each<[string, Identity]>([
    ['the same person', alice],
    [
      'the same address with another issuer',
      person('x', ['dba'], { issuer: 'https://other', email: 'ALICE@example.test' }),
    ],
    ['the same address as an alias', person('x', ['dba'], { email: null, aliases: ['x', 'Alice@Example.test'] })],
  ])('is never of the requester: %s', (_what, voter) => {
    const policy = policyOf()
    expect(() => voted(asked(policy), { ...voter, groups: ['dba'] }, policy)).toThrow(/SP-SEPARATION/)
  })

  it('needs the group at that time, and the stage that is open', () => {
    const policy = withStages(stage(['dba']), stage(['security']))
    const request = asked(policy)
    expect(() => voted(request, { ...bob, groups: [] }, policy)).toThrow(/SP-FORBIDDEN/)
    expect(() => voted(request, person('eve', ['security']), policy)).toThrow(/SP-FORBIDDEN/)
    const second = voted(request, bob, policy).request
    expect(second.stages[1]?.openedAt).toBe(NOW)
    expect(voted(second, carol, policy).grant).not.toBeNull()
  })

  it('is not of who changed the rule or the role', () => {
    const policy = policyOf()
    expect(() => voted(asked(policy), bob, policy, { changedBy: [bob] })).toThrow(/SP-SEPARATION/)
    expect(voted(asked(policy), bob, policy, { changedBy: [bob], decision: 'deny' }).request.state).toBe('denied')
  })

  it('needs a fresh login where the stage says so', () => {
    const policy = withStages(stage(['dba'], { freshLoginMs: 5 * MINUTE }))
    for (const authTime of [null, NOW - 6 * MINUTE]) {
      expect(() => voted(asked(policy), { ...bob, authTime }, policy)).toThrow(/SP-FRESH-LOGIN/)
    }
    expect(voted(asked(policy), { ...bob, authTime: NOW - 4 * MINUTE }, policy).grant).not.toBeNull()
    expect(voted(asked(policy), { ...bob, authTime: null }, policy, { decision: 'deny' }).request.state).toBe('denied')
  })

  it('may shorten and narrow, and never widen', () => {
    const policy = policyOf()
    const narrowing = [
      { databases: ['*'], schemas: ['shop'], tables: ['orders'], columns: null, verbs: ['read' as const] },
    ]
    const { grant } = voted(asked(policy), bob, policy, { durationMs: 10 * MINUTE, narrowing })
    expect(grant?.grant).toMatchObject({ end: NOW + 10 * MINUTE, narrowing })
    expect(() => voted(asked(policy), bob, policy, { durationMs: 2 * HOUR })).toThrow(/SP-REQUEST/)
    const elsewhere = [{ ...narrowing[0], schemas: ['other'] }] as typeof narrowing
    expect(() => voted(asked(policy), bob, policy, { narrowing: elsewhere })).toThrow(/leaves nothing/)
  })

  it('stops the request as a denial, also by an approver of a later stage, or sends it back', () => {
    const policy = withStages(stage(['dba']), stage(['security']))
    const eve = person('eve', ['security'])
    expect(voted(asked(policy), eve, policy, { decision: 'deny' }).request.state).toBe('denied')
    const back = voted(asked(policy), bob, policy, { decision: 'changes' }).request
    expect(() => voted(back, bob, policy)).toThrow(/SP-STATE/)
    const amended = amendRequest(actAs(alice), back, wish({ durationMs: MINUTE }), around(policy, alice)).request
    expect([amended.state, amended.stages.flatMap(({ votes }) => votes)]).toEqual(['pending', []])
    expect(() => amendRequest(actAs(bob), back, wish(), around(policy, bob))).toThrow(/SP-NOT-FOUND/)
  })

  it('does not count under a rule that has changed, nor after the time', () => {
    const policy = policyOf()
    const changed = policyOf({ rules: [rule('single', [stage(['dba'])], { digest: 'other' })] })
    expect(() => voted(asked(policy), bob, changed)).toThrow(/has changed since/)
    expect(() => voted(asked(policy), bob, policy, {}, NOW + DAY)).toThrow(/SP-STATE/)
  })

  it('of a lead counts inside the limits of the project', () => {
    const lead = person('lead', ['shop-leads'])
    const projects = [
      {
        name: 'shop',
        targets: ['orders'],
        leads: { groups: ['shop-leads'], people: [] },
        roles: ['*'],
        maxDurationMs: HOUR,
      },
    ]
    const rules = [rule('r', [stage([LEADS])])]
    const policy = policyOf({ rules, projects, roles: [role('reader', { delegable: true })] })
    const { transition, grant } = voted(asked(policy, {}, [lead]), lead, policy)
    expect(grant).not.toBeNull()
    expect(transition.events[0]).toMatchObject({ severity: 'low', detail: { byLead: true } })
    expect(() => asked(policy, { durationMs: 2 * HOUR }, [lead])).toThrow(/SP-NO-APPROVER/)
    expect(() => asked(policyOf({ rules, projects }), {}, [lead])).toThrow(/SP-NO-APPROVER/)
    const named = person('mallory', [LEADS])
    expect(() => voted(asked(policy, {}, [lead]), named, policy)).toThrow(/SP-FORBIDDEN/)
  })

  it.each<[string, Partial<Delegation>, readonly Identity[], boolean]>([
    ['is good', {}, [bob], true],
    ['has not begun', { start: NOW + 1 }, [bob], false],
    ['is over', { end: NOW }, [bob], false],
    ['was ended', { endedAt: NOW - 1 }, [bob], false],
    ['is to somebody else', { to: person('eve') }, [bob], false],
    ['is of another group', { groups: ['security'] }, [bob], false],
    ['is of who holds the right no more', {}, [{ ...bob, groups: [] }], false],
    ['is of who was not seen', {}, [], false],
    ['is of the requester', { from: alice }, [{ ...alice, groups: ['dba'] }], false],
  ])('by a delegation that %s', (_what, over, delegators, good) => {
    const policy = policyOf()
    const dave = person('dave')
    const lent: Delegation = {
      id: 'd',
      version: 1,
      from: bob,
      to: dave,
      groups: [],
      start: NOW - DAY,
      end: NOW + DAY,
      reason: 'away',
      endedAt: null,
      ...over,
    }
    const vote = () => voted(asked(policy), dave, policy, { delegations: [lent], delegators })
    if (good) expect(vote().grant?.approvals[0]?.onBehalfOf?.email).toBe('bob@example.test')
    else expect(vote).toThrow(/SP-FORBIDDEN/)
  })
})

describe('any sequence of votes', () => {
  const groups = ['a', 'b', 'c']
  const anyStage = fc
    .record({
      groups: fc.uniqueArray(fc.constantFrom(...groups), { minLength: 1 }),
      quorum: fc.integer({ min: 1, max: 3 }),
      distinct: fc.boolean(),
    })
    .map(({ groups: of, quorum, distinct }) =>
      stage(of, { quorum: distinct ? Math.min(quorum, of.length) : quorum, distinctGroups: distinct }),
    )
  const crowd = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5']
  const anyCrowd = fc.tuple(...crowd.map(() => fc.uniqueArray(fc.constantFrom(...groups))))
  const anyVotes = fc.array(
    fc.record({
      who: fc.integer({ min: 0, max: crowd.length }),
      lender: fc.option(fc.integer({ min: 0, max: crowd.length - 1 })),
      decision: fc.constantFrom<Answer['decision']>('approve', 'approve', 'approve', 'deny', 'changes'),
    }),
    { maxLength: 14 },
  )

  it('gives a grant only with the approvals that the rule demands, each of another person', () => {
    fc.assert(
      fc.property(fc.array(anyStage, { minLength: 1, maxLength: 3 }), anyCrowd, anyVotes, (stages, held, votes) => {
        const policy = withStages(...stages)
        const people = held.map((of, index) => person(crowd[index] as string, of))
        const eager = Array.from({ length: 12 }, (_, index) => person(`q${index}`, groups))
        let request = asked(policy, {}, eager)
        for (const { who, lender, decision } of votes) {
          const voter = people[who] ?? { ...alice, groups }
          const from = lender === null ? undefined : people[lender]
          const delegations: Delegation[] =
            from === undefined
              ? []
              : [
                  {
                    id: 'd',
                    version: 1,
                    from,
                    to: voter,
                    groups: [],
                    start: 0,
                    end: NOW + 1,
                    reason: 'r',
                    endedAt: null,
                  },
                ]
          const onBehalfOf = from?.email ?? null
          try {
            const result = voted(request, voter, policy, {
              decision,
              delegations,
              delegators: from ? [from] : [],
              onBehalfOf,
            })
            request = result.request
            expect(result.transition.events.length).toBeGreaterThan(0)
            expect(result.grant === null).toBe(request.state !== 'approved')
          } catch (error) {
            expect(String(error)).toMatch(/SP-(STATE|SEPARATION|FORBIDDEN)/)
          }
        }
        checkInvariants(request)
      }),
      { numRuns: 300 },
    )
  })

  function checkInvariants(request: AccessRequest): void {
    const approvals = request.stages.flatMap(({ votes }) => votes).filter(({ decision }) => decision === 'approve')
    const counted = approvals.flatMap(({ by, onBehalfOf }) => (onBehalfOf === null ? [by] : [by, onBehalfOf]))
    for (const [index, one] of counted.entries()) {
      expect(samePerson(one, alice)).toBe(false)
      expect(counted.slice(index + 1).some((other) => samePerson(one, other))).toBe(false)
    }
    if (request.state !== 'approved') return
    for (const { votes, quorum, distinctGroups, groups: of } of request.stages) {
      const yes = votes.filter(({ decision }) => decision === 'approve')
      expect(yes.length).toBeGreaterThanOrEqual(quorum)
      expect(yes.every((vote) => vote.groups.every((group) => of.includes(group)))).toBe(true)
      if (distinctGroups) expect(new Set(yes.flatMap((vote) => vote.groups)).size).toBeGreaterThanOrEqual(quorum)
    }
  }
})
