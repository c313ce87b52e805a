import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { type Approver, delegatedRights, distinctGroups, type Excluded, isLive, rightsIn } from './approvers.ts'
import { grantOf, left } from './grants.ts'
import type { AccessRequest, GrantRecord, PersonRef, Stage, Vote } from './model.ts'
import { folded, isOneOf, nameOf, refOf, samePerson } from './person.ts'
import { type AccessPolicy, LEADS } from './policy.ts'
import type { Delegation } from './records.ts'
import { expectState } from './requests.ts'
import { checkStandingCap } from './standing_cap.ts'
import { type Act, happened, ofRequest, type Transition, together } from './transition.ts'
import { checkedReason, checkNarrowing, hours, knownRole, knownTarget } from './validate.ts'

/** What an approver says. */
export type Answer = Pick<Vote, 'decision' | 'reason' | 'narrowing' | 'durationMs'> & {
  /** The email of who delegated; null: the own right, or else any delegation that gives it. */
  readonly onBehalfOf: string | null
}

export interface VoteContext extends Excluded {
  readonly policy: AccessPolicy
  readonly voter: Identity
  /** To the voter. */
  readonly delegations: readonly Delegation[]
  /** Those who delegated to the voter, as they were seen of late. */
  readonly delegators: readonly Approver[]
  /** The requester's grants of the role on the target. */
  readonly held: readonly GrantRecord[]
  readonly grantId: string
}

interface Right {
  readonly groups: readonly string[]
  readonly onBehalfOf: PersonRef | null
}

export interface Voted {
  readonly request: AccessRequest
  readonly grant: GrantRecord | null
  readonly transition: Transition
}

/** Throws `SP-STATE`, `SP-SEPARATION`, `SP-FORBIDDEN`, `SP-FRESH-LOGIN` or `SP-REQUEST`. */
export function castVote(act: Act, request: AccessRequest, answer: Answer, context: VoteContext): Voted {
  expectState(request, ['pending'])
  if (act.now >= request.expiresAt) throw new SallyportError('SP-STATE', 'the request has expired')
  const { voter, requester } = context
  if (samePerson(voter, requester)) throw separation('nobody answers their own request')
  const index = request.stages.findIndex(({ completedAt }) => completedAt === null)
  const open = request.stages[index]
  if (open === undefined) throw new SallyportError('SP-STATE', 'the request has no stage that is open')
  const stage = answer.decision === 'approve' ? open : stageToStop(request, index, answer, act, context)
  const right = rightTo(stage, request, answer, act, context)
  // Whoever stops a request need not log in again for it.
  if (answer.decision === 'approve') {
    checkSeparation(request, right, context)
    checkFresh(stage, voter, act.now)
  }
  const vote = voteOf(act, request, answer, right, context)
  switch (answer.decision) {
    case 'approve':
      return approve(act, request, index, vote, context)
    case 'deny':
      return stop(act, request, stage, vote, 'denied')
    case 'changes':
      return stop(act, request, stage, vote, 'changes_requested')
  }
}

/** Whoever may answer any stage that is not complete may stop the request. */
function stageToStop(request: AccessRequest, from: number, answer: Answer, act: Act, context: VoteContext): Stage {
  const later = request.stages.slice(from)
  const mine = later.find((stage) => findRight(stage, request, answer, act, context) !== null)
  return mine ?? (request.stages[from] as Stage)
}

function rightTo(stage: Stage, request: AccessRequest, answer: Answer, act: Act, context: VoteContext): Right {
  const right = findRight(stage, request, answer, act, context)
  if (right !== null) return right
  throw new SallyportError('SP-FORBIDDEN', `this stage is answered by ${stage.groups.join(', ')}`)
}

