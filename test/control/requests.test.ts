import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, NOW, person, policyOf, role, rule, stage } from '../access/fixture.ts'
import { ASKED, alice, bob, caller, carol, plane, policyAdmin, root, YES } from './fixture.ts'

describe('a request', () => {
  it('becomes a grant by the vote of another person, each step with its events', async () => {
    const { control, activities, store } = await plane()
    const { request, grant } = await control.createRequest(alice, ASKED)
    expect([request.state, grant]).toEqual(['pending', null])
    await expect(control.vote(alice, request.id, YES)).rejects.toThrow(/SP-SEPARATION/)
    const done = await control.vote(bob, request.id, { ...YES, version: request.version })
    expect(done.request).toMatchObject({ state: 'approved', grantId: done.grant?.id, version: 2 })
    expect(done.grant?.grant).toMatchObject({ start: NOW, end: NOW + HOUR, target: 'orders', role: 'reader' })
    expect(await store.read((tx) => tx.grants.get(done.grant?.id ?? ''))).toEqual(done.grant)
    expect(activities()).toEqual([
      'request.created',
      'api.refused',
      'request.vote',
      'request.approved',
      'grant.activated',
    ])
  })

  it('is not approved in a version that the approver has not seen', async () => {
    const { control } = await plane()
    const { request } = await control.createRequest(alice, ASKED)
    const none = { parameters: null, narrowing: null, start: null, ticket: null, script: null }
    await control.amendRequest(alice, request.id, { ...none, durationMs: 8 * HOUR, reason: 'more' })
    await expect(control.vote(bob, request.id, { ...YES, version: request.version })).rejects.toThrow(/SP-CONFLICT/)
  })

  it('is granted once where two approve at the same time', async () => {
    const { control, store } = await plane()
    const { request } = await control.createRequest(alice, ASKED)
    const votes = await Promise.allSettled([control.vote(bob, request.id, YES), control.vote(carol, request.id, YES)])
    expect(votes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await store.read((tx) => tx.grants.count({}))).toBe(1)
  })

  it('fails at once where nobody is known who may approve it', async () => {
    const { control, activities } = await plane(policyOf({ rules: [rule('r', [stage(['nobody'])])] }))
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/SP-NO-APPROVER/)
    expect(activities()).toEqual(['api.refused'])
    const policy = policyOf({
      rules: [rule('r', [stage(['filed'])])],
      members: new Map([['dan@example.test', ['filed']]]),
    })
    expect((await (await plane(policy)).control.createRequest(alice, ASKED)).request.state).toBe('pending')
  })

  it('is seen by its requester, those who may answer it and those who see all, and by nobody else', async () => {
    const { control } = await plane()
    const { request } = await control.createRequest(alice, ASKED)
    for (const one of [alice, bob, root]) expect((await control.request(one, request.id)).id).toBe(request.id)
    await expect(control.request(caller(person('eve')), request.id)).rejects.toThrow(/SP-NOT-FOUND/)
    const ids = async (who: typeof bob, view: 'mine' | 'to_answer') =>
      (await control.requests(who, { view })).items.map(({ id }) => id)
    expect(await ids(bob, 'to_answer')).toEqual([request.id])
    expect(await ids(alice, 'to_answer')).toEqual([])
    expect(await ids(alice, 'mine')).toEqual([request.id])
    await expect(control.requests(bob, { view: 'all' })).rejects.toThrow(/SP-FORBIDDEN/)
    const [first] = await control.approvers(alice, request.id)
    expect(first?.eligible.map(({ subject }) => subject).sort()).toEqual(['bob', 'carol'])
  })

  it('nudges, escalates and expires by time, each once, also where two nodes tick', async () => {
    const stages = [stage(['dba'], { nudgeAfterMs: HOUR, escalateAfterMs: 2 * HOUR, escalateTo: ['heads'] })]
    const { control, state, deps, activities } = await plane(policyOf({ rules: [rule('r', stages)] }))
    const { request } = await control.createRequest(alice, ASKED)
    const { createControl } = await import('../../src/control/control.ts')
    const other = createControl(deps)
    for (const at of [HOUR, HOUR + MINUTE, 2 * HOUR, 3 * HOUR, DAY, DAY + HOUR]) {
      state.now = NOW + at
      await Promise.all([control.tick(), other.tick()])
    }
    expect(activities().slice(1)).toEqual(['request.nudged', 'request.escalated', 'request.expired'])
    expect((await control.request(alice, request.id)).state).toBe('expired')
    expect(state.failures).toEqual([])
  })

  it('of a locked person, or for a locked target, goes nowhere', async () => {
    const { control } = await plane()
    const { request } = await control.createRequest(alice, ASKED)
    const lock = await control.setLock(root, {
      what: 'person',
      value: 'ALICE@example.test',
      reason: 'laptop lost',
      until: null,
    })
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/SP-LOCKED.*laptop lost/)
    await expect(control.vote(bob, request.id, YES)).rejects.toThrow(/SP-LOCKED/)
    await control.liftLock(root, lock.id, 'found')
    expect((await control.vote(bob, request.id, YES)).grant).not.toBeNull()
    await control.setLock(root, { what: 'target', value: 'orders', reason: 'attack', until: null })
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/SP-LOCKED/)
    await expect(control.setLock(bob, { what: 'target', value: 'orders', reason: 'x', until: null })).rejects.toThrow(
      /SP-FORBIDDEN/,
    )
  })

  it('is answered by a delegate while the delegation lasts', async () => {
    const { control, state } = await plane(policyOf({ rules: [rule('r', [stage(['security'])])] }))
    await control.delegate(carol, { to: 'bob@example.test', groups: [], start: null, end: NOW + DAY, reason: 'away' })
    const { request } = await control.createRequest(alice, ASKED)
    const { grant } = await control.vote(bob, request.id, YES)
    expect(grant?.approvals[0]?.onBehalfOf?.email).toBe('carol@example.test')
    const second = await control.createRequest(alice, ASKED)
    expect((await control.requests(bob, { view: 'to_answer' })).items.map(({ id }) => id)).toEqual([second.request.id])
    const lock = await control.setLock(root, {
      what: 'person',
      value: 'carol@example.test',
      reason: 'gone',
      until: null,
    })
    await expect(control.vote(bob, second.request.id, YES)).rejects.toThrow(/SP-FORBIDDEN/)
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/SP-NO-APPROVER/)
    await control.liftLock(root, lock.id, 'back')
    state.now += DAY
    const later = await control.createRequest(alice, ASKED)
    await expect(control.vote(bob, later.request.id, YES)).rejects.toThrow(/SP-FORBIDDEN/)
  })

  it('does not count the vote of who made the rule, nor approves by itself for them', async () => {
    const { control, state } = await plane(policyOf({ settings: { fourEyes: false } }))
    const change = { kind: 'role' as const, name: 'reader', body: {}, reason: 'wider', replaces: null }
    const both = caller(person('bob', ['dba', 'policy']))
    await control.putPolicy(both, change)
    const { request } = await control.createRequest(alice, ASKED)
    await expect(control.vote(both, request.id, YES)).rejects.toThrow(/SP-SEPARATION/)
    await control.putPolicy(caller(person('carol', ['policy'])), { ...change, kind: 'project', name: 'shop' })
    const leads = { groups: [], people: ['carol@example.test'] }
    const projects = [{ name: 'shop', targets: ['orders'], leads, roles: ['*'], maxDurationMs: HOUR }]
    state.policy = policyOf({ projects, settings: { fourEyes: false } })
    await expect(control.vote(carol, request.id, YES)).rejects.toThrow(/SP-SEPARATION/)
    state.policy = policyOf({ rules: [rule('auto', [])], settings: { fourEyes: false } })
    await expect(control.createRequest(both, ASKED)).rejects.toThrow(/SP-SEPARATION/)
    expect((await control.createRequest(alice, ASKED)).grant).not.toBeNull()
  })
})

