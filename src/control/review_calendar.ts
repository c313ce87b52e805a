import { createHash } from 'node:crypto'
import { scheduledReview } from '../access/review_calendar.ts'
import type { ReviewPlan } from '../access/reviews.ts'
import { SallyportError } from '../errors.ts'
import { openPlanned } from './review_operations.ts'
import { actOf, type ControlDeps } from './running.ts'

/** Opens what the calendar says is due, once over all nodes and starts. */
export async function openScheduledReviews(deps: ControlDeps): Promise<void> {
  const act = actOf(deps, null)
  const policy = deps.policy()
  // The counts of a process that was killed are read again first.
  if (policy.reviewSchedules.length === 0 || deps.usageKnownSince() === null) return
  for (const schedule of policy.reviewSchedules) {
    const plan = scheduledReview(schedule, act.now)
    if (plan === null) continue
    const id = idOf(schedule.name, plan)
    if ((await deps.store.read((tx) => tx.reviews.get(id))) !== undefined) continue
    try {
      await openPlanned(deps, act, policy, plan, id)
    } catch (error) {
      // Another node was first.
      if (!(error instanceof SallyportError) || error.code !== 'SP-CONFLICT') throw error
    }
  }
}

/** The same on every node, in the form of a UUIDv7 of the end of the period: ids are in the order of time. */
function idOf(name: string, { from, to }: ReviewPlan): string {
  const time = to.toString(16).padStart(12, '0')
  const rest = createHash('sha256')
    .update(JSON.stringify([name, from, to]))
    .digest('hex')
  const variant = ((Number.parseInt(rest.slice(3, 4), 16) & 0x3) | 0x8).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-${variant}${rest.slice(4, 7)}-${rest.slice(7, 19)}`
}
