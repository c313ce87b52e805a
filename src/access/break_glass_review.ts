import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { isOpen } from './grants.ts'
import type { BreakGlassReview, GrantRecord } from './model.ts'
import { isOneOf, refOf } from './person.ts'
import type { AccessPolicy } from './policy.ts'
import { type Act, happened, ofGrant, type Transition } from './transition.ts'
import { checkedReason } from './validate.ts'

/** Everybody looks after what nobody was asked for before. */

export const OPEN_REVIEW: BreakGlassReview = {
  state: 'open',
  closedAt: null,
  dueAt: null,
  reviewer: null,
  judgment: null,
  reason: null,
  at: null,
}

export function isOverdue(review: BreakGlassReview | null, now: number): boolean {
  if (review === null) return false
  return (
    review.state === 'overdue' || (review.state === 'awaiting_review' && review.dueAt !== null && now > review.dueAt)
  )
}

/** A provider's clock may be wrong: the time for the review never begins before now less what it takes to notice. */
export function awaiting(
  act: Act,
  record: GrantRecord,
  { settings }: AccessPolicy,
  closedAt: number | null,
): GrantRecord {
  const noticed = Math.max(act.now - settings.reviewWithinMs / 2, Math.min(closedAt ?? act.now, act.now))
  const review: BreakGlassReview = {
    ...OPEN_REVIEW,
    state: 'awaiting_review',
    closedAt: noticed,
    dueAt: noticed + settings.reviewWithinMs,
  }
  return { ...record, review }
}

/** A review whose time has come, or gone. Null where nothing is due. */
export function tickReview(act: Act, record: GrantRecord, policy: AccessPolicy): Transition | null {
  const { review } = record
  if (review === null) return null
  if (review.state === 'open' && !isOpen(record)) {
    const waiting = awaiting(act, record, policy, record.endedAt)
    const detail = { dueAt: waiting.review?.dueAt ?? null, state: record.state }
    return {
      writes: [{ into: 'grants', how: 'update', record: waiting }],
      events: [happened(act, 'break_glass.incident_closed', { ...ofGrant(waiting), detail })],
    }
  }
  if (review.state !== 'awaiting_review' || !isOverdue(review, act.now)) return null
  const overdue: GrantRecord = { ...record, review: { ...review, state: 'overdue' } }
  const detail = { dueAt: review.dueAt }
  return {
    writes: [{ into: 'grants', how: 'update', record: overdue }],
    events: [happened(act, 'break_glass.overdue', { ...ofGrant(overdue), severity: 'high', detail })],
  }
}

/** Throws `SP-STATE`, `SP-SEPARATION` or `SP-FORBIDDEN`. */
export function reviewBreakGlass(
  act: Act,
  record: GrantRecord,
  reviewer: Identity,
  verdict: { readonly judgment: 'justified' | 'unjustified'; readonly reason: string },
  policy: AccessPolicy,
): Transition {
  const { review } = record
  if (review === null) throw new SallyportError('SP-STATE', 'the grant has no review of its own')
  if (review.state !== 'awaiting_review' && review.state !== 'overdue') {
    throw new SallyportError('SP-STATE', `the review is ${review.state.replace('_', ' ')}`)
  }
  if (isOneOf(reviewer, [record.holder])) {
    throw new SallyportError('SP-SEPARATION', 'nobody reviews their own break-glass')
  }
  const { reviewGroups } = policy.settings
  if (!reviewGroups.some((group) => reviewer.groups.includes(group))) {
    throw new SallyportError('SP-FORBIDDEN', `break-glass is reviewed by ${reviewGroups.join(', ') || 'nobody yet'}`)
  }
  const { judgment } = verdict
  const reason = checkedReason(verdict.reason)
  const done: BreakGlassReview = {
    ...review,
    state: 'reviewed',
    reviewer: refOf(reviewer),
    judgment,
    reason,
    at: act.now,
  }
  const reviewed: GrantRecord = { ...record, review: done }
  const detail = { judgment, late: review.state === 'overdue' }
  const severity = judgment === 'unjustified' ? 'high' : 'info'
  return {
    writes: [{ into: 'grants', how: 'update', record: reviewed }],
    events: [happened(act, 'break_glass.reviewed', { ...ofGrant(reviewed), severity, reason, detail })],
  }
}
