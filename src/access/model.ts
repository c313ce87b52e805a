import type { Identity } from '../identity/identity.ts'
import type { Grant, IncidentRef, MigrationPlan, Narrowing } from '../policy/grant.ts'
import type { Risk } from '../policy/risk_finding.ts'
import type { ParameterValue } from '../policy/role.ts'

/**
 * The records of the access lifecycle. All times are milliseconds since the epoch. Every record that changes carries the
 * version that it was read at: a write of another version than the stored one is refused (`SP-CONFLICT`).
 */
export interface Versioned {
  readonly id: string
  readonly version: number
}

/** A person in a record that outlives their token. */
export type PersonRef = Pick<Identity, 'issuer' | 'subject' | 'email' | 'name'>

export type RequestState = 'pending' | 'changes_requested' | 'approved' | 'denied' | 'expired' | 'cancelled'
export type RequestKind = 'standard' | 'migration' | 'break_glass' | 'extension'

export interface AccessRequest extends Versioned {
  readonly state: RequestState
  readonly kind: RequestKind
  readonly requester: PersonRef
  /** The requester's groups when they asked. */
  readonly groups: readonly string[]
  readonly target: string
  readonly role: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly narrowing: Narrowing | null
  readonly durationMs: number
  /** Null: from the approval on. */
  readonly start: number | null
  readonly reason: string
  readonly ticket: string | null
  readonly incident: IncidentRef | null
  readonly plan: MigrationPlan | null
  /** What the analysis found in the plan, for approvers. */
  readonly risks: readonly Risk[]
  /** The grant that is to be prolonged by a new one. */
  readonly extendsGrant: string | null
  /** The refused statement or login that it was opened from. */
  readonly fromRefusal: string | null
  /** The approval rule that matched, with the digests of that version of it and of the role. */
  readonly rule: { readonly name: string; readonly digest: string; readonly roleDigest?: string | undefined }
  /** In order; empty where the rule approves by itself. */
  readonly stages: readonly Stage[]
  readonly createdAt: number
  readonly expiresAt: number
  readonly decidedAt: number | null
  readonly grantId: string | null
}

/** One step of an approval: all before it are complete when it opens. */
export interface Stage {
  readonly name: string
  /** Who may answer: members of any of these groups at the time of the answer. */
  readonly groups: readonly string[]
  readonly quorum: number
  /** Each approval that counts comes from another of the groups. */
  readonly distinctGroups: boolean
  /** An approval needs a login not older than this; 0 for any. */
  readonly freshLoginMs: number
  readonly nudgeAfterMs: number
  readonly escalateAfterMs: number
  readonly escalateTo: readonly string[]
  readonly openedAt: number | null
  readonly nudgedAt: number | null
  readonly escalatedAt: number | null
  readonly completedAt: number | null
  readonly votes: readonly Vote[]
}

export interface Vote {
  readonly by: PersonRef
  /** Who delegated the vote; it counts as theirs. */
  readonly onBehalfOf: PersonRef | null
  /** Those of the stage's groups that gave the right to answer, at that time. */
  readonly groups: readonly string[]
  readonly decision: 'approve' | 'deny' | 'changes'
  readonly reason: string
  /** What the approver takes away: nobody widens. */
  readonly narrowing: Narrowing | null
  readonly durationMs: number | null
  readonly at: number
  readonly authTime: number | null
}

export type GrantState = 'scheduled' | 'active' | 'expired' | 'revoked' | 'completed'

/** A grant with its story. `grant` itself never changes. */
export interface GrantRecord extends Versioned {
  readonly state: GrantState
  readonly grant: Grant
  readonly holder: PersonRef
  readonly approvals: readonly { readonly by: PersonRef; readonly onBehalfOf: PersonRef | null; readonly at: number }[]
  readonly createdAt: number
  readonly endedAt: number | null
  readonly endedBy: PersonRef | null
  readonly endReason: string | null
  /** First and last statement under it; null: never used, as far as is known. */
  readonly firstUsedAt: number | null
  readonly lastUsedAt: number | null
  /** Ends by itself when unused for so long; 0 for never. */
  readonly idleAfterMs: number
  readonly idleWarnedAt: number | null
  /** Break-glass only. */
  readonly review: BreakGlassReview | null
  /** Migration grants only. */
  readonly progress: MigrationProgress | null
}

/** After the fact: within 48 hours of the incident's closing. */
export interface BreakGlassReview {
  readonly state: 'open' | 'awaiting_review' | 'reviewed' | 'overdue'
  /** When the incident was seen to be closed, or the grant ended for good. */
  readonly closedAt: number | null
  readonly dueAt: number | null
  readonly reviewer: PersonRef | null
  readonly judgment: 'justified' | 'unjustified' | null
  readonly reason: string | null
  readonly at: number | null
}

export interface MigrationProgress {
  /** How many statements of the plan have run, and were committed. */
  readonly done: number
  readonly outcome: 'running' | 'ran_as_approved' | 'deviated' | 'failed' | 'incomplete'
  /** Statements that were refused since they are not the next of the plan. */
  readonly deviations: readonly { readonly at: number; readonly expected: number; readonly sha256: string }[]
  /** The one node that runs it now. */
  readonly runner?: { readonly node: string; readonly startedAt: number }
}
