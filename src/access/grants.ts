import { SallyportError } from '../errors.ts'
import { firstOf, type Narrowing } from '../policy/grant.ts'
import { planOutcome } from '../policy/migration.ts'
import { narrowFurther } from '../policy/narrow.ts'
import type { Role } from '../policy/role.ts'
import type { AccessRequest, BreakGlassReview, GrantRecord, GrantState, PersonRef } from './model.ts'
import { isSelf } from './person.ts'
import { type Act, actorOf, FIRST_VERSION, happened, ofGrant, type Transition } from './transition.ts'
import { checkedReason, checkNarrowing } from './validate.ts'

/** What the approvals left of a request, which is never more than was asked for. */
export function left(request: AccessRequest): { narrowing: Narrowing | null; durationMs: number } {
  const approvals = request.stages.flatMap(({ votes }) => votes).filter(({ decision }) => decision === 'approve')
  return {
    narrowing: approvals.reduce((narrowing, vote) => narrowFurther(narrowing, vote.narrowing), request.narrowing),
    durationMs: Math.min(request.durationMs, ...approvals.flatMap(({ durationMs }) => durationMs ?? [])),
  }
}

interface Made {
  readonly grant: GrantRecord
  readonly transition: Transition
}

/**
 * The grant of an approved request. One that was to begin earlier than now begins now. `held` are the requester's grants
 * of the role on the target, among which is the one that is to be prolonged.
 */
export function grantOf(
  act: Act,
  request: AccessRequest,
  role: Role,
  grantId: string,
  held: readonly GrantRecord[],
): Made {
  const { narrowing, durationMs } = left(request)
  checkNarrowing(role, narrowing)
  const start = Math.max(request.start ?? act.now, act.now)
  const prolonged = held.find((record) => record.id === request.extendsGrant && isOpen(record))
  const { issuer, subject } = request.requester
  const grant: GrantRecord['grant'] = {
    id: grantId,
    kind: kindOf(request),
    principal: { issuer, subject },
    target: request.target,
    role: request.role,
    parameters: new Map(Object.entries(request.parameters)),
    narrowing,
    start,
    end: start + Math.min(durationMs, role.asking.maxDurationMs),
    reason: request.reason,
    ticket: request.ticket,
    incident: request.incident,
    requestId: request.id,
    plan: request.plan,
    ...(prolonged && { follows: { id: prolonged.id, first: firstOf(prolonged.grant) } }),
  }
  return newGrant(act, grant, request, role, null)
}

function kindOf({ kind }: AccessRequest): 'standard' | 'migration' | 'break_glass' {
  return kind === 'extension' ? 'standard' : kind
}

export function newGrant(
  act: Act,
  grant: GrantRecord['grant'],
  request: AccessRequest,
  role: Role,
  review: BreakGlassReview | null,
): Made {
  const approvals = request.stages.flatMap(({ votes }) => votes).filter(({ decision }) => decision === 'approve')
  const record: GrantRecord = {
    id: grant.id,
    version: FIRST_VERSION,
    state: grant.start > act.now ? 'scheduled' : 'active',
    grant,
    holder: request.requester,
    approvals: approvals.map(({ by, onBehalfOf, at }) => ({ by, onBehalfOf, at })),
    createdAt: act.now,
    endedAt: null,
    endedBy: null,
    endReason: null,
    firstUsedAt: null,
    lastUsedAt: null,
    idleAfterMs: role.asking.idleAfterMs,
    idleWarnedAt: null,
    review,
    progress: grant.plan && { done: 0, outcome: 'running', deviations: [] },
  }
  const { start, end, narrowing } = grant
  const detail = { kind: grant.kind, start, end, narrowing, roleDigest: role.digest }
  const activity = record.state === 'scheduled' ? 'grant.scheduled' : 'grant.activated'
  return {
    grant: record,
    transition: {
      writes: [{ into: 'grants', how: 'insert', record }],
      events: [happened(act, activity, { ...ofGrant(record), reason: grant.reason, detail })],
    },
  }
}

const OPEN: readonly GrantState[] = ['scheduled', 'active']

export function isOpen({ state }: GrantRecord): boolean {
  return OPEN.includes(state)
}

export function expectOpen(record: GrantRecord): void {
  if (!isOpen(record)) throw new SallyportError('SP-STATE', `the grant is ${record.state}`)
}

export function revokeGrant(act: Act, record: GrantRecord, reason: string): Transition {
  expectOpen(record)
  return endGrant(act, record, 'revoked', checkedReason(reason))
}

/** The holder needs it no more. */
export function handBack(act: Act, record: GrantRecord, reason: string): Transition {
  if (act.by === null || !isSelf(act.by, record.holder)) {
    throw new SallyportError('SP-NOT-FOUND', `no grant ${record.id} of yours`)
  }
  expectOpen(record)
  return endGrant(act, record, 'completed', reason.trim() === '' ? null : checkedReason(reason))
}

