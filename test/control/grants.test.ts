import { describe, expect, it } from 'vitest'
import type { GrantRecord } from '../../src/access/model.ts'
import { DAY, HOUR, MINUTE, NOW, person, policyOf, role, rule } from '../access/fixture.ts'
import { ASKED, alice, bob, caller, carol, OPEN_INCIDENT, plane, root } from './fixture.ts'

const AUTO = [rule('auto', [])]
const eve = caller(person('eve'))

async function granted(over: Parameters<typeof policyOf>[0] = {}) {
  const running = await plane(policyOf({ rules: AUTO, ...over }))
  const { grant } = await running.control.createRequest(alice, ASKED)
  const record = grant as GrantRecord
  return { ...running, id: record.id, now: async () => running.control.grant(root, record.id) }
}

describe('a grant', () => {
  it('begins when it was asked to begin, and ends by time', async () => {
    const { control, state, activities } = await plane(policyOf({ rules: AUTO }))
    const { grant } = await control.createRequest(alice, { ...ASKED, start: NOW + HOUR })
    expect(grant?.state).toBe('scheduled')
    const id = grant?.id ?? ''
    for (const [at, expected] of [
      [HOUR - 1, 'scheduled'],
      [HOUR, 'active'],
      [2 * HOUR - 1, 'active'],
      [2 * HOUR, 'expired'],
    ] as const) {
      state.now = NOW + at
      await control.tick()
      expect((await control.grant(alice, id)).state).toBe(expected)
    }
    state.now = NOW + HOUR
    await control.tick()
    expect((await control.grant(alice, id)).state).toBe('expired')
    expect(activities()).toEqual([
      'request.created',
      'request.approved',
      'grant.scheduled',
      'grant.activated',
      'grant.expired',
    ])
  })

  it('is revoked by security or a lead of its project, handed back by its holder, and by nobody else', async () => {
    const leads = { groups: ['shop-leads'], people: [] }
    const projects = [{ name: 'shop', targets: ['orders'], leads, roles: ['*'], maxDurationMs: HOUR }]
    for (const who of [root, caller(person('lead', ['shop-leads']))]) {
      const { control, id } = await granted({ projects })
      expect(await control.revokeGrant(who, id, 'enough')).toMatchObject({ state: 'revoked', endReason: 'enough' })
      await expect(control.revokeGrant(who, id, 'again')).rejects.toThrow(/SP-STATE/)
    }
    const { control, id } = await granted({ projects })
    for (const who of [alice, bob]) await expect(control.revokeGrant(who, id, 'no')).rejects.toThrow(/SP-FORBIDDEN/)
    await expect(control.handBack(eve, id, '')).rejects.toThrow(/SP-NOT-FOUND/)
    await expect(control.grant(eve, id)).rejects.toThrow(/SP-NOT-FOUND/)
    await expect(control.grants(eve, { view: 'all' })).rejects.toThrow(/SP-FORBIDDEN/)
    expect((await control.grants(caller(person('lead', ['shop-leads'])), { view: 'all' })).items).toHaveLength(1)
    expect((await control.handBack(alice, id, '')).state).toBe('completed')
  })

  it('is extended by a request of its own, whose grant begins where it ends, up to the cap', async () => {
    const capped = role('reader', { standingCap: { maxMs: 2 * HOUR, windowMs: DAY } })
    const { control, id } = await granted({ roles: [capped] })
    const { request, grant } = await control.extendGrant(alice, id, {
      durationMs: null,
      reason: 'not done',
      ticket: null,
    })
    expect([request.kind, grant?.grant.start, grant?.state]).toEqual(['extension', NOW + HOUR, 'scheduled'])
    expect(grant?.grant.follows).toEqual({ id, first: id })
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/at most 2 h in any 24 h/)
    await expect(control.extendGrant(bob, id, { durationMs: null, reason: 'x', ticket: null })).rejects.toThrow(
      /SP-NOT-FOUND/,
    )
  })

  it.each(['revoked', 'completed', 'locked'])(
    'that is %s takes the one with it that was to go on from it',
    async (how) => {
      const { control, id, store } = await granted()
      const more = { durationMs: null, reason: 'not done', ticket: null }
      const second = (await control.extendGrant(alice, id, more)).grant?.id ?? ''
      const third = (await control.extendGrant(alice, second, more)).grant
      expect(third?.grant.follows).toEqual({ id: second, first: id })
      if (how === 'revoked') await control.revokeGrant(root, id, 'enough')
      if (how === 'completed') await control.handBack(alice, id, '')
      if (how === 'locked') await control.setLock(root, { what: 'grant', value: id, reason: 'odd', until: null })
      const all = await store.read((tx) => tx.grants.list({}))
      const state = how === 'completed' ? 'completed' : 'revoked'
      expect(all.map((one) => one.state)).toEqual([state, state, state])
      expect(new Set(all.map((one) => one.endReason)).size).toBe(1)
      expect(new Set(all.map((one) => one.endedBy?.email)).size).toBe(1)
      const next = await control.extendGrant(alice, second, more).catch((error: Error) => error.message)
      expect(next).toContain('SP-STATE')
    },
  )

  it('ends after a warning where nobody uses it, and use takes the warning back', async () => {
    const idle = role('reader', { idleAfterMs: 20 * MINUTE, defaultDurationMs: 8 * HOUR })
    const { control, state, store, id, now } = await granted({ roles: [idle] })
    const at = async (minutes: number) => {
      state.now = NOW + minutes * MINUTE
      await control.tick()
      const { state: is, idleWarnedAt } = await control.grant(root, id)
      return [is, idleWarnedAt !== null]
    }
    expect(await at(14)).toEqual(['active', false])
    expect(await at(15)).toEqual(['active', true])
    const used = { grantId: id, schema: 's', table: 't', verb: 'read', statements: 1, rows: 1, clear: 0 }
    const usedAt = NOW + 16 * MINUTE
    await store.write((tx) => tx.usage.insert({ id: 'u', version: 1, ...used, firstAt: usedAt, lastAt: usedAt }))
    expect(await at(21)).toEqual(['active', true])
    expect(await at(31)).toEqual(['active', true])
    expect(await at(36)).toEqual(['revoked', true])
    expect((await now()).endReason).toContain('not used since 2026-01-14T10:46')
  })

  it('ends with everything else when its person is locked', async () => {
    const { control, id, now } = await granted()
    const { record, password, user } = await control.issuePassword(alice, {
      target: 'orders',
      role: null,
      grantId: id,
      durationMs: null,
    })
    expect(user).toBe('alice@example.test/orders/reader')
    expect([record.expiresAt, JSON.stringify(record).includes(password)]).toEqual([NOW + HOUR, false])
    await control.setLock(root, { what: 'person', value: 'alice@example.test', reason: 'left', until: null })
    expect((await now()).state).toBe('revoked')
    const { items } = await control.passwords(root, { all: true })
    expect(items.map(({ revokedAt }) => revokedAt)).toEqual([NOW])
    await expect(
      control.issuePassword(alice, { target: 'orders', role: null, grantId: null, durationMs: null }),
    ).rejects.toThrow(/SP-LOCKED/)
  })

  it('is what a connection password needs, of the person themselves', async () => {
    const { control, id } = await granted()
    const asked = { target: 'orders', role: null, grantId: id, durationMs: null }
    await expect(control.issuePassword(bob, asked)).rejects.toThrow(/SP-NO-GRANT/)
    await expect(control.issuePassword(alice, { ...asked, durationMs: MINUTE })).rejects.toThrow(/5 to 60 minutes/)
    const { record } = await control.issuePassword(alice, { ...asked, durationMs: 5 * MINUTE })
    await expect(control.revokePassword(bob, record.id)).rejects.toThrow(/SP-NOT-FOUND/)
    expect((await control.revokePassword(alice, record.id)).revokedAt).toBe(NOW)
  })
})

