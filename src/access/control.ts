import type { Identity } from '../identity/identity.ts'
import type { Narrowing } from '../policy/grant.ts'
import type { Risk } from '../policy/risk_finding.ts'
import type { ParameterType, ParameterValue } from '../policy/role.ts'
import type { ApiRole, Operation } from './api_roles.ts'
import type { AccessRequest, GrantRecord, PersonRef, RequestState } from './model.ts'
import type {
  AccessReview,
  ClientCertificate,
  ConnectionPassword,
  Delegation,
  Lock,
  PolicyKind,
  PolicyVersion,
  RefusalNote,
  ReviewItem,
  SessionRecord,
} from './records.ts'

/**
 * Everything that people do in the access lifecycle. Each operation checks the caller's right, and rejects with a
 * `SallyportError`: `SP-FORBIDDEN`, `SP-NOT-FOUND` (also for what is not the caller's to see), `SP-STATE`, `SP-REQUEST`,
 * `SP-SEPARATION`, `SP-CONFLICT`, `SP-STORE` and those that are named beside it. Refusals are audited here.
 * Times are milliseconds since the epoch.
 */
export interface AccessControl {
  /** Notes the person as seen; whoever has never called is known to nobody. */
  standing(caller: Caller): Promise<Standing>
  /** Rejects with `SP-FORBIDDEN`, and audits that. For operations that are not in this interface. */
  require(caller: Caller, operation: Operation): Promise<void>

  targets(caller: Caller): Promise<readonly TargetView[]>
  /** The roles that the caller may ask for on the target, and what they would meet. */
  roleOptions(caller: Caller, target: string): Promise<readonly RoleOption[]>

  /** Rejects with `SP-NO-RULE`, `SP-NO-APPROVER` or `SP-FRESH-LOGIN` too. */
  createRequest(caller: Caller, input: NewRequest): Promise<Outcome>
  /** What would be asked for. */
  proposeFromRefusal(caller: Caller, refusalId: string): Promise<RefusalProposal>
  createFromRefusal(caller: Caller, refusalId: string, input: FromRefusal): Promise<Outcome>
  /** Own, while changes are requested or nobody has answered. */
  amendRequest(caller: Caller, id: string, input: Amendment): Promise<Outcome>
  cancelRequest(caller: Caller, id: string, reason: string): Promise<AccessRequest>
  /** Rejects with `SP-FRESH-LOGIN` too. */
  vote(caller: Caller, id: string, input: NewVote): Promise<Outcome>
  request(caller: Caller, id: string): Promise<AccessRequest>
  requests(caller: Caller, query: RequestQuery): Promise<Page<AccessRequest>>
  /** Who may answer each stage, as last seen. */
  approvers(caller: Caller, id: string): Promise<readonly StageApprovers[]>

  grant(caller: Caller, id: string): Promise<GrantRecord>
  grants(caller: Caller, query: GrantQuery): Promise<Page<GrantRecord>>
  revokeGrant(caller: Caller, id: string, reason: string): Promise<GrantRecord>
  handBack(caller: Caller, id: string, reason: string): Promise<GrantRecord>
  /** A new request, which the rules decide as any other; its grant is another one. */
  extendGrant(caller: Caller, id: string, input: Extension): Promise<Outcome>

  /** Rejects with `SP-INCIDENT` or `SP-REVIEW-OVERDUE` too. */
  breakGlass(caller: Caller, input: BreakGlass): Promise<Outcome>
  reviewBreakGlass(caller: Caller, grantId: string, input: Judgment): Promise<GrantRecord>
  /** A provider told that an incident changed: its break-glass grants are checked at once. */
  incidentChanged(provider: string, incident: string): Promise<void>

  setLock(caller: Caller, input: NewLock): Promise<Lock>
  liftLock(caller: Caller, id: string, reason: string): Promise<Lock>
  locks(caller: Caller, query: PageQuery & { readonly all: boolean }): Promise<Page<Lock>>

  delegate(caller: Caller, input: NewDelegation): Promise<Delegation>
  endDelegation(caller: Caller, id: string): Promise<Delegation>
  delegations(caller: Caller, query: PageQuery & { readonly all: boolean }): Promise<Page<Delegation>>

