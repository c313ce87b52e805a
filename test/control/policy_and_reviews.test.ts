import { describe, expect, it } from 'vitest'
import { DAY, HOUR, NOW, person, policyOf, rule } from '../access/fixture.ts'
import { ASKED, alice, bob, caller, carol, plane, policyAdmin, root } from './fixture.ts'

const second = caller(person('sue', ['policy']))
const reader = { kind: 'role' as const, name: 'reader', reason: 'wider', replaces: null, body: { scope: 1 } }

describe('policy made over the API', () => {
  it('is in force when a second person approves it, and every version is kept', async () => {
    const { control, state } = await plane()
    const first = await control.putPolicy(policyAdmin, reader)
    expect(first).toMatchObject({ number: 1, state: 'proposed', author: { subject: 'pat' } })
    const yes = { decision: 'approve', reason: 'right' } as const
    await expect(control.decidePolicy(policyAdmin, 'role', 'reader', 1, yes)).rejects.toThrow(/SP-SEPARATION/)
    await expect(control.policy(policyAdmin, 'role', 'reader')).rejects.toThrow(/SP-NOT-FOUND/)
    await control.decidePolicy(second, 'role', 'reader', 1, yes)
    state.now += HOUR
    await expect(control.putPolicy(second, reader)).rejects.toThrow(/SP-PRECONDITION/)
    const changed = await control.putPolicy(second, { ...reader, replaces: first.digest, body: { scope: 2 } })
    await control.decidePolicy(policyAdmin, 'role', 'reader', 2, yes)
    expect(await control.policy(bob, 'role', 'reader')).toMatchObject({
      number: 2,
      body: { scope: 2 },
      approver: { subject: 'pat' },
    })
    expect((await control.policy(bob, 'role', 'reader', NOW)).number).toBe(1)
    state.now += HOUR
    await control.putPolicy(policyAdmin, { ...reader, replaces: changed.digest, body: null })
    await control.decidePolicy(second, 'role', 'reader', 3, yes)
    await expect(control.policy(bob, 'role', 'reader')).rejects.toThrow(/SP-NOT-FOUND/)
    expect((await control.policyVersions(bob, 'role', 'reader', {})).items).toHaveLength(3)
    await expect(control.putPolicy(bob, reader)).rejects.toThrow(/SP-FORBIDDEN/)
  })

  it('is refused where it would be wrong, or where a file has it', async () => {
    const wrong = await plane(policyOf(), { checkPolicy: async () => ({ problems: ['roles/0: no'], digest: '' }) })
    await expect(wrong.control.putPolicy(policyAdmin, reader)).rejects.toThrow(/SP-INPUT.*roles\/0: no/)
    const { control } = await plane()
    const entry = { kind: 'role' as const, name: 'reader', body: {}, digest: 'd1' }
    await control.noteFilePolicies([entry])
    await control.noteFilePolicies([entry])
    await expect(control.putPolicy(policyAdmin, { ...reader, replaces: 'd1' })).rejects.toThrow(
      /SP-FORBIDDEN.*policy file/,
    )
    await control.noteFilePolicies([])
    const versions = (await control.policyVersions(bob, 'role', 'reader', {})).items
    expect(versions.map(({ number, state, body }) => [number, state, body])).toEqual([
      [2, 'in_force', null],
      [1, 'superseded', {}],
    ])
    expect((await control.putPolicy(policyAdmin, reader)).state).toBe('proposed')
  })
})

describe('an access review', () => {
  const plan = { name: 'q1', from: NOW - DAY, to: NOW + DAY, reviewerGroups: ['security'], dueAt: NOW + 10 * DAY }
  const fileGrant = {
    id: 'file-1',
    kind: 'file' as const,
    principal: { email: 'dan@example.test' },
    target: 'orders',
    role: 'reader',
    parameters: new Map(),
    narrowing: null,
    start: NOW - DAY,
    end: NOW + 100 * DAY,
    reason: 'r',
    ticket: null,
    incident: null,
    requestId: null,
    plan: null,
  }
  const opened = async (onUnanswered: 'revoke' | 'escalate', since: number | null = 0) => {
    const policy = policyOf({ rules: [rule('auto', [])], fileGrants: [fileGrant] })
    const running = await plane(policy, { usageKnownSince: () => since })
    for (const who of [alice, carol]) await running.control.createRequest(who, ASKED)
    const review = await running.control.openReview(root, { ...plan, onUnanswered })
    const { items } = await running.control.reviewItems(root, review.id, {})
    return {
      ...running,
      review,
      items,
      lineOf: (subject: string) => items.find(({ holder }) => holder.subject === subject)?.id ?? '',
    }
  }

  it('has a line for each grant that stood, those of files too, and calls nothing unused that it does not know', async () => {
    expect((await opened('revoke')).items.map(({ kind, use }) => [kind, use]).sort()).toEqual([
      ['file', 'unused'],
      ['standard', 'unused'],
      ['standard', 'unused'],
    ])
    for (const since of [null, NOW + 1])
      expect((await opened('revoke', since)).items.every(({ use }) => use === 'unknown')).toBe(true)
    // What was done under a grant that began later than the counts is known.
    expect((await opened('revoke', NOW)).items.map(({ kind, use }) => [kind, use]).sort()).toEqual([
      ['file', 'unknown'],
      ['standard', 'unused'],
      ['standard', 'unused'],
    ])
  })

  it('is answered by its reviewers, never on their own access, and ends what they revoke', async () => {
    const { control, lineOf, review } = await opened('revoke')
    const revoke = { decision: 'revoke', reason: 'not needed' } as const
    await expect(control.answerReview(bob, lineOf('alice'), revoke)).rejects.toThrow(/SP-FORBIDDEN/)
    await expect(control.answerReview(carol, lineOf('carol'), { ...revoke, decision: 'keep' })).rejects.toThrow(
      /SP-SEPARATION/,
    )
    const answered = await control.answerReview(carol, lineOf('alice'), revoke)
    expect(answered).toMatchObject({ decision: 'revoke', by: { subject: 'carol' } })
    expect((await control.grant(alice, answered.grantId)).state).toBe('revoked')
    await expect(control.answerReview(carol, lineOf('alice'), revoke)).rejects.toThrow(/SP-STATE/)
    await expect(control.completeReview(carol, review.id)).rejects.toThrow(/2 lines wait/)
  })

  it.each([
    ['revoke', 'completed', ['revoke', 'revoke', 'revoke']],
    ['escalate', 'open', ['escalated', 'escalated', 'escalated']],
  ] as const)(
    'reminds, and does what it was told with what nobody answered: %s',
    async (onUnanswered, end, decisions) => {
      const { control, state, review, activities } = await opened(onUnanswered)
      for (const at of [6, 7, 8, 10, 11]) {
        state.now = NOW + at * DAY
        await control.tick()
      }
      expect(activities().filter((one) => one === 'review.reminded')).toHaveLength(1)
      expect((await control.reviewItems(root, review.id, {})).items.map(({ decision }) => decision)).toEqual(decisions)
      expect((await control.review(root, review.id)).state).toBe(end)
      expect(state.failures).toEqual([])
    },
  )
})
