import type { AccessRequest, GrantRecord } from '../access/model.ts'
import { everyRecord, recordsById } from './every_record.ts'
import { heldByFile, heldOf, idleGrants, overPrivilege } from './grant_findings.ts'
import type { Finding, Period, ReportDeps } from './report_ports.ts'
import { accessSpans, meanAccessMs, median, percentile } from './spans.ts'

/** The figures that show whether privilege shrinks; docs/reviews.md says what each one counts. */
export interface Figures {
  readonly from: number
  readonly to: number
  readonly standingCredentials: number
  readonly standing: Standing
  readonly meanAccessMs: number | null
  readonly overPrivilegedSessions: number
  readonly sessions: number
  readonly requestToFirstQueryMs: number | null
  readonly breakGlass: number
  readonly revocationP99Ms: number | null
  readonly idleGrants: number
}

/** As it is now: what a target or a file had once, nobody knows. */
export interface Standing {
  /** Accounts of databases that stand in the configuration. */
  readonly accounts: number
  /** Grants of policy files to people and groups. */
  readonly grants: number
  /** Logins of people that the checks of the databases found. */
  readonly logins: number
  /** Targets that were not checked: they may have more. */
  readonly targetsUnchecked: number
}

const P99 = 0.99
/** An access that is prolonged again and again is followed back so far before the period. */
const LOOK_BACK_MS = 31 * 86_400_000

/** Without `revocations` the latency is null: it stands in the log of record alone. */
export async function figuresOf(
  deps: ReportDeps,
  period: Period,
  revocations: readonly number[] | null,
): Promise<Figures> {
  const { store } = deps
  const ended = await grantsUntil(store, period)
  const sessions = await overPrivilege(deps, period)
  const standing = standingOf(deps)
  return {
    from: period.from,
    to: period.to,
    standingCredentials: standing.accounts + standing.grants + standing.logins,
    standing,
    meanAccessMs: meanAccessMs(accessSpans(ended.map(heldOf)), period),
    overPrivilegedSessions: sessions.overPrivileged,
    sessions: sessions.sessions,
    requestToFirstQueryMs: await requestToFirstQueryMs(deps, period),
    breakGlass: (await everyRecord(store, 'requests', { kind: 'break_glass', createdAt: period })).filter(hasGrant)
      .length,
    revocationP99Ms: revocations === null ? null : percentile(revocations, P99),
    idleGrants: (await idleGrants(deps)).length,
  }
}

export function standingOf({ policy, posture, clock }: Pick<ReportDeps, 'policy' | 'posture' | 'clock'>): Standing {
  const now = clock.now()
  const { fileGrants, standingAccounts } = policy()
  const targets = posture()
  const findings = targets.flatMap(({ findings }) => findings)
  return {
    accounts: standingAccounts.length,
    grants: fileGrants.map(heldByFile).filter(({ start, end }) => start <= now && now < end).length,
    logins: findings.filter(isPersonLogin).length,
    targetsUnchecked: targets.filter(({ checkedAt }) => checkedAt === null).length,
  }
}

/** Those that a span which ended in the period may consist of. */
async function grantsUntil(store: ReportDeps['store'], { from, to }: Period): Promise<readonly GrantRecord[]> {
  const stood = await everyRecord(store, 'grants', { start: { to }, end: { from } })
  const people = new Set(stood.map(({ holder, grant }) => spanKey(holder.subject, grant)))
  const before = await everyRecord(store, 'grants', { end: { from: from - LOOK_BACK_MS, to: from } })
  return [...stood, ...before.filter(({ holder, grant }) => people.has(spanKey(holder.subject, grant)))]
}

function spanKey(subject: string, { target, role }: GrantRecord['grant']): string {
  return JSON.stringify([subject, target, role])
}

/** Of what was approved and could begin at once: from asking to the first statement under the grant. */
async function requestToFirstQueryMs({ store }: ReportDeps, period: Period): Promise<number | null> {
  const asked = await everyRecord(store, 'requests', { state: 'approved', createdAt: period })
  const wanted = new Map(asked.filter(isNewAccess).map((request) => [request.grantId ?? '', request.createdAt]))
  const grants = await recordsById(store, 'grants', wanted.keys())
  return median(
    grants.flatMap(({ id, firstUsedAt }) => {
      const since = wanted.get(id)
      return firstUsedAt === null || since === undefined ? [] : [firstUsedAt - since]
    }),
  )
}

function isNewAccess({ kind, start, grantId }: AccessRequest): boolean {
  return (kind === 'standard' || kind === 'migration') && start === null && grantId !== null
}

function hasGrant({ grantId }: AccessRequest): boolean {
  return grantId !== null
}

/** PostgreSQL's check tells people from programs; MySQL's lists every login that no session made, as `'user'@'host'`. */
export function isPersonLogin({ id, object }: Pick<Finding, 'id' | 'object'>): boolean {
  if (id === 'postgres.person_login') return true
  return id === 'mysql.standing_account' && /[.@]/.test(object.slice(0, object.lastIndexOf('@')))
}
