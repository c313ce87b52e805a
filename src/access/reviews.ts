import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { endGrant, isOpen } from './grants.ts'
import type { GrantRecord } from './model.ts'
import { refOf, samePerson } from './person.ts'
import type { AccessReview, ReviewItem } from './records.ts'
import { type Act, actorOf, FIRST_VERSION, happened, type Transition, together } from './transition.ts'
import { checkedReason } from './validate.ts'

/** Who had what in a period, and used what of it: each line is kept or revoked by a person, with a reason. */

export type ReviewPlan = Pick<AccessReview, 'name' | 'from' | 'to' | 'reviewerGroups' | 'dueAt' | 'onUnanswered'>

/** A line before it has an id. */
export type Line = Pick<
  ReviewItem,
  'grantId' | 'holder' | 'target' | 'role' | 'kind' | 'use' | 'statements' | 'lastUsedAt'
>

/** What is known of a grant's use in the period. */
export interface Use {
  readonly statements: number
  readonly lastUsedAt: number | null
  /** The records of the whole period can be read. */
  readonly known: boolean
}

/** What can't be known is never called unused. */
export function lineOf(record: GrantRecord, use: Use): Line {
  const used = use.statements > 0 || use.lastUsedAt !== null
  return {
    grantId: record.id,
    holder: refOf(record.holder),
    target: record.grant.target,
    role: record.grant.role,
    kind: record.grant.kind,
    use: used ? 'used' : use.known ? 'unused' : 'unknown',
    statements: use.statements,
    lastUsedAt: use.lastUsedAt,
  }
}

export function openReview(
  act: Act,
  plan: ReviewPlan,
  lines: readonly Line[],
  id: string,
  newId: () => string,
): { readonly review: AccessReview; readonly transition: Transition } {
  if (plan.from >= plan.to || plan.from > act.now) throw new SallyportError('SP-REQUEST', 'the period is empty')
  if (plan.dueAt <= act.now) throw new SallyportError('SP-REQUEST', 'the review would be due already')
  if (plan.reviewerGroups.length === 0) throw new SallyportError('SP-REQUEST', 'name the groups that review')
  const { name, from, to, reviewerGroups, dueAt, onUnanswered } = plan
  const review: AccessReview = {
    id,
    version: FIRST_VERSION,
    name,
    from,
    to,
    state: 'open',
    reviewerGroups,
    dueAt,
    remindedAt: null,
    onUnanswered,
    createdBy: actorOf(act),
    createdAt: act.now,
    completedAt: null,
  }
  const items = lines.map(
    (line): ReviewItem => ({
      ...line,
      id: newId(),
      version: FIRST_VERSION,
      reviewId: id,
      decision: null,
      by: null,
      reason: null,
      at: null,
    }),
  )
  const detail = { name, from, to, dueAt, reviewerGroups, onUnanswered, lines: items.length }
  return {
    review,
    transition: {
      writes: [
        { into: 'reviews', how: 'insert', record: review },
        ...items.map((record) => ({ into: 'reviewItems' as const, how: 'insert' as const, record })),
      ],
      events: [happened(act, 'review.opened', { ...of(review), detail })],
    },
  }
}

/** Throws `SP-STATE`, `SP-FORBIDDEN` or `SP-SEPARATION`. `record` is the grant, where the store has it. */
export function answerReview(
  act: Act,
  review: AccessReview,
  item: ReviewItem,
  answer: { readonly decision: 'keep' | 'revoke'; readonly reason: string },
  reviewer: Identity,
  record: GrantRecord | null,
): Transition {
  expectOpenReview(review)
  if (item.decision === 'keep' || item.decision === 'revoke') {
    throw new SallyportError('SP-STATE', `the line was answered: ${item.decision}`)
  }
  if (!review.reviewerGroups.some((group) => reviewer.groups.includes(group))) {
    throw new SallyportError('SP-FORBIDDEN', `the review is answered by ${review.reviewerGroups.join(', ')}`)
  }
  if (holdsIt(reviewer, item.holder)) throw new SallyportError('SP-SEPARATION', 'nobody reviews their own access')
  const reason = checkedReason(answer.reason)
  return answered(act, item, answer.decision, reason, refOf(reviewer), record)
}

/** A grant of a policy file names a group, or a subject of whichever issuer: see `fileRecord` of the control plane. */
function holdsIt(reviewer: Identity, holder: ReviewItem['holder']): boolean {
  if (samePerson(reviewer, holder)) return true
  if (holder.issuer !== '') return false
  return holder.subject === reviewer.subject || reviewer.groups.some((group) => holder.subject === `group ${group}`)
}

function answered(
  act: Act,
  item: ReviewItem,
  decision: NonNullable<ReviewItem['decision']>,
  reason: string,
  by: ReviewItem['by'],
  record: GrantRecord | null,
): Transition {
  const line: ReviewItem = { ...item, decision, by, reason, at: act.now }
  const ends = decision === 'revoke' && record !== null && isOpen(record)
  const event = happened(act, 'review.answered', {
    entity: { type: 'review', id: item.reviewId },
    severity: decision === 'keep' ? 'info' : decision === 'revoke' ? 'medium' : 'high',
    person: item.holder,
    target: item.target,
    role: item.role,
    grantId: item.grantId,
    reason,
    // A grant of a policy file stands until the file is changed.
    detail: {
      decision,
      use: item.use,
      ended: ends,
      toBeRemovedFromFile: decision === 'revoke' && item.kind === 'file',
    },
  })
  const written: Transition = { writes: [{ into: 'reviewItems', how: 'update', record: line }], events: [event] }
  return ends ? together(written, endGrant(act, record, 'revoked', `access review: ${reason}`)) : written
}

/** Null where the review is not due; else what is done to a line that nobody answered. */
export function settleUnanswered(
  act: Act,
  review: AccessReview,
  item: ReviewItem,
  record: GrantRecord | null,
): Transition | null {
  if (review.state !== 'open' || act.now < review.dueAt || item.decision !== null) return null
  const decision = review.onUnanswered === 'revoke' ? 'revoke' : 'escalated'
  return answered(act, item, decision, 'nobody answered in time', null, record)
}

/** Null where it is not time, or was done. */
export function remind(act: Act, review: AccessReview, unanswered: number, beforeMs: number): Transition | null {
  if (review.state !== 'open' || review.remindedAt !== null || unanswered === 0) return null
  if (act.now < review.dueAt - beforeMs) return null
  const detail = { dueAt: review.dueAt, unanswered, reviewerGroups: review.reviewerGroups }
  return {
    writes: [{ into: 'reviews', how: 'update', record: { ...review, remindedAt: act.now } }],
    events: [happened(act, 'review.reminded', { ...of(review), detail })],
  }
}

/** `open` are the lines that wait for a person still: nobody's answer, or one that was escalated. */
export function completeReview(
  act: Act,
  review: AccessReview,
  open: number,
  counts: Readonly<Record<'keep' | 'revoke', number>>,
): Transition {
  expectOpenReview(review)
  if (open > 0) throw new SallyportError('SP-STATE', `${open} lines wait for an answer`)
  return {
    writes: [{ into: 'reviews', how: 'update', record: { ...review, state: 'completed', completedAt: act.now } }],
    events: [happened(act, 'review.completed', { ...of(review), detail: { ...counts } })],
  }
}

function expectOpenReview({ state }: AccessReview): void {
  if (state !== 'open') throw new SallyportError('SP-STATE', 'the review is completed')
}

function of({ id }: AccessReview) {
  return { entity: { type: 'review', id } }
}