describe('break-glass', () => {
  const fire = role('fire', { breakGlass: true })
  const roles = [role('reader'), fire]
  const input = {
    target: 'orders',
    role: null,
    parameters: {},
    provider: 'pager',
    incident: 'P1',
    reason: 'orders fail',
  }
  const started = async () => {
    const running = await plane(policyOf({ roles }))
    const { grant } = await running.control.breakGlass(alice, input)
    return { ...running, id: grant?.id ?? '' }
  }
  const closed = { ...OPEN_INCIDENT, open: false } as typeof OPEN_INCIDENT

  it.each([
    ['closed', closed],
    ['of somebody else', { ...OPEN_INCIDENT, assignees: ['bob@example.test'] } as typeof OPEN_INCIDENT],
    ['of whom the person only calls themselves', { ...OPEN_INCIDENT, assignees: ['alice'] } as typeof OPEN_INCIDENT],
    ['of another service', { ...OPEN_INCIDENT, services: ['billing'] } as typeof OPEN_INCIDENT],
    ['unknown', { kind: 'unknown', detail: 'no such incident' } as const],
    ['not to be reached', { kind: 'unreachable', detail: 'no answer' } as const],
  ])('is refused where the incident is %s, and that is an alert', async (_what, incident) => {
    const { control, state } = await plane(policyOf({ roles }))
    state.incident = incident
    await expect(control.breakGlass(alice, input)).rejects.toThrow(/SP-INCIDENT/)
    expect(state.events.map(({ activity, severity }) => [activity, severity])).toEqual([
      ['break_glass.refused', 'high'],
    ])
  })

  it('is let through and flagged where the provider can not be reached and its configuration says so', async () => {
    const { control, state } = await plane(policyOf({ roles }), { onUnverified: () => 'allow_and_flag' })
    state.incident = { kind: 'unreachable', detail: 'no answer' }
    expect((await control.breakGlass(alice, input)).grant?.state).toBe('active')
    expect(state.events.find(({ activity }) => activity === 'break_glass.started')?.detail.unverified).toBe(true)
    state.incident = { kind: 'unknown', detail: 'gone' }
    await expect(control.breakGlass(alice, input)).rejects.toThrow(/SP-INCIDENT/)
  })

  it('is renewed while the incident is open, and all of it ends when it is closed', async () => {
    const { control, state, store, id } = await started()
    for (let minute = 4; minute <= 64; minute += 4) {
      state.now = NOW + minute * MINUTE
      await control.tick()
    }
    const grants = await store.read((tx) => tx.grants.list({}))
    expect(grants.map((one) => one.state)).toEqual(['expired', 'expired', 'active'])
    expect(grants.map((one) => one.review?.state ?? null)).toEqual([null, null, 'open'])
    expect(grants.map(({ grant }) => [grant.start, grant.end])).toEqual(
      [0, 30, 60].map((at) => [NOW + at * MINUTE, NOW + (at + 30) * MINUTE]),
    )
    expect(grants.map(({ grant }) => grant.follows)).toEqual([
      undefined,
      { id, first: id },
      { id: grants[1]?.id, first: id },
    ])
    state.now = NOW + 86 * MINUTE
    await control.tick()
    state.incident = closed
    await control.incidentChanged('pager', 'P1')
    const after = await store.read((tx) => tx.grants.list({}))
    expect(after.map((one) => [one.state, one.review?.state ?? null])).toEqual([
      ['expired', null],
      ['expired', null],
      ['revoked', null],
      ['revoked', 'awaiting_review'],
    ])
    expect(state.failures).toEqual([])
    expect(after[0]?.id).toBe(id)
  })

  it('is not renewed where the incident went over to another person, or can not be looked at', async () => {
    for (const incident of [
      { ...OPEN_INCIDENT, assignees: [] } as typeof OPEN_INCIDENT,
      { kind: 'unreachable', detail: '' } as const,
    ]) {
      const { control, state, id } = await started()
      state.incident = incident
      for (const minute of [1, 28, 29]) {
        state.now = NOW + minute * MINUTE
        await control.tick()
        expect((await control.grant(alice, id)).state).toBe('active')
      }
      state.now = NOW + 30 * MINUTE
      await control.tick()
      expect(await control.grant(alice, id)).toMatchObject({ state: 'expired', review: { state: 'awaiting_review' } })
    }
  })

  it('blocks the next one while its review is overdue', async () => {
    const { control, state, id, activities } = await started()
    state.incident = closed
    await control.incidentChanged('pager', 'P1')
    state.incident = OPEN_INCIDENT
    const again = await control.breakGlass(alice, input)
    expect(again.grant).not.toBeNull()
    state.now = NOW + 48 * HOUR + 1
    await control.tick()
    expect(activities()).toContain('break_glass.overdue')
    await expect(control.breakGlass(alice, input)).rejects.toThrow(/SP-REVIEW-OVERDUE/)
    const verdict = { judgment: 'justified', reason: 'it burnt' } as const
    const own = caller(person('alice', ['security']))
    await expect(control.reviewBreakGlass(own, id, verdict)).rejects.toThrow(/SP-SEPARATION/)
    await expect(control.reviewBreakGlass(bob, id, verdict)).rejects.toThrow(/SP-FORBIDDEN/)
    expect((await control.reviewBreakGlass(carol, id, verdict)).review).toMatchObject({
      state: 'reviewed',
      judgment: 'justified',
    })
    await expect(control.reviewBreakGlass(carol, id, verdict)).rejects.toThrow(/SP-STATE/)
  })
})
