import type { ReviewSchedule } from '../access/review_calendar.ts'
import type { ReviewSection } from './schema_file.ts'

export function buildReview(section: ReviewSection): ReviewSchedule {
  const { name, from, every, reviewers, due, onUnanswered } = section
  return {
    name,
    from: Date.parse(from),
    everyMs: every,
    reviewerGroups: reviewers,
    dueAfterMs: due,
    onUnanswered,
  }
}