function findRight(
  stage: Stage,
  request: AccessRequest,
  { onBehalfOf }: Answer,
  act: Act,
  context: VoteContext,
): Right | null {
  const { voter, policy } = context
  const own = onBehalfOf === null ? rightsIn(stage, voter, request, policy) : []
  if (own.length > 0) return { groups: own, onBehalfOf: null }
  for (const delegation of context.delegations) {
    const right = delegatedRight(stage, request, delegation, act, context)
    if (right === null) continue
    if (onBehalfOf === null || folded(onBehalfOf) === folded(right.onBehalfOf?.email ?? '')) return right
  }
  return null
}

/** One hop: what was delegated to the delegator is not theirs to pass on. The requester's own right is never used. */
function delegatedRight(
  stage: Stage,
  request: AccessRequest,
  delegation: Delegation,
  act: Act,
  { voter, delegators, requester, policy }: VoteContext,
): Right | null {
  const { from, to } = delegation
  if (!isLive(delegation, act.now) || to.issuer !== voter.issuer || to.subject !== voter.subject) return null
  const delegator = delegators.find(({ issuer, subject }) => issuer === from.issuer && subject === from.subject)
  if (delegator === undefined || isOneOf(delegator, [requester, voter])) return null
  const groups = delegatedRights(stage, delegation, delegator, request, policy)
  return groups.length === 0 ? null : { groups, onBehalfOf: refOf(delegator) }
}

/** Two approvals come from two people, whoever lends them their right, and neither from who made the rule. */
function checkSeparation(request: AccessRequest, { onBehalfOf }: Right, { voter, changedBy }: VoteContext): void {
  const before = request.stages.flatMap(({ votes }) => votes).flatMap((vote) => [vote.by, vote.onBehalfOf ?? []].flat())
  for (const person of [voter, onBehalfOf]) {
    if (person === null) continue
    if (isOneOf(person, before)) throw separation(`${nameOf(person)} has approved already, and counts once`)
    if (isOneOf(person, changedBy)) {
      throw separation(`${nameOf(person)} changed the role or the approval rule, so another person approves under it`)
    }
  }
}

function checkFresh({ freshLoginMs }: Stage, { authTime }: Identity, now: number): void {
  if (freshLoginMs === 0 || (authTime !== null && now - authTime <= freshLoginMs)) return
  throw new SallyportError('SP-FRESH-LOGIN', `this approval needs a login not older than ${hours(freshLoginMs)}`)
}

function voteOf(act: Act, request: AccessRequest, answer: Answer, right: Right, { voter, policy }: VoteContext): Vote {
  const { decision, narrowing, durationMs } = answer
  if (durationMs !== null) {
    if (!Number.isSafeInteger(durationMs) || durationMs <= 0) {
      throw new SallyportError('SP-REQUEST', 'the duration must be longer than 0')
    }
    if (durationMs > request.durationMs) {
      throw new SallyportError('SP-REQUEST', 'an approver may shorten what was asked for, and never prolong it')
    }
  }
  const approves = decision === 'approve'
  if (approves) checkNarrowing(knownRole(policy, request.role), narrowing)
  return {
    by: refOf(voter),
    onBehalfOf: right.onBehalfOf,
    groups: right.groups,
    decision,
    reason: checkedReason(answer.reason),
    narrowing: approves ? narrowing : null,
    durationMs: approves ? durationMs : null,
    at: act.now,
    authTime: voter.authTime,
  }
}

function approve(act: Act, request: AccessRequest, index: number, vote: Vote, context: VoteContext): Voted {
  checkSameRule(request, context.policy)
  const stages = withVote(request.stages, index, vote, act.now)
  const voted: AccessRequest = { ...request, stages }
  checkNarrowing(knownRole(context.policy, request.role), left(voted).narrowing)
  const events = [voteEvent(act, voted, stages[index] as Stage, vote)]
  if (stages.some(({ completedAt }) => completedAt === null)) {
    return {
      request: voted,
      grant: null,
      transition: { writes: [{ into: 'requests', how: 'update', record: voted }], events },
    }
  }
  return grantApproved(act, voted, { writes: [], events }, context)
}

