import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ReviewSchedule, scheduledReview } from '../../src/access/review_calendar.ts'
import { createControl } from '../../src/control/control.ts'
import { DAY, HOUR, NOW, person, policyOf, rule } from '../access/fixture.ts'
import { ASKED, alice, caller, plane } from './fixture.ts'

const QUARTERLY: ReviewSchedule = {
  name: 'quarterly',
  from: NOW - 100 * DAY,
  everyMs: 90 * DAY,
  reviewerGroups: ['recertifiers'],
  dueAfterMs: 14 * DAY,
  onUnanswered: 'revoke',
}

describe('the calendar of access reviews', () => {
  it('opens one for the last period that is over, due after it was opened', () => {
    const opened = NOW - 10 * DAY
    expect(scheduledReview(QUARTERLY, NOW)).toEqual({
      name: `quarterly ${new Date(opened).toISOString().slice(0, 10)}`,
      from: NOW - 100 * DAY,
      to: opened,
      dueAt: NOW + 14 * DAY,
      reviewerGroups: ['recertifiers'],
      onUnanswered: 'revoke',
    })
    expect(scheduledReview(QUARTERLY, opened - 1)).toBeNull()
  })

  it('has periods without gaps or overlaps, and is never due when it opens', () => {
    const time = fc.integer({ min: NOW - 400 * DAY, max: NOW + 4_000 * DAY })
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 400 }), (now, days) => {
        const schedule = { ...QUARTERLY, everyMs: days * DAY }
        const plan = scheduledReview(schedule, now)
        if (plan === null) {
          expect(now).toBeLessThan(schedule.from + schedule.everyMs)
          return
        }
        expect(plan.to).toBeLessThanOrEqual(now)
        expect(plan.dueAt).toBeGreaterThan(now)
        expect(scheduledReview(schedule, plan.to + schedule.everyMs)).toMatchObject({ from: plan.to })
      }),
    )
  })

  it('opens each once, over all nodes and ticks, with the use of the period; whoever it names may answer', async () => {
    const base = policyOf({ reviewSchedules: [QUARTERLY], rules: [rule('auto', [])] })
    const policy = { ...base, apiRoles: new Map([...base.apiRoles, ['approver', []]] as const) }
    let known: number | null = null
    const one = await plane(policy, { usageKnownSince: () => known })
    const { grant } = await one.control.createRequest(alice, { ...ASKED, durationMs: HOUR })
    const reviews = () => one.store.read((tx) => tx.reviews.list({}))
    await one.control.tick()
    expect(await reviews()).toEqual([])
    known = 0
    const other = createControl(one.deps)
    await Promise.all([one.control.tick(), other.tick()])
    await one.control.tick()
    expect((await reviews()).map(({ createdBy, state }) => [createdBy, state])).toEqual([[null, 'open']])
    expect(one.activities().filter((activity) => activity === 'review.opened')).toHaveLength(1)
    one.state.now += 90 * DAY
    await other.tick()
    const [first, second] = await reviews()
    expect(second?.from).toBe(first?.to)
    const lines = await one.store.read((tx) => tx.reviewItems.list({ where: { reviewId: second!.id } }))
    expect(lines).toMatchObject([{ grantId: grant!.id, use: 'unused' }])
    const reviewer = caller(person('rita', ['recertifiers']))
    const kept = await one.control.answerReview(reviewer, lines[0]!.id, {
      decision: 'keep',
      reason: 'still in the team',
    })
    expect(kept).toMatchObject({ decision: 'keep', by: { subject: 'rita' } })
    expect(one.state.failures).toEqual([])
  })
})