  /** The password is shown this once. Rejects with `SP-NO-GRANT`, `SP-GRANT-CHOICE`, `SP-LOCKED` too. */
  issuePassword(caller: Caller, input: NewPassword): Promise<IssuedPassword>
  revokePassword(caller: Caller, id: string): Promise<ConnectionPassword>
  passwords(caller: Caller, query: PageQuery & { readonly all: boolean }): Promise<Page<ConnectionPassword>>
  issueCertificate(caller: Caller, input: NewCertificate): Promise<IssuedCertificate>
  revokeCertificate(caller: Caller, id: string): Promise<ClientCertificate>
  certificates(caller: Caller, query: PageQuery & { readonly all: boolean }): Promise<Page<ClientCertificate>>

  /** Own refusals only. */
  refusal(caller: Caller, id: string): Promise<RefusalNote>

  session(caller: Caller, id: string): Promise<SessionRecord>
  /** Live ones first asked for; `ended` for those of the past. */
  sessions(caller: Caller, query: SessionQuery): Promise<Page<SessionRecord>>
  /** Revokes nothing: the person may connect again, unless their grant is revoked or they are locked. */
  endSession(caller: Caller, id: string, reason: string): Promise<SessionRecord>

  policies(caller: Caller, query: PolicyQuery): Promise<Page<PolicyVersion>>
  /** The version in force now, or at a time. */
  policy(caller: Caller, kind: PolicyKind, name: string, at?: number): Promise<PolicyVersion>
  policyVersions(caller: Caller, kind: PolicyKind, name: string, page: PageQuery): Promise<Page<PolicyVersion>>
  /** Proposed where a second person is demanded, else in force at once. Rejects with `SP-PRECONDITION`, `SP-INPUT`. */
  putPolicy(caller: Caller, input: PolicyChange): Promise<PolicyVersion>
  decidePolicy(
    caller: Caller,
    kind: PolicyKind,
    name: string,
    number: number,
    input: PolicyDecision,
  ): Promise<PolicyVersion>

  openReview(caller: Caller, input: NewReview): Promise<AccessReview>
  review(caller: Caller, id: string): Promise<AccessReview>
  reviews(caller: Caller, page: PageQuery): Promise<Page<AccessReview>>
  reviewItems(caller: Caller, id: string, page: PageQuery): Promise<Page<ReviewItem>>
  answerReview(caller: Caller, itemId: string, input: ReviewAnswer): Promise<ReviewItem>
  completeReview(caller: Caller, id: string): Promise<AccessReview>
}

/** Who asks, from where, with which token. */
export interface Caller {
  readonly identity: Identity
  readonly clientAddress: string | null
}

export interface Standing {
  readonly person: PersonRef
  readonly groups: readonly string[]
  readonly roles: readonly ApiRole[]
  readonly operations: readonly Operation[]
  /** Projects that the person leads. */
  readonly leads: readonly string[]
}

export interface PageQuery {
  /** The id after which the page begins. */
  readonly after?: string
  /** Default 50, at most `MAX_PAGE`. */
  readonly limit?: number
}

export interface Page<T> {
  readonly items: readonly T[]
  /** To be given as `after` for the next page; null at the end. */
  readonly next: string | null
}

export interface RequestQuery extends PageQuery {
  /** mine: own ones. to_answer: pending ones that the caller may answer now. all: needs the right to see all. */
  readonly view: 'mine' | 'to_answer' | 'all'
  readonly state?: RequestState
  readonly target?: string
}

export interface GrantQuery extends PageQuery {
  readonly view: 'mine' | 'all'
  readonly state?: GrantRecord['state']
  readonly target?: string
  readonly person?: string
  /** Break-glass only: the state of the review. */
  readonly review?: NonNullable<GrantRecord['review']>['state']
}

export interface SessionQuery extends PageQuery {
  readonly view: 'mine' | 'all'
  readonly ended: boolean
  readonly target?: string
  readonly grantId?: string
}

/** What became of a request: the grant where it was approved. */
export interface Outcome {
  readonly request: AccessRequest
  readonly grant: GrantRecord | null
}

export interface NewRequest {
  readonly target: string
  readonly role: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly narrowing: Narrowing | null
  /** Null: the role's default. */
  readonly durationMs: number | null
  /** Null: from the approval on. */
  readonly start: number | null
  readonly reason: string
  readonly ticket: string | null
  /** The text of a script: the grant then runs that and nothing else. */
  readonly script: string | null
}

