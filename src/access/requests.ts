import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { MigrationPlan, Narrowing } from '../policy/grant.ts'
import { narrowRole } from '../policy/narrow.ts'
import { addsUnclassified } from '../policy/risk.ts'
import type { Risk } from '../policy/risk_finding.ts'
import type { ParameterValue, Role } from '../policy/role.ts'
import type { Verb } from '../sql/facts.ts'
import { chooseRule, openStages, type StageTemplate } from './approval_rules.ts'
import { type Approver, canBeApproved } from './approvers.ts'
import type { ConditionFacts } from './conditions.ts'
import { grantOf } from './grants.ts'
import type { AccessRequest, GrantRecord, PersonRef, RequestKind, RequestState } from './model.ts'
import { isOneOf, isSelf, refOf } from './person.ts'
import type { AccessPolicy, TargetFacts } from './policy.ts'
import { checkStandingCap } from './standing_cap.ts'
import { type Act, FIRST_VERSION, happened, ofRequest, type Transition, together } from './transition.ts'
import {
  boundParameters,
  checkedDuration,
  checkedReason,
  checkedStart,
  checkedTicket,
  checkNarrowing,
  knownRole,
  knownTarget,
} from './validate.ts'

/** What a person asks for. */
export interface Wish {
  readonly kind: Exclude<RequestKind, 'break_glass'>
  readonly target: string
  readonly role: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly narrowing: Narrowing | null
  readonly durationMs: number | null
  readonly start: number | null
  readonly reason: string
  readonly ticket: string | null
  readonly plan: MigrationPlan | null
  readonly risks: readonly Risk[]
  readonly extendsGrant: string | null
  readonly fromRefusal: string | null
}

/** What stands around a wish when it is told. */
export interface Surroundings {
  readonly policy: AccessPolicy
  readonly person: Identity
  /** Those who were seen of late, and members by file. */
  readonly people: readonly Approver[]
  /** Who changed the role, or the rule of that name, of late. */
  readonly changedBy: (rule: string) => readonly PersonRef[]
  /** Own grants of the role on the target. */
  readonly held: readonly GrantRecord[]
  /** The classes that the scope touches; null: not known. */
  readonly classification: readonly string[] | null
  readonly requestId: string
  readonly grantId: string
}

export interface Told {
  readonly request: AccessRequest
  /** Where the rule approved by itself. */
  readonly grant: GrantRecord | null
  readonly transition: Transition
}

/** Throws `SP-REQUEST`, `SP-NO-RULE` or `SP-NO-APPROVER`. */
export function createRequest(act: Act, wish: Wish, around: Surroundings): Told {
  const request: AccessRequest = {
    id: around.requestId,
    version: FIRST_VERSION,
    requester: refOf(around.person),
    groups: around.person.groups,
    incident: null,
    createdAt: act.now,
    decidedAt: null,
    grantId: null,
    ...judged(act, wish, around),
  }
  const created = happened(act, 'request.created', { ...ofRequest(request), ...described(request) })
  return decided(act, request, around, { writes: [], events: [created] }, 'insert')
}

/** What was asked for is replaced, and judged from the beginning: no vote for the old one counts for the new one. */
export function amendRequest(act: Act, request: AccessRequest, wish: Wish, around: Surroundings): Told {
  if (act.by === null || !isSelf(act.by, request.requester)) {
    throw new SallyportError('SP-NOT-FOUND', `no request ${request.id} of yours`)
  }
  expectState(request, ['pending', 'changes_requested'])
  const amended: AccessRequest = { ...request, groups: around.person.groups, ...judged(act, wish, around) }
  const event = happened(act, 'request.amended', { ...ofRequest(amended), ...described(amended) })
  return decided(act, amended, around, { writes: [], events: [event] }, 'update')
}

export function cancelRequest(act: Act, request: AccessRequest, reason: string): Transition {
  if (act.by === null || !isSelf(act.by, request.requester)) {
    throw new SallyportError('SP-NOT-FOUND', `no request ${request.id} of yours`)
  }
  expectState(request, ['pending', 'changes_requested'])
  return ended(act, request, 'cancelled', checkedReason(reason))
}

/** Null where it is not over yet. */
export function expireRequest(act: Act, request: AccessRequest): Transition | null {
  if (request.state !== 'pending' && request.state !== 'changes_requested') return null
  return act.now < request.expiresAt ? null : ended(act, request, 'expired', null)
}

function ended(act: Act, request: AccessRequest, state: 'cancelled' | 'expired', reason: string | null): Transition {
  const record = { ...request, state, decidedAt: act.now }
  return {
    writes: [{ into: 'requests', how: 'update', record }],
    events: [happened(act, `request.${state}`, { ...ofRequest(record), reason })],
  }
}

export function expectState(request: AccessRequest, states: readonly RequestState[]): void {
  if (states.includes(request.state)) return
  throw new SallyportError('SP-STATE', `the request is ${request.state.replace('_', ' ')}`)
}

