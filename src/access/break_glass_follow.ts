import { firstOf } from '../policy/grant.ts'
import type { Role } from '../policy/role.ts'
import { awaiting, OPEN_REVIEW } from './break_glass_review.ts'
import { endGrant, isOpen, newGrant } from './grants.ts'
import type { Standing } from './incident_standing.ts'
import type { AccessRequest, GrantRecord } from './model.ts'
import type { AccessPolicy } from './policy.ts'
import { type Act, happened, ofGrant, type Transition, together } from './transition.ts'

/** The part of the grant's time before its end in which it is renewed: before its holder is told that it ends. */
const RENEWAL_PART = 5

/** True where the grant ends soon, so that it has to be renewed, or left to end. */
export function isRenewalDue({ grant, state }: GrantRecord, now: number): boolean {
  return state === 'active' && now >= grant.end - (grant.end - grant.start) / RENEWAL_PART && now < grant.end
}

/**
 * What the state of the incident does to a break-glass grant. A grant never changes, so it is renewed by a new one that
 * begins where it ends, and which its review goes over to. Null where nothing is due.
 */
export function followIncident(
  act: Act,
  record: GrantRecord,
  standing: Standing,
  request: AccessRequest,
  policy: AccessPolicy,
  renewalId: string,
): Transition | null {
  if (!isOpen(record)) return null
  const role = policy.roles.get(record.grant.role)
  if (standing.kind === 'closed') return closeBreakGlass(act, record, 'the incident is closed', policy, standing.at)
  // An incident that went over to another person, or can't be looked at, ends nothing at once: it is not renewed.
  if (record.review === null) return null
  if (standing.kind !== 'open' || role?.asking.breakGlass !== true || !isRenewalDue(record, act.now)) return null
  return renew(act, record, standing, request, role, renewalId)
}

function renew(
  act: Act,
  record: GrantRecord,
  standing: Extract<Standing, { kind: 'open' }>,
  request: AccessRequest,
  role: Role,
  renewalId: string,
): Transition {
  const { start, end } = record.grant
  const follows = { id: record.id, first: firstOf(record.grant) }
  const renewed = { ...record.grant, id: renewalId, start: end, end: end + (end - start), follows }
  const { grant, transition } = newGrant(act, renewed, request, role, OPEN_REVIEW)
  const detail = { previous: record.id, end: renewed.end, unverified: standing.flagged }
  const severity = standing.flagged ? 'high' : 'medium'
  const handedOn: Transition = {
    writes: [{ into: 'grants', how: 'update', record: { ...record, review: null } }],
    events: [happened(act, 'break_glass.renewed', { ...ofGrant(grant), severity, detail })],
  }
  return together(handedOn, transition)
}

/** Ends it, and asks for its review. */
function closeBreakGlass(
  act: Act,
  record: GrantRecord,
  why: string,
  policy: AccessPolicy,
  closedAt: number | null,
): Transition {
  // The review of a grant that was renewed is that of the one that follows it.
  const waiting = record.review === null ? record : awaiting(act, record, policy, closedAt)
  const ended = endGrant(act, waiting, 'revoked', why)
  const detail = { dueAt: waiting.review?.dueAt ?? null }
  const closed = happened(act, 'break_glass.incident_closed', { ...ofGrant(record), reason: why, detail })
  return { writes: ended.writes, events: [closed, ...ended.events] }
}
