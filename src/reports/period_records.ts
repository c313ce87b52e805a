import type { AccessRequest, GrantRecord } from '../access/model.ts'
import type { AccessReview, PolicyVersion, ReviewItem, SessionRecord } from '../access/records.ts'
import type { AuditPeriod } from './audit_reader.ts'
import { everyRecord, recordsOfAny } from './every_record.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type GrantFinding, type HeldGrant, heldByFile, idleGrants, overPrivilege } from './grant_findings.ts'
import type { Period, ReportDeps, ReportPolicy, TargetPosture } from './report_ports.ts'

/** Everything that a pack of a period is made from. */
export interface PeriodRecords {
  readonly requests: readonly AccessRequest[]
  readonly grants: readonly GrantRecord[]
  readonly fileGrants: readonly HeldGrant[]
  readonly sessions: readonly SessionRecord[]
  readonly reviews: readonly AccessReview[]
  readonly reviewLines: readonly ReviewItem[]
  readonly policies: readonly PolicyVersion[]
  readonly figures: Figures
  readonly idle: readonly GrantFinding[]
  readonly overPrivileged: readonly GrantFinding[]
  readonly standingAccounts: ReportPolicy['standingAccounts']
  readonly posture: readonly TargetPosture[]
  readonly audit: AuditPeriod
}

/** A request that waited longer expired: the longest time that one may be open. */
const OPEN_AT_MOST_MS = 92 * 86_400_000

export async function recordsOf(deps: ReportDeps, period: Period): Promise<PeriodRecords> {
  const { store } = deps
  const { from, to } = period
  const [audit] = await Promise.all([deps.audit.period(period), deps.lookAtTargets()])
  const asked = await everyRecord(store, 'requests', { createdAt: { from: from - OPEN_AT_MOST_MS, to } })
  const stood = await everyRecord(store, 'grants', { start: { to }, end: { from } })
  const reviews = (await everyRecord(store, 'reviews', {})).filter(
    ({ createdAt, completedAt }) => createdAt < to && (completedAt === null || completedAt >= from),
  )
  const { fileGrants, standingAccounts } = deps.policy()
  return {
    requests: asked.filter(({ createdAt, decidedAt }) => createdAt >= from || (decidedAt ?? 0) >= from),
    grants: stood.filter(({ endedAt }) => endedAt === null || endedAt >= from),
    fileGrants: fileGrants.map(heldByFile).filter((one) => one.start < to && one.end >= from),
    sessions: await sessionsOf(store, period),
    reviews,
    reviewLines: await recordsOfAny(
      store,
      'reviewItems',
      'reviewId',
      reviews.map(({ id }) => id),
    ),
    policies: await everyRecord(store, 'policies', { at: period }),
    figures: await figuresOf(deps, period, audit.revocationMs),
    idle: await idleGrants(deps),
    overPrivileged: (await overPrivilege(deps, period)).findings,
    standingAccounts,
    posture: deps.posture(),
    audit,
  }
}

async function sessionsOf(store: ReportDeps['store'], { from, to }: Period): Promise<SessionRecord[]> {
  const ended = await everyRecord(store, 'sessions', { startedAt: { to }, endedAt: { from } })
  const live = await everyRecord(store, 'sessions', { startedAt: { to }, endedAt: null })
  // One that ended between both questions is in both.
  const known = new Set(ended.map(({ id }) => id))
  return [...ended, ...live.filter(({ id }) => !known.has(id))]
}
