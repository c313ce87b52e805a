import type { Identity } from '../identity/identity.ts'
import type { Narrowing } from '../policy/grant.ts'
import type { PersonRef, Versioned } from './model.ts'

/** The other records that the store keeps. */

/** An approver who is away: one hop, one vote, never on the delegate's own request. */
export interface Delegation extends Versioned {
  readonly from: PersonRef
  readonly to: PersonRef
  /** The groups whose right is delegated; empty for all that `from` holds when the vote is cast, as last seen. */
  readonly groups: readonly string[]
  readonly start: number
  readonly end: number
  readonly reason: string
  readonly endedAt: number | null
}

/** Ends everything of a person, target or grant, and keeps it out until lifted. */
export interface Lock extends Versioned {
  readonly what: 'person' | 'target' | 'grant'
  /** Person: `issuer subject` as `personKey` has it; else the name or id. */
  readonly value: string
  /** As it is shown: an email, a name, an id. */
  readonly label: string
  readonly by: PersonRef | null
  readonly reason: string
  readonly at: number
  /** Null: until lifted. */
  readonly until: number | null
  readonly liftedAt: number | null
  readonly liftedBy: PersonRef | null
}

/** A connection password: opaque, bound to a person, a target and a grant. Only what verifies it is stored. */
export interface ConnectionPassword extends Versioned {
  readonly identity: Identity
  readonly target: string
  readonly grantId: string
  /** RFC 5803 form: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`. */
  readonly scram: string
  /** SHA-256 of SHA-256 of the password, hex: what caching_sha2_password's fast path is checked with. */
  readonly sha2: string
  /** SHA-256 of the password, hex, for clients that show it whole over TLS. */
  readonly digest: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly revokedAt: number | null
}

/** A client certificate of Sallyport's own authority. The id is its serial number in hex. */
export interface ClientCertificate extends Versioned {
  readonly identity: Identity
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly revokedAt: number | null
}

/** A refusal for want of a grant: what would have let it through. The id is short enough to be typed. */
export interface RefusalNote extends Versioned {
  readonly person: PersonRef
  readonly target: string
  readonly database: string
  /** The role of the session, or null where the login itself was refused. */
  readonly role: string | null
  readonly code: string
  readonly reason: string
  /** The least scope that the statement needs; empty for a login. */
  readonly needs: Narrowing
  /** Columns that are masked under the role and were to be seen in clear: `schema.table.column`. */
  readonly clear: readonly string[]
  readonly statementSha256: string | null
  readonly at: number
  readonly expiresAt: number
}

/** A database account made for one session. The id is its name on its target: `target/name`. */
export interface AccountRecord extends Versioned {
  readonly target: string
  readonly name: string
  readonly node: string
  readonly sessionId: string
  readonly grantId: string
  readonly state: 'creating' | 'open' | 'closing' | 'orphaned' | 'dropped'
  readonly createdAt: number
  /** In the database itself too, where it can keep an expiry. */
  readonly expiresAt: number
  readonly attempts: number
  readonly lastError: string | null
  readonly droppedAt: number | null
}

/** A live session, as its node last told. */
export interface SessionRecord extends Versioned {
  readonly node: string
  readonly person: PersonRef
  readonly target: string
  readonly database: string | null
  readonly role: string
  readonly grantId: string
  readonly databaseUser: string | null
  readonly clientAddress: string
  readonly application: string | null
  readonly startedAt: number
  readonly lastSeenAt: number
  /** Normalised, never with literals. */
  readonly lastStatement: string | null
  readonly endedAt: number | null
  /** Somebody on another node wants it ended: its own node does so. */
  readonly endAsked?: { readonly by: string; readonly reason: string }
  /** The provider's session that it was opened under, where the token named it: a logout may name that alone. */
  readonly sid?: string
}

/** What was done under a grant: one line for each table and verb. */
export interface UsageRecord extends Versioned {
  readonly grantId: string
  readonly schema: string
  readonly table: string
  readonly verb: string
  readonly statements: number
  readonly rows: number
  /** Statements that read at least one column in clear that is masked by policy. */
  readonly clear: number
  readonly firstAt: number
  readonly lastAt: number
}

export type PolicyKind = 'role' | 'mask' | 'approval' | 'project' | 'classification' | 'grant'

/** One version of a piece of policy; all are kept. The id is `kind/name@number`. */
export interface PolicyVersion extends Versioned {
  readonly kind: PolicyKind
  readonly name: string
  /** From 1. */
  readonly number: number
  readonly source: 'file' | 'api'
  /** As in a policy file; null: deleted by this version. */
  readonly body: unknown
  /** SHA-256, hex. */
  readonly digest: string
  /** A proposed version waits for its second person, and binds nobody until then. */
  readonly state: 'proposed' | 'in_force' | 'superseded' | 'refused'
  readonly author: PersonRef | null
  readonly approver: PersonRef | null
  readonly reason: string
  readonly at: number
  /** When the next version replaced it. */
  readonly supersededAt: number | null
}

/** A review of who had what in a period, and used what of it. */
export interface AccessReview extends Versioned {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly state: 'open' | 'completed'
  readonly reviewerGroups: readonly string[]
  readonly dueAt: number
  readonly remindedAt: number | null
  readonly onUnanswered: 'revoke' | 'escalate'
  readonly createdBy: PersonRef | null
  readonly createdAt: number
  readonly completedAt: number | null
}

export interface ReviewItem extends Versioned {
  readonly reviewId: string
  readonly grantId: string
  readonly holder: PersonRef
  readonly target: string
  readonly role: string
  readonly kind: string
  /** unknown: the log of that time can't be read; it never counts as unused. */
  readonly use: 'used' | 'unused' | 'unknown'
  readonly statements: number
  readonly lastUsedAt: number | null
  readonly decision: 'keep' | 'revoke' | 'escalated' | null
  readonly by: PersonRef | null
  readonly reason: string | null
  readonly at: number | null
}

/** An address that is told of events; the secret that signs stands in the configuration of secrets. */
export interface Webhook extends Versioned {
  readonly url: string
  /** Activities, or `*`. */
  readonly events: readonly string[]
  readonly secretRef: string
  readonly createdBy: PersonRef
  readonly createdAt: number
  readonly disabledAt: number | null
}

export interface Delivery extends Versioned {
  readonly webhookId: string
  readonly eventId: string
  readonly body: string
  readonly attempts: number
  readonly nextAt: number
  readonly deliveredAt: number | null
  readonly lastError: string | null
}

/** What was answered to a POST with an Idempotency-Key. The id is a hash of actor and key. */
export interface IdempotentAnswer extends Versioned {
  readonly bodySha256: string
  /** Null while the first is under way. */
  readonly status: number | null
  readonly answer: string | null
  readonly at: number
}

/** A person as last seen with a good token: their groups decide who is eligible to approve. The id is `personKey`. */
export interface SeenPerson extends Versioned {
  readonly identity: Identity
  readonly seenAt: number
}

/** A process that shares the store. */
export interface NodeRecord extends Versioned {
  readonly startedAt: number
  readonly seenAt: number
  readonly address: string | null
  /** How far its clock is from the store's, milliseconds. */
  readonly clockSkewMs: number
}