/** Every field of a request that depends on what is asked for. */
function judged(act: Act, wish: Wish, around: Surroundings) {
  const { policy } = around
  const role = knownRole(policy, wish.role)
  const target = knownTarget(policy, wish.target)
  const parameters = boundParameters(role, around.person, wish.parameters)
  checkNarrowing(role, wish.narrowing)
  const durationMs = checkedDuration(role, wish.durationMs)
  const start = checkedStart(wish.start, act.now, policy.settings.maxStartAheadMs)
  const begins = start ?? act.now
  checkStandingCap(role, around.held, { start: begins, end: begins + durationMs })
  const facts = factsOf(around, role, target, { ...wish, durationMs }, begins)
  const { rule, stages } = chooseRule(policy.rules, role, facts)
  return {
    state: 'pending' as const,
    kind: wish.kind,
    target: target.name,
    role: role.name,
    parameters,
    narrowing: wish.narrowing,
    durationMs,
    start,
    reason: checkedReason(wish.reason, role),
    ticket: checkedTicket(wish.ticket, role),
    plan: wish.plan,
    risks: wish.risks,
    extendsGrant: wish.extendsGrant,
    fromRefusal: wish.fromRefusal,
    rule,
    stages: openStages([...stages, ...classificationStage(wish.risks, policy)], act.now),
    expiresAt: Math.max(act.now, start ?? 0) + policy.settings.requestExpiryMs,
  }
}

/** The hours that count are those in which the access begins. */
export function factsOf(
  around: Pick<Surroundings, 'person' | 'classification'>,
  role: Role,
  target: TargetFacts,
  wish: Pick<Wish, 'kind' | 'narrowing' | 'risks'> & { readonly durationMs: number },
  now: number,
): ConditionFacts {
  const { issuer, subject, email, name, groups } = around.person
  return {
    person: { issuer, subject, ...(email !== null && { email }), ...(name !== null && { name }) },
    groups,
    target: { name: target.name, engine: target.engine, labels: target.labels },
    role: role.name,
    kind: wish.kind,
    verbs: verbsOf(role, wish.narrowing),
    durationMs: wish.durationMs,
    ...(around.classification !== null && { classification: around.classification }),
    risks: wish.risks.map(({ kind, severity }) => ({ kind, severity })),
    now,
  }
}

const ALL_VERBS: readonly Verb[] = ['read', 'insert', 'update', 'delete', 'ddl', 'call', 'export', 'explain', 'session']

function verbsOf(role: Role, narrowing: Narrowing | null): readonly Verb[] {
  const { unrestricted, scope, call } = narrowRole(role, narrowing)
  if (unrestricted) return ALL_VERBS
  return [...new Set([...scope.flatMap(({ verbs }) => verbs), ...(call.length > 0 ? ['call' as const] : [])])]
}

/** Columns without a class would be masked by nothing: security looks at them before they exist. */
function classificationStage(risks: readonly Risk[], { settings }: AccessPolicy): readonly StageTemplate[] {
  const groups = settings.classificationGroups
  if (groups.length === 0 || !addsUnclassified(risks)) return []
  return [
    {
      name: 'classification',
      groups,
      quorum: 1,
      distinctGroups: false,
      freshLoginMs: 0,
      nudgeAfterMs: 0,
      escalateAfterMs: 0,
      escalateTo: [],
    },
  ]
}

function decided(
  act: Act,
  request: AccessRequest,
  around: Surroundings,
  so_far: Transition,
  how: 'insert' | 'update',
): Told {
  const changedBy = around.changedBy(request.rule.name)
  if (request.stages.length > 0) {
    const excluded = { requester: around.person, changedBy }
    if (!canBeApproved(request, around.people, excluded, around.policy)) throw nobody(request)
    const written: Transition = { writes: [{ into: 'requests', how, record: request }], events: [] }
    return { request, grant: null, transition: together(written, so_far) }
  }
  if (isOneOf(around.person, changedBy)) {
    const what = 'you changed the role or the rule that would approve this by itself'
    throw new SallyportError('SP-SEPARATION', what)
  }
  const role = knownRole(around.policy, request.role)
  const approved = { ...request, state: 'approved' as const, decidedAt: act.now, grantId: around.grantId }
  const { grant, transition } = grantOf(act, approved, role, around.grantId, around.held)
  const written: Transition = {
    writes: [{ into: 'requests', how, record: approved }],
    events: [
      happened(act, 'request.approved', {
        ...ofRequest(approved),
        detail: { rule: approved.rule.name, ruleDigest: approved.rule.digest, by: 'rule' },
      }),
    ],
  }
  return { request: approved, grant, transition: together(so_far, written, transition) }
}

function nobody({ stages }: AccessRequest): SallyportError {
  const said = stages.map(({ groups, quorum }) => `${quorum} of ${groups.join(', ')}`).join(', then ')
  return new SallyportError('SP-NO-APPROVER', `too few people are known who may approve it: it needs ${said}`)
}

function described(request: AccessRequest) {
  const { reason, kind, durationMs, parameters, narrowing, rule, stages, plan, risks, extendsGrant } = request
  const detail = {
    kind,
    durationMs,
    parameters,
    narrowing,
    rule: rule.name,
    ruleDigest: rule.digest,
    stages: stages.map(({ name, groups, quorum }) => ({ name, groups, quorum })),
    planDigest: plan?.digest ?? null,
    risks: risks.length,
    extendsGrant,
    fromRefusal: request.fromRefusal,
  }
  return { reason, detail }
}
