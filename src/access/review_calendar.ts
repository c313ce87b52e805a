import type { ReviewPlan } from './reviews.ts'

/** Access reviews that open by themselves, each for the period before. */
export interface ReviewSchedule {
  readonly name: string
  /** When the first period begins. */
  readonly from: number
  readonly everyMs: number
  readonly reviewerGroups: readonly string[]
  /** After the review was opened. */
  readonly dueAfterMs: number
  readonly onUnanswered: ReviewPlan['onUnanswered']
}

/** The review of the last period that is over; null while the first one lasts. What was missed before it stays so. */
export function scheduledReview(schedule: ReviewSchedule, now: number): ReviewPlan | null {
  const { name, from: first, everyMs, reviewerGroups, dueAfterMs, onUnanswered } = schedule
  const over = Math.floor((now - first) / everyMs)
  if (over < 1) return null
  const to = first + over * everyMs
  const day = new Date(to).toISOString().slice(0, 10)
  const dueAt = Math.max(to, now) + dueAfterMs
  return { name: `${name} ${day}`, from: to - everyMs, to, reviewerGroups, dueAt, onUnanswered }
}