describe('a refusal', () => {
  const wide = role('everything', {}, { unrestricted: true, scope: [] })
  const scope = (tables: string[]) => [{ ...role('x').scope[0], tables }] as ReturnType<typeof role>['scope']
  const roles = [wide, role('all-tables'), role('two-tables', {}, { scope: scope(['orders', 'items']) })]
  const needs = [{ databases: ['*'], schemas: ['shop'], tables: ['items'], columns: ['id'], verbs: ['read' as const] }]
  const refused = {
    target: 'orders',
    database: 'shop',
    role: null,
    code: 'SP-SCOPE',
    reason: 'r',
    statementSha256: null,
  }

  it('becomes a request for the least scope, by its own person alone', async () => {
    const { control } = await plane(policyOf({ roles }))
    const id = control.refusals.note({ ...refused, person: alice.identity, needs, clear: [] }) ?? ''
    expect(id).toMatch(/^[2-9b-df-hj-kmnp-tv-xz]{8}$/)
    await control.settled()
    const input = { role: null, parameters: {}, durationMs: null, reason: 'needed', ticket: null }
    await expect(control.createFromRefusal(bob, id, input)).rejects.toThrow(/SP-NOT-FOUND/)
    expect(await control.proposeFromRefusal(alice, id.toUpperCase())).toMatchObject({
      role: 'two-tables',
      narrowing: needs,
    })
    const { request } = await control.createFromRefusal(alice, id, input)
    expect(request).toMatchObject({ role: 'two-tables', narrowing: needs, fromRefusal: id })
    await expect(control.createFromRefusal(alice, id, { ...input, role: 'nothing' })).rejects.toThrow(/SP-REQUEST/)
  })

  it('of a masked column needs a role that lifts the mask', async () => {
    const lifts = role('lifts', {}, { unmask: ['shop.items.*'] })
    const { control, state, store } = await plane(policyOf({ roles: [...roles, lifts] }))
    const id = control.refusals.note({ ...refused, person: alice.identity, needs, clear: ['shop.items.id'] }) ?? ''
    await control.settled()
    expect((await control.proposeFromRefusal(alice, id)).role).toBe('lifts')
    state.now += 4 * DAY
    await expect(control.refusal(alice, id)).rejects.toThrow(/SP-NOT-FOUND/)
    await control.tick()
    expect(await store.read((tx) => tx.refusals.count({}))).toBe(0)
  })
})

