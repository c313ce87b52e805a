import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { IncidentRef } from '../policy/grant.ts'
import type { ParameterValue, Role } from '../policy/role.ts'
import { isOverdue, OPEN_REVIEW } from './break_glass_review.ts'
import { newGrant } from './grants.ts'
import type { Standing } from './incident_standing.ts'
import type { AccessRequest, GrantRecord } from './model.ts'
import { refOf } from './person.ts'
import type { AccessPolicy } from './policy.ts'
import { type Act, FIRST_VERSION, happened, ofGrant, ofRequest, type Transition, together } from './transition.ts'
import { boundParameters, checkedReason, knownRole, knownTarget, refuseRequest } from './validate.ts'

/** Access at once in an incident: nobody is asked before, and everybody looks after. */

export interface Emergency {
  readonly target: string
  readonly role: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly incident: IncidentRef
  readonly reason: string
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

export interface Started {
  readonly request: AccessRequest
  readonly grant: GrantRecord
  readonly transition: Transition
}

/** No recording, no session: what nobody could use is not given. Throws `SP-RECORDING`. */
function checkRecording({ canRecord }: AccessPolicy): void {
  if (canRecord) return
  throw new SallyportError('SP-RECORDING', 'break-glass is recorded, and no key is configured to seal recordings to')
}

/** Throws `SP-RECORDING`, `SP-INCIDENT`, `SP-REVIEW-OVERDUE` or `SP-REQUEST`. `held` are the break-glass grants of the person. */
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
  const parameters = boundParameters(role, person, wish.parameters)
  checkRecording(policy)
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
    parameters,
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