/** What is null stays as it was. */
export interface Amendment {
  readonly parameters: Readonly<Record<string, ParameterValue>> | null
  readonly narrowing: Narrowing | null
  readonly durationMs: number | null
  readonly start: number | null
  readonly reason: string | null
  readonly ticket: string | null
  readonly script: string | null
}

/** What is null is as proposed. */
export interface FromRefusal {
  readonly role: string | null
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly durationMs: number | null
  readonly reason: string
  readonly ticket: string | null
}

export interface RefusalProposal {
  readonly refusal: RefusalNote
  readonly role: string
  readonly narrowing: Narrowing | null
  readonly parameters: Readonly<Record<string, ParameterType>>
}

export interface Extension {
  readonly durationMs: number | null
  readonly reason: string
  readonly ticket: string | null
}

export interface NewVote {
  readonly decision: 'approve' | 'deny' | 'changes'
  readonly reason: string
  /** Only takes away. */
  readonly narrowing: Narrowing | null
  readonly durationMs: number | null
  /** The email of who delegated; null: the own right, or else whichever delegation gives it. */
  readonly onBehalfOf: string | null
  /** The version that was looked at: where it has changed, `SP-CONFLICT`. */
  readonly version?: number
}

export interface StageApprovers {
  readonly stage: string
  readonly groups: readonly string[]
  readonly quorum: number
  readonly answered: readonly PersonRef[]
  readonly eligible: readonly PersonRef[]
}

export interface BreakGlass {
  readonly target: string
  /** Null: the one role for break-glass on that target. */
  readonly role: string | null
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly provider: string
  readonly incident: string
  readonly reason: string
}

export interface Judgment {
  readonly judgment: 'justified' | 'unjustified'
  readonly reason: string
}

export interface NewLock {
  readonly what: Lock['what']
  /** An email (or `issuer subject` key) of a person, the name of a target, the id of a grant. */
  readonly value: string
  readonly reason: string
  readonly until: number | null
}

export interface NewDelegation {
  /** An email. */
  readonly to: string
  /** Empty for all that the caller holds. */
  readonly groups: readonly string[]
  readonly start: number | null
  readonly end: number
  readonly reason: string
}

export interface NewPassword {
  readonly target: string
  readonly role: string | null
  readonly grantId: string | null
  /** Null: the longest, which ends with the grant. */
  readonly durationMs: number | null
}

export interface IssuedPassword {
  readonly record: ConnectionPassword
  readonly password: string
  /** The user name that goes with it. */
  readonly user: string
}

export interface NewCertificate {
  /** PEM of a certification request, or of a public key; null: the key is made here and given once. */
  readonly publicKey: string | null
  readonly durationMs: number | null
}

export interface IssuedCertificate {
  readonly record: ClientCertificate
  /** PEM. */
  readonly certificate: string
  readonly chain: string
  readonly privateKey: string | null
}

export interface TargetView {
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly labels: Readonly<Record<string, string>>
  readonly project: string | null
  readonly locked: boolean
}

export interface RoleOption {
  readonly role: string
  readonly description: string
  readonly parameters: Readonly<Record<string, ParameterType>>
  readonly defaultDurationMs: number
  readonly maxDurationMs: number
  readonly ticketRequired: boolean
  /** By itself; by people; not at all: no rule, or nobody is known who may answer. */
  readonly approval: 'auto' | 'people' | 'none'
  readonly rule: string | null
  readonly breakGlass: boolean
}

export interface PolicyQuery extends PageQuery {
  readonly kind?: PolicyKind
  /** Default: those in force. */
  readonly state?: PolicyVersion['state']
}

export interface PolicyChange {
  readonly kind: PolicyKind
  readonly name: string
  /** As in a policy file; null deletes. */
  readonly body: unknown
  readonly reason: string
  /** The digest of the version that it replaces; null where there is none yet. */
  readonly replaces: string | null
}

export interface PolicyDecision {
  readonly decision: 'approve' | 'refuse'
  readonly reason: string
}

export interface NewReview {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly reviewerGroups: readonly string[]
  readonly dueAt: number
  readonly onUnanswered: AccessReview['onUnanswered']
}

export interface ReviewAnswer {
  readonly decision: 'keep' | 'revoke'
  readonly reason: string
}

/** What the analysis of a script gives. */
export interface AnalysedScript {
  readonly plan: NonNullable<AccessRequest['plan']>
  readonly risks: readonly Risk[]
}
