import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { IncidentRef } from '../policy/grant.ts'
import type { ParameterValue, Role } from '../policy/role.ts'
import { endGrant, isOpen, newGrant } from './grants.ts'
import type { AccessRequest, BreakGlassReview, GrantRecord } from './model.ts'
import { isNamedBy, isOneOf, refOf } from './person.ts'
import type { AccessPolicy, TargetFacts } from './policy.ts'
import type { IncidentAnswer } from './ports.ts'
import { type Act, FIRST_VERSION, happened, ofGrant, ofRequest, type Transition, together } from './transition.ts'
import { checkedReason, checkParameters, knownRole, knownTarget, refuseRequest } from './validate.ts'

/** Access at once in an incident: nobody is asked before, and everybody looks after. */

export interface Emergency {
  readonly target: string
  readonly role: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly incident: IncidentRef
  readonly reason: string
}

/** What an incident says of a person on a target. */
export type Standing =
  | { readonly kind: 'open'; readonly title: string; readonly flagged: boolean }
  | { readonly kind: 'closed'; readonly at: number | null }
  /** Not an answer that anything could be built on. */
  | { readonly kind: 'doubtful'; readonly why: string }
  | { readonly kind: 'not_yours'; readonly why: string }

/** `onUnverified` is what to do where the provider can't be reached; an incident that it doesn't know is never open. */
export function standingOf(
  answer: IncidentAnswer,
  person: Identity,
  target: TargetFacts,
  onUnverified: 'deny' | 'allow_and_flag',
): Standing {
  if (answer.kind === 'unknown') return { kind: 'doubtful', why: `the provider doesn't know it: ${answer.detail}` }
  if (answer.kind === 'unreachable') {
    if (onUnverified === 'allow_and_flag') return { kind: 'open', title: '', flagged: true }
    return { kind: 'doubtful', why: `the provider can't be asked: ${answer.detail}` }
  }
  if (!answer.open) return { kind: 'closed', at: answer.closedAt }
  if (!isNamedBy(person, [...answer.assignees, ...answer.onCall])) {
    return { kind: 'not_yours', why: 'it is neither assigned to you nor are you on call for it' }
  }
  const service = Object.hasOwn(target.labels, 'service') ? target.labels.service : undefined
  if (service === undefined || !answer.services.includes(service)) {
    return { kind: 'not_yours', why: `it does not affect the service of ${target.name} (${service ?? 'it has none'})` }
  }
  return { kind: 'open', title: answer.title, flagged: false }
}

/** The role for break-glass, which the caller may leave out where there is just one. */
export function emergencyRole(policy: AccessPolicy, name: string | null): Role {
  if (name !== null) {
    const role = knownRole(policy, name)
    return role.asking.breakGlass ? role : refuseRequest(`the role ${name} is not for break-glass`)
  }
  const roles = [...policy.roles.values()].filter(({ asking }) => asking.breakGlass)
  const [role] = roles
  if (role === undefined) refuseRequest('no role is for break-glass')
  if (roles.length > 1) refuseRequest(`name one of the roles ${roles.map((one) => one.name).join(', ')}`)
  return role as Role
}

/** Throws `SP-REVIEW-OVERDUE` where a break-glass of the person waits too long for its review. */
export function checkReviews(held: readonly GrantRecord[], now: number): void {
  const late = held.find(({ review }) => isOverdue(review, now))
  if (late === undefined) return
  throw new SallyportError('SP-REVIEW-OVERDUE', `the review of your break-glass ${late.id} is overdue`)
}

function isOverdue(review: BreakGlassReview | null, now: number): boolean {
  if (review === null) return false
  return (
    review.state === 'overdue' || (review.state === 'awaiting_review' && review.dueAt !== null && now > review.dueAt)
  )
}

const OPEN_REVIEW: BreakGlassReview = {
  state: 'open',
  closedAt: null,
  dueAt: null,
  reviewer: null,
  judgment: null,
  reason: null,
  at: null,
}

export interface Started {
  readonly request: AccessRequest
  readonly grant: GrantRecord
  readonly transition: Transition
}

