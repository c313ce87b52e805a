import type { Store } from '../access/ports.ts'
import type { Grant } from '../policy/grant.ts'
import type { Role } from '../policy/role.ts'
import type { Clock } from '../session/ports.ts'
import type { AuditReader } from './audit_reader.ts'

/** What reports are made from. Everything is read; nothing is changed. */
export interface ReportDeps {
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly policy: () => ReportPolicy
  /** Since when use is counted without a gap; null where that can't be said. */
  readonly usageKnownSince: () => number | null
  /** What the looks at the targets found last. */
  readonly posture: () => readonly TargetPosture[]
  /** Looks at the targets again, those of late left out; never rejects. */
  readonly lookAtTargets: () => Promise<void>
  readonly audit: AuditReader
}

/** The policy in force. */
export interface ReportPolicy {
  readonly roles: ReadonlyMap<string, Role>
  /** Those of policy files: each stands for as long as the file says so. */
  readonly fileGrants: readonly Grant[]
  /** Accounts of databases that no session makes and drops. */
  readonly standingAccounts: readonly { readonly target: string; readonly user: string }[]
}

export interface TargetPosture {
  readonly target: string
  /** Null: never checked since the start. */
  readonly checkedAt: number | null
  readonly findings: readonly Finding[]
}

export interface Finding {
  /** Of the kind of finding: `mysql.anonymous_account`. */
  readonly id: string
  readonly severity: 'low' | 'medium' | 'high'
  readonly object: string
  readonly text: string
  readonly mend: string
}

/** From inclusive, to exclusive, in milliseconds since the epoch. */
export interface Period {
  readonly from: number
  readonly to: number
}
