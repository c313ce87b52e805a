import { type Emergency, emergencyRole, refusedBreakGlass, startBreakGlass } from '../access/break_glass.ts'
import { followIncident } from '../access/break_glass_follow.ts'
import { reviewBreakGlass } from '../access/break_glass_review.ts'
import type { AccessControl, BreakGlass, Caller } from '../access/control.ts'
import { type Standing, standingOf } from '../access/incident_standing.ts'
import type { GrantRecord } from '../access/model.ts'
import type { AccessPolicy } from '../access/policy.ts'
import type { Act } from '../access/transition.ts'
import { knownTarget } from '../access/validate.ts'
import { type ErrorCode, SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import type { IncidentRef } from '../policy/grant.ts'
import { bounded } from './bounded.ts'
import { all } from './listing.ts'
import { checkRoom } from './room.ts'
import { acting, actOf, type ControlDeps, checkLocks, isAllowed, notFound, transact } from './running.ts'
import { seenAs } from './surroundings.ts'

/** Why a break-glass was refused that stands in the log as one. */
const TOLD: ReadonlySet<ErrorCode> = new Set(['SP-INCIDENT', 'SP-REVIEW-OVERDUE', 'SP-RECORDING'])

type BreakGlassOperations = Pick<AccessControl, 'breakGlass' | 'reviewBreakGlass' | 'incidentChanged'>

export function breakGlassOperations(deps: ControlDeps): BreakGlassOperations {
  return {
    breakGlass: (caller, input) =>
      acting(deps, caller, 'break_glass.start', `${input.target} ${input.incident}`, (act, policy) =>
        start(deps, caller, act, policy, input),
      ),
    reviewBreakGlass: (caller, grantId, input) =>
      acting(deps, caller, 'self.read', grantId, (act, policy) => {
        checkMayReview(deps, caller, policy)
        return transact(deps, async (tx, apply) => {
          const record = await tx.grants.get(grantId)
          if (record === undefined) throw notFound('grant', grantId)
          const reviewed = reviewBreakGlass(act, record, caller.identity, input, policy)
          return (await apply(reviewed)).of('grants', grantId)
        })
      }),
    incidentChanged: (provider, incident) => followIncidents(deps, { provider, id: incident }),
  }
}

/** The right of the API, or a place in the groups that review. */
function checkMayReview(deps: ControlDeps, caller: Caller, { settings }: AccessPolicy): void {
  if (isAllowed(deps, caller, 'break_glass.review')) return
  if (settings.reviewGroups.some((group) => caller.identity.groups.includes(group))) return
  throw new SallyportError('SP-FORBIDDEN', 'break-glass is reviewed by those whom the configuration names')
}

async function start(deps: ControlDeps, caller: Caller, act: Act, policy: AccessPolicy, input: BreakGlass) {
  const { target, parameters, reason } = input
  const incident: IncidentRef = { provider: input.provider, id: input.incident }
  const role = emergencyRole(policy, input.role).name
  const wish: Emergency = { target, role, parameters, incident, reason }
  const ids = { requestId: deps.ids.uuid(), grantId: deps.ids.uuid() }
  try {
    const standing = await standingAt(deps, incident, caller.identity, target, policy)
    return await transact(deps, async (tx, apply) => {
      await checkLocks(tx, act.now, { target })
      await checkRoom(tx, caller.identity)
      const held = await all(tx.grants, { person: personKey(caller.identity), kind: 'break_glass' })
      const started = bounded(() => startBreakGlass(act, caller.identity, wish, standing, { policy, held, ...ids }))
      const applied = await apply(started.transition)
      return { request: applied.of('requests', ids.requestId), grant: applied.of('grants', ids.grantId) }
    })
  } catch (error) {
    if (error instanceof SallyportError && TOLD.has(error.code)) {
      await transact(deps, (_tx, apply) => apply(refusedBreakGlass(act, wish, error)))
    }
    throw error
  }
}

async function standingAt(
  deps: ControlDeps,
  { provider, id }: IncidentRef,
  person: Identity,
  target: string,
  policy: AccessPolicy,
): Promise<Standing> {
  const answer = await deps.incidents.check(provider, id)
  return standingOf(answer, person, knownTarget(policy, target), deps.onUnverified(provider))
}

/** Looks at incidents that grants stand on, or at one of them, and does to the grants what follows. */
export async function followIncidents(deps: ControlDeps, only: IncidentRef | null): Promise<void> {
  const open = await deps.store.read((tx) => all(tx.grants, { kind: 'break_glass', state: ['active', 'scheduled'] }))
  // What follows first: its review begins with it, and does not wait for the end of what was before.
  for (const record of open.toSorted((one, other) => other.grant.start - one.grant.start)) {
    const { incident } = record.grant
    if (incident === null) continue
    if (only !== null && (incident.provider !== only.provider || incident.id !== only.id)) continue
    await follow(deps, record, incident)
  }
}

async function follow(deps: ControlDeps, { id, holder, grant }: GrantRecord, incident: IncidentRef): Promise<void> {
  const policy = deps.policy()
  const person = await deps.store.read((tx) => seenAs(tx, holder))
  // Whoever is known no more, or on a target that is no more, is not renewed.
  if (person === null || !policy.targets.has(grant.target)) return
  const standing = await standingAt(deps, incident, person, grant.target, policy)
  const renewalId = deps.ids.uuid()
  await transact(deps, async (tx, apply) => {
    const record = await tx.grants.get(id)
    const request = grant.requestId === null ? undefined : await tx.requests.get(grant.requestId)
    if (record === undefined || request === undefined) return
    const next = followIncident(actOf(deps, null), record, standing, request, policy, renewalId)
    if (next !== null) await apply(next)
  })
}