/** Null where nothing is due. */
export function tickGrant(act: Act, record: GrantRecord): Transition | null {
  if (!isOpen(record)) return null
  if (act.now >= record.grant.end) return endGrant(act, record, 'expired', null)
  if (record.state === 'scheduled' && act.now >= record.grant.start) return activate(act, record)
  return null
}

function activate(act: Act, record: GrantRecord): Transition {
  const active: GrantRecord = { ...record, state: 'active' }
  const { start, end } = record.grant
  return {
    writes: [{ into: 'grants', how: 'update', record: active }],
    events: [happened(act, 'grant.activated', { ...ofGrant(active), detail: { start, end } })],
  }
}

export function endGrant(
  act: Act,
  record: GrantRecord,
  state: 'expired' | 'revoked' | 'completed',
  reason: string | null,
): Transition {
  const ended: GrantRecord = {
    ...record,
    state,
    endedAt: act.now,
    endedBy: actorOf(act),
    endReason: reason,
    progress: record.progress && outcomeOf(record),
  }
  const severity = state === 'revoked' ? 'medium' : 'info'
  const detail = { firstUsedAt: record.firstUsedAt, lastUsedAt: record.lastUsedAt, progress: ended.progress }
  return {
    writes: [{ into: 'grants', how: 'update', record: ended }],
    events: [happened(act, `grant.${state}`, { ...ofGrant(ended), severity, reason, detail })],
  }
}

/** What ends early takes with it what was to go on from it; null where that is over already. */
export function endFollowing(act: Act, record: GrantRecord, before: GrantRecord): Transition | null {
  if (!isOpen(record) || (before.state !== 'revoked' && before.state !== 'completed')) return null
  const ended = endGrant({ ...act, by: null }, record, before.state, before.endReason)
  const { endedBy } = before
  return {
    ...ended,
    writes: ended.writes.map((write) =>
      write.into === 'grants' ? { ...write, record: { ...write.record, endedBy } } : write,
    ),
  }
}

/** What was still running when its grant ended did not run to its end. */
function outcomeOf({ grant, progress }: GrantRecord): GrantRecord['progress'] {
  if (progress === null || grant.plan === null) return progress
  const told = {
    done: progress.done,
    deviations: progress.deviations.length,
    lastFailed: progress.outcome === 'failed',
  }
  return { ...progress, outcome: planOutcome(grant.plan, { ...told, ended: true }) }
}

/** A quarter of the time before, and at most a day. */
const WARNING_PART = 4
const MAX_WARNING_MS = 86_400_000

/**
 * A grant that nobody uses: its holder is warned, and then it ends. `lastUse` is null where it was never used. Null where
 * nothing is due. Nobody is cut off unwarned, and use after the warning takes it back.
 */
export function tickIdle(act: Act, record: GrantRecord, lastUse: number | null): Transition | null {
  const { idleAfterMs, idleWarnedAt, state, grant } = record
  if (state !== 'active' || idleAfterMs === 0) return null
  const idleSince = Math.max(lastUse ?? 0, grant.start)
  const noticeMs = Math.min(idleAfterMs / WARNING_PART, MAX_WARNING_MS)
  if (act.now < idleSince + idleAfterMs - noticeMs) return null
  if (idleWarnedAt === null || idleWarnedAt < idleSince) return warn(act, record, idleSince)
  if (act.now < Math.max(idleSince + idleAfterMs, idleWarnedAt + noticeMs)) return null
  return endGrant(act, record, 'revoked', `not used since ${new Date(idleSince).toISOString()}`)
}

function warn(act: Act, record: GrantRecord, idleSince: number): Transition {
  const warned: GrantRecord = { ...record, idleWarnedAt: act.now }
  const detail = { idleSince, idleAfterMs: record.idleAfterMs }
  return {
    writes: [{ into: 'grants', how: 'update', record: warned }],
    events: [happened(act, 'grant.idle_warned', { ...ofGrant(warned), detail })],
  }
}

/** What a request for more of the same asks for: a new grant that begins where this one ends. */
export function extensionOf(act: Act, record: GrantRecord, by: PersonRef): { readonly start: number | null } {
  if (!isSelf(by, record.holder)) throw new SallyportError('SP-NOT-FOUND', `no grant ${record.id} of yours`)
  expectOpen(record)
  if (record.grant.kind !== 'standard') {
    throw new SallyportError('SP-REQUEST', `a ${record.grant.kind.replace('_', '-')} grant can't be extended`)
  }
  return { start: record.grant.end > act.now ? record.grant.end : null }
}
