import * as z from 'zod'
import { name, positiveDuration, time } from './schema_values.ts'

const group = z.string().min(1)

export const reviewsSection = z
  .array(
    z.strictObject({
      name,
      from: time.describe('When the first period begins.'),
      every: positiveDuration.describe('How long a period is; its review opens when it is over.'),
      reviewers: z.array(group).min(1).describe('Groups that answer. Nobody answers for their own access.'),
      due: positiveDuration.prefault('14d').describe('So long after it was opened.'),
      onUnanswered: z
        .enum(['revoke', 'escalate'])
        .default('revoke')
        .describe('What becomes of a line that nobody answers in time.'),
    }),
  )
  .describe('Access reviews that open by themselves, each for the period before.')
