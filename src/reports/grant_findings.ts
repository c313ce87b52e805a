import type { GrantRecord, PersonRef } from '../access/model.ts'
import type { UsageRecord } from '../access/records.ts'
import type { Grant, GrantKind, Narrowing } from '../policy/grant.ts'
import { narrowRole } from '../policy/narrow.ts'
import { everyRecord, recordsById, recordsOfAny } from './every_record.ts'
import type { Period, ReportDeps, ReportPolicy } from './report_ports.ts'
import { type GrantedUnit, grantedUnits, narrowerRole, unusedUnits, usedNarrowing } from './scope_use.ts'

/** Grants that nobody uses, and grants that give more than is used, with what would have been enough. */

const DAY_MS = 86_400_000
/** A grant that was not used for so long is idle, unless it says a shorter time itself. */
const IDLE_AFTER_MS = 7 * DAY_MS

/** A grant as reports see it: one of the store, or one that stands in a policy file. */
export interface HeldGrant {
  readonly id: string
  readonly holder: PersonRef
  readonly grant: Grant
  readonly kind: GrantKind
  readonly start: number
  readonly end: number
  readonly idleAfterMs: number
  readonly firstUsedAt: number | null
  readonly lastUsedAt: number | null
}

export interface GrantFinding {
  readonly grantId: string
  readonly holder: PersonRef
  readonly target: string
  readonly role: string
  readonly kind: GrantKind
  readonly start: number
  readonly end: number
  readonly lastUsedAt: number | null
  /** Sessions of the period under it; 0 where the finding is not of sessions. */
  readonly sessions: number
  readonly granted: readonly GrantedUnit[]
  readonly unused: readonly GrantedUnit[]
  /** The least that would have done; empty: nothing of it was used. */
  readonly enough: Narrowing
  /** A role of the configuration that would have done. */
  readonly enoughRole: string | null
}

export interface OverPrivilege {
  /** Sessions that ended in the period and whose use is known. */
  readonly sessions: number
  readonly overPrivileged: number
  readonly findings: readonly GrantFinding[]
}

export function heldOf({ id, holder, grant, endedAt, ...record }: GrantRecord): HeldGrant {
  const { idleAfterMs, firstUsedAt, lastUsedAt } = record
  const end = endedAt ?? grant.end
  return { id, holder, grant, kind: grant.kind, start: grant.start, end, idleAfterMs, firstUsedAt, lastUsedAt }
}

export function heldByFile(grant: Grant): HeldGrant {
  const { id, kind, start, end } = grant
  return { id, holder: holderOf(grant), grant, kind, start, end, idleAfterMs: 0, firstUsedAt: null, lastUsedAt: null }
}

/** Of a group, its members hold it. */
function holderOf({ principal }: Grant): PersonRef {
  if ('subject' in principal) {
    return { issuer: principal.issuer ?? '', subject: principal.subject, email: null, name: null }
  }
  if ('email' in principal) return { issuer: '', subject: principal.email, email: principal.email, name: null }
  const name = `group ${principal.group}`
  return { issuer: '', subject: name, email: null, name }
}

/** Open now, and not used for long. One that may have been used in a time that is not known is not called idle. */
export async function idleGrants({
  store,
  clock,
  policy,
  usageKnownSince,
}: ReportDeps): Promise<readonly GrantFinding[]> {
  const now = clock.now()
  const known = usageKnownSince()
  if (known === null) return []
  const stored = await everyRecord(store, 'grants', { state: 'active' })
  const files = policy().fileGrants.filter(({ start, end }) => start <= now && now < end)
  const held = [...stored.map(heldOf), ...files.map(heldByFile)]
  const uses = await usesOf(store, held)
  const live = new Set((await everyRecord(store, 'sessions', { endedAt: null })).map(({ grantId }) => grantId))
  return held.flatMap((one) => {
    const lines = uses.get(one.id) ?? []
    const lastUsedAt = lastUse(one, lines)
    const since = Math.max(lastUsedAt ?? one.start, known)
    const patience = one.idleAfterMs === 0 ? IDLE_AFTER_MS : Math.min(one.idleAfterMs, IDLE_AFTER_MS)
    if (live.has(one.id) || now - since < patience) return []
    return findingOf(one, lines, policy(), 0) ?? []
  })
}

/** By the sessions that ended in the period: what is open may be used yet. */
export async function overPrivilege(deps: ReportDeps, period: Period): Promise<OverPrivilege> {
  const { store, usageKnownSince } = deps
  const policy = deps.policy()
  const known = usageKnownSince() ?? Number.POSITIVE_INFINITY
  const ended = await everyRecord(store, 'sessions', { endedAt: period })
  const byGrant = Map.groupBy(ended, ({ grantId }) => grantId)
  const records = await recordsById(store, 'grants', byGrant.keys())
  const held = new Map(records.map((record) => [record.id, heldOf(record)]))
  for (const grant of policy.fileGrants) if (byGrant.has(grant.id)) held.set(grant.id, heldByFile(grant))
  const uses = await usesOf(store, held.values())
  const counted = [...byGrant].flatMap(([id, sessions]) => {
    const one = held.get(id)
    // A plan is bound to its statements, whatever the role gives.
    const measured = sessions.filter(
      ({ startedAt }) => startedAt >= known && one !== undefined && one.grant.plan === null,
    )
    const finding = one && measured.length > 0 ? findingOf(one, uses.get(id) ?? [], policy, measured.length) : null
    return one === undefined ? [] : [{ sessions: measured.length, finding: finding?.isOver ? finding : null }]
  })
  return {
    sessions: sum(counted.map(({ sessions }) => sessions)),
    overPrivileged: sum(counted.map(({ sessions, finding }) => (finding === null ? 0 : sessions))),
    findings: counted.flatMap(({ finding }) => finding ?? []),
  }
}

async function usesOf(
  store: ReportDeps['store'],
  held: Iterable<HeldGrant>,
): Promise<ReadonlyMap<string, readonly UsageRecord[]>> {
  const ids = Array.from(held, ({ id }) => id)
  return Map.groupBy(await recordsOfAny(store, 'usage', 'grantId', ids), ({ grantId }) => grantId)
}

function lastUse({ lastUsedAt }: HeldGrant, lines: readonly UsageRecord[]): number | null {
  const times = [...(lastUsedAt === null ? [] : [lastUsedAt]), ...lines.map(({ lastAt }) => lastAt)]
  return times.length === 0 ? null : Math.max(...times)
}

/** Null where the role is gone: what it gave is not known any more. */
function findingOf(
  one: HeldGrant,
  lines: readonly UsageRecord[],
  { roles }: ReportPolicy,
  sessions: number,
): (GrantFinding & { readonly isOver: boolean }) | null {
  const named = roles.get(one.grant.role)
  if (named === undefined) return null
  const role = narrowRole(named, one.grant.narrowing)
  const unused = unusedUnits(role, lines)
  const enoughRole = narrowerRole(role, lines, roles.values())
  return {
    grantId: one.id,
    holder: one.holder,
    target: one.grant.target,
    role: one.grant.role,
    kind: one.kind,
    start: one.start,
    end: one.end,
    lastUsedAt: lastUse(one, lines),
    sessions,
    granted: grantedUnits(role),
    unused,
    enough: usedNarrowing(lines),
    enoughRole,
    isOver: role.unrestricted || unused.length > 0 || enoughRole !== null,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
