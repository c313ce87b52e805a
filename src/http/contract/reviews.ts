import * as z from 'zod'
import { grantedUnit, use } from './granted_unit.ts'
import { operation } from './operation.ts'
import { idText, nameText } from './shown.ts'
import {
  count,
  fields,
  id,
  idParams,
  list,
  maybeTime,
  name,
  page,
  pageQuery,
  person,
  reason,
  shown,
  time,
} from './values.ts'

const onUnanswered = z.enum(['revoke', 'escalate'])

const review = shown({
  id: idText,
  name: nameText,
  from: time,
  to: time,
  state: z.enum(['open', 'completed']),
  reviewerGroups: z.array(z.string()),
  dueAt: time,
  remindedAt: maybeTime,
  onUnanswered,
  createdBy: person.nullable(),
  createdAt: time,
  completedAt: maybeTime,
}).meta({ id: 'AccessReview' })

const itemFields = {
  id: idText,
  reviewId: z.string(),
  grantId: z.string(),
  holder: person,
  target: nameText,
  role: nameText,
  kind: z.string(),
  use: z.enum(['used', 'unused', 'unknown']).describe('unknown never counts as unused.'),
  statements: count,
  lastUsedAt: maybeTime,
  decision: z.enum(['keep', 'revoke', 'escalated']).nullable(),
  by: person.nullable(),
  reason: z.string().nullable(),
  at: maybeTime,
}
const item = shown(itemFields).meta({ id: 'ReviewItem' })
const itemWithUse = shown({
  ...itemFields,
  granted: z.array(grantedUnit).nullable().describe('By the role as it is now; null where it is gone.'),
  used: z.array(use).nullable().describe('What was done under the grant so far, by table and verb.'),
}).meta({ id: 'ReviewItemWithUse' })

const base = { tag: 'access-reviews' } as const
const one = { ...base, rate: 'read', status: 200, params: idParams } as const

export const reviewOperations = {
  openReview: operation({
    ...base,
    method: 'POST',
    path: '/v1/access-reviews',
    summary: 'Open a review of who had what in a period, with its real use.',
    rate: 'heavy',
    status: 201,
    body: fields({
      name,
      from: time,
      to: time,
      reviewerGroups: list(name).min(1),
      dueAt: time,
      onUnanswered: onUnanswered.default('revoke'),
    }).meta({ id: 'NewAccessReview' }),
    answer: review,
  }),
  listReviews: operation({
    ...base,
    method: 'GET',
    path: '/v1/access-reviews',
    summary: 'List access reviews.',
    rate: 'read',
    status: 200,
    query: z.strictObject(pageQuery),
    answer: page(review).meta({ id: 'AccessReviewPage' }),
  }),
  getReview: operation({
    ...one,
    method: 'GET',
    path: '/v1/access-reviews/{id}',
    summary: 'Show an access review.',
    answer: review,
  }),
  listReviewItems: operation({
    ...one,
    method: 'GET',
    path: '/v1/access-reviews/{id}/items',
    summary: 'The lines of an access review: granted, and used.',
    query: z.strictObject(pageQuery),
    answer: page(itemWithUse).meta({ id: 'ReviewItemPage' }),
  }),
  answerReviewItem: operation({
    ...base,
    method: 'POST',
    path: '/v1/access-reviews/{id}/items/{item}/answer',
    summary: 'Keep or revoke one line; never one of one’s own.',
    rate: 'write',
    status: 200,
    params: z.strictObject({ id, item: id }),
    body: fields({ decision: z.enum(['keep', 'revoke']), reason }).meta({ id: 'ReviewAnswer' }),
    answer: item,
  }),
  completeReview: operation({
    ...base,
    method: 'POST',
    path: '/v1/access-reviews/{id}/complete',
    summary: 'Close a review that is answered.',
    rate: 'write',
    status: 200,
    params: idParams,
    answer: review,
  }),
} as const