function grantApproved(act: Act, voted: AccessRequest, before: Transition, context: VoteContext): Voted {
  const role = knownRole(context.policy, voted.role)
  knownTarget(context.policy, voted.target)
  const approved: AccessRequest = { ...voted, state: 'approved', decidedAt: act.now, grantId: context.grantId }
  const { grant, transition } = grantOf(act, approved, role, context.grantId, context.held)
  checkStandingCap(role, context.held, grant.grant)
  const written: Transition = {
    writes: [{ into: 'requests', how: 'update', record: approved }],
    events: [
      happened(act, 'request.approved', {
        ...ofRequest(approved),
        detail: { rule: approved.rule.name, ruleDigest: approved.rule.digest, approvals: grant.approvals.length },
      }),
    ],
  }
  return { request: approved, grant, transition: together(before, written, transition) }
}

/**
 * Who answers now would answer under a rule that is in force no more, or give a role that was another one when the rule
 * for it was chosen, and when others said yes.
 */
function checkSameRule({ rule, role }: AccessRequest, { rules, roles }: AccessPolicy): void {
  const again = 'has changed since: the request must be sent again (amend it)'
  if (!rules.some(({ name, digest }) => name === rule.name && digest === rule.digest)) {
    throw new SallyportError('SP-STATE', `the approval rule ${rule.name} ${again}`)
  }
  if (rule.roleDigest !== undefined && roles.get(role)?.digest !== rule.roleDigest) {
    throw new SallyportError('SP-STATE', `the role ${role} ${again}`)
  }
}

function withVote(stages: readonly Stage[], index: number, vote: Vote, now: number): readonly Stage[] {
  return stages.map((stage, at) => {
    if (at === index) {
      const votes = [...stage.votes, vote]
      return { ...stage, votes, completedAt: isComplete({ ...stage, votes }) ? now : null }
    }
    const previous = stages[index] as Stage
    const opens = at === index + 1 && isComplete({ ...previous, votes: [...previous.votes, vote] })
    return opens ? { ...stage, openedAt: now } : stage
  })
}

/** Enough different people, and where that is demanded each for another group. */
export function isComplete({ votes, quorum, distinctGroups: distinct }: Stage): boolean {
  const approvals = votes.filter(({ decision }) => decision === 'approve')
  const people: PersonRef[] = []
  const counted = approvals.filter(({ by, onBehalfOf }) => {
    const both = onBehalfOf === null ? [by] : [by, onBehalfOf]
    if (both.some((person) => isOneOf(person, people))) return false
    people.push(...both)
    return true
  })
  return (distinct ? distinctGroups(counted.map(({ groups }) => groups)) : counted.length) >= quorum
}

function stop(
  act: Act,
  request: AccessRequest,
  stage: Stage,
  vote: Vote,
  state: 'denied' | 'changes_requested',
): Voted {
  const stages = request.stages.map((one) => (one === stage ? { ...one, votes: [...one.votes, vote] } : one))
  const stopped: AccessRequest = { ...request, state, stages, decidedAt: state === 'denied' ? act.now : null }
  const events = [
    voteEvent(act, stopped, stage, vote),
    happened(act, `request.${state}`, { ...ofRequest(stopped), reason: vote.reason }),
  ]
  return {
    request: stopped,
    grant: null,
    transition: { writes: [{ into: 'requests', how: 'update', record: stopped }], events },
  }
}

function voteEvent(act: Act, request: AccessRequest, stage: Stage, vote: Vote) {
  const { decision, groups, onBehalfOf, narrowing, durationMs, authTime } = vote
  const byLead = groups.includes(LEADS)
  return happened(act, 'request.vote', {
    ...ofRequest(request),
    reason: vote.reason,
    severity: byLead ? 'low' : 'info',
    detail: { stage: stage.name, decision, groups, byLead, onBehalfOf, narrowing, durationMs, authTime },
  })
}

function separation(detail: string): SallyportError {
  return new SallyportError('SP-SEPARATION', detail)
}
