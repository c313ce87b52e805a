import type { Store } from '../../src/access/ports.ts'
import type { SessionRecord, UsageRecord } from '../../src/access/records.ts'
import type { Role } from '../../src/policy/role.ts'
import type { ReportDeps, ReportPolicy, TargetPosture } from '../../src/reports/report_ports.ts'
import { createReportThreads } from '../../src/reports/report_thread.ts'
import { DAY, NOW, role } from '../access/fixture.ts'
import { scopeRule } from '../policy/build.ts'
import { ALICE } from '../store/records.ts'

export const PERIOD = { from: NOW - 30 * DAY, to: NOW }

export function session(id: string, grantId: string, over: Partial<SessionRecord> = {}): SessionRecord {
  return {
    ...{ id, version: 1, node: 'node-1', person: ALICE, target: 'orders', database: 'app', role: 'reader', grantId },
    ...{ databaseUser: 'sp_alice_1', clientAddress: '192.0.2.7', application: 'psql', lastStatement: null },
    ...{ startedAt: NOW - DAY, lastSeenAt: NOW - DAY, endedAt: NOW - DAY + 1_000 },
    ...over,
  }
}

export function usage(grantId: string, table: string, verb: string, over: Partial<UsageRecord> = {}): UsageRecord {
  const counted = { statements: 1, rows: 2, clear: 0, firstAt: NOW - DAY, lastAt: NOW - DAY }
  return { id: `${grantId} ${table} ${verb}`, version: 1, grantId, schema: 'shop', table, verb, ...counted, ...over }
}

export const WRITER = role(
  'writer',
  {},
  {
    scope: [scopeRule({ schemas: ['shop'], tables: ['*'], verbs: ['read', 'update'] })],
  },
)

export function policyWith(roles: readonly Role[], over: Partial<ReportPolicy> = {}): ReportPolicy {
  return { roles: new Map(roles.map((one) => [one.name, one])), fileGrants: [], standingAccounts: [], ...over }
}

export function reportDeps(
  store: Pick<Store, 'read'>,
  policy: ReportPolicy,
  { posture = [], known = 0, log = '/nowhere/audit.ndjson', now = NOW }: Partial<Given> = {},
): ReportDeps & { readonly audit: ReturnType<typeof createReportThreads> } {
  return {
    store,
    clock: { now: () => now, monotonic: () => now },
    policy: () => policy,
    usageKnownSince: () => known,
    posture: () => posture,
    lookAtTargets: async () => {},
    audit: createReportThreads(log),
  }
}

interface Given {
  readonly posture: readonly TargetPosture[]
  readonly known: number | null
  readonly log: string
  readonly now: number
}