describe('the rights of the administration', () => {
  it('let those answer whom a rule names or who lead the project, though no other list names them', async () => {
    const leads = { groups: [], people: ['carol@example.test'] }
    const projects = [{ name: 'shop', targets: ['orders'], leads, roles: ['*'], maxDurationMs: HOUR }]
    const apiRoles = new Map([['requester' as const, ['*']]])
    const roles = [role('reader', { delegable: true })]
    const { control } = await plane(
      policyOf({ apiRoles, projects, roles, rules: [rule('r', [stage(['dba', '$leads'])])] }),
    )
    for (const who of [bob, caller(person('carol'))]) {
      const { request } = await control.createRequest(alice, ASKED)
      expect((await control.vote(who, request.id, YES)).grant).not.toBeNull()
    }
    await expect(control.require(alice, 'request.answer')).rejects.toThrow(/SP-FORBIDDEN/)
  })

  it('refuse who lacks them, and leave an event', async () => {
    const { control, state } = await plane()
    await expect(control.require(alice, 'audit.read')).rejects.toThrow(/SP-FORBIDDEN.*auditor/)
    expect(state.events).toMatchObject([{ activity: 'api.refused', detail: { code: 'SP-FORBIDDEN' } }])
    expect((await control.standing(policyAdmin)).operations).toContain('policy.write')
  })

  it('say which roles may be asked for, and what a request would meet', async () => {
    const rules = [
      rule('auto', [], { roles: ['low'] }),
      rule('r', [stage(['dba'])], { roles: ['mid'] }),
      rule('n', [stage(['no'])], { roles: ['high'] }),
    ]
    const roles = ['low', 'mid', 'high', 'other'].map((name) => role(name))
    const { control } = await plane(policyOf({ rules, roles }))
    const options = await control.roleOptions(alice, 'orders')
    expect(options.map((one) => [one.role, one.approval])).toEqual([
      ['low', 'auto'],
      ['mid', 'people'],
      ['high', 'none'],
    ])
  })
})