/** Throws `SP-INCIDENT`, `SP-REVIEW-OVERDUE` or `SP-REQUEST`. `held` are the break-glass grants of the person. */
export function startBreakGlass(
  act: Act,
  person: Identity,
  wish: Emergency,
  standing: Standing,
  around: {
    readonly policy: AccessPolicy
    readonly held: readonly GrantRecord[]
    readonly requestId: string
    readonly grantId: string
  },
): Started {
  const { policy, requestId, grantId } = around
  const role = emergencyRole(policy, wish.role)
  const target = knownTarget(policy, wish.target)
  checkParameters(role, wish.parameters)
  checkReviews(around.held, act.now)
  if (standing.kind !== 'open') throw new SallyportError('SP-INCIDENT', whyNot(wish.incident, standing))
  const durationMs = Math.min(policy.settings.breakGlassMs, role.asking.maxDurationMs)
  const request: AccessRequest = {
    id: requestId,
    version: FIRST_VERSION,
    state: 'approved',
    kind: 'break_glass',
    requester: refOf(person),
    groups: person.groups,
    target: target.name,
    role: role.name,
    parameters: wish.parameters,
    narrowing: null,
    durationMs,
    start: null,
    reason: checkedReason(wish.reason, role),
    ticket: null,
    incident: wish.incident,
    plan: null,
    risks: [],
    extendsGrant: null,
    fromRefusal: null,
    rule: { name: 'break-glass', digest: role.digest },
    stages: [],
    createdAt: act.now,
    expiresAt: act.now,
    decidedAt: act.now,
    grantId,
  }
  const { grant, transition } = newGrant(act, grantOfIncident(act, request, grantId), request, role, OPEN_REVIEW)
  const detail = { title: standing.title, unverified: standing.flagged, end: grant.grant.end }
  const started: Transition = {
    writes: [{ into: 'requests', how: 'insert', record: request }],
    events: [
      happened(act, 'request.created', {
        ...ofRequest(request),
        reason: request.reason,
        detail: { kind: 'break_glass' },
      }),
      happened(act, 'break_glass.started', { ...ofGrant(grant), severity: 'high', reason: request.reason, detail }),
    ],
  }
  return { request, grant, transition: together(started, transition) }
}

function whyNot({ provider, id }: IncidentRef, standing: Exclude<Standing, { kind: 'open' }>): string {
  if (standing.kind === 'closed') return `the incident ${id} of ${provider} is not open`
  return `the incident ${id} of ${provider}: ${standing.why}`
}

function grantOfIncident(act: Act, request: AccessRequest, id: string): GrantRecord['grant'] {
  const { issuer, subject } = request.requester
  return {
    id,
    kind: 'break_glass',
    principal: { issuer, subject },
    target: request.target,
    role: request.role,
    parameters: new Map(Object.entries(request.parameters)),
    narrowing: null,
    start: act.now,
    end: act.now + request.durationMs,
    reason: request.reason,
    ticket: request.ticket,
    incident: request.incident,
    requestId: request.id,
    plan: null,
  }
}

/** A part of the grant's time before its end in which it is renewed. */
const RENEWAL_PART = 6

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
  const renewed = { ...record.grant, id: renewalId, start: end, end: end + (end - start) }
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

/** A provider's clock may be wrong: the time for the review never begins before now less what it takes to notice. */
function awaiting(act: Act, record: GrantRecord, { settings }: AccessPolicy, closedAt: number | null): GrantRecord {
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

/** The refusal of a break-glass is an event too: somebody tried. */
export function refusedBreakGlass(act: Act, wish: Emergency, error: SallyportError): Transition {
  const { provider, id } = wish.incident
  const refused = happened(act, 'break_glass.refused', {
    entity: { type: 'incident', id: `${provider} ${id}` },
    severity: 'high',
    target: wish.target,
    role: wish.role,
    incident: `${provider} ${id}`,
    reason: wish.reason,
    detail: { code: error.code, why: error.detail },
  })
  return { writes: [], events: [refused] }
}
