import type { Actor } from '../audit/access_event.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { SallyportError } from '../errors.ts'
import type { Identity, Person } from '../identity/identity.ts'
import type { Grant, GrantsSnapshot, Narrowing } from '../policy/grant.ts'
import type { MaskingPolicy } from '../policy/masking_policy.ts'
import type { Role } from '../policy/role.ts'
import type { Catalog } from '../sql/catalog.ts'

/** What the core asks of the world. The first implementations are simple; the shapes are final. */

export interface AuditLog {
  /** Resolves when the records are as durable as the log's mode promises; rejects with `SP-AUDIT`. Keeps order. */
  append(events: readonly AuditEvent[]): Promise<void>
  /**
   * In order with what is appended, but written with the next append or after 10 ms: for completions, which nothing
   * waits for. Rejects as `append` does.
   */
  note(events: readonly AuditEvent[]): Promise<void>
  /** False after a failed write, until one succeeds: `/readyz` follows it. */
  readonly healthy: boolean
  close(): Promise<void>
}

export interface Tokens {
  /** Verifies a token offline. Rejects with `SP-AUTH` (its `detail` is for the log) or `SP-GROUP-OVERAGE`. */
  verify(token: string): Promise<Identity>
}

export interface Grants {
  snapshot(): GrantsSnapshot
  /**
   * Why this person may start no statement under the grant now, or null where it stands: it has ended or was revoked; it,
   * the person or the target is locked; or this node's lease on its snapshot has run out. Answered from memory, for each
   * statement.
   */
  refusal(grantId: string, person: Person, target: string): SallyportError | null
  /** When somebody ended or locked it, in milliseconds since the epoch; null where it stands or ended by time. */
  endedAt(grantId: string, person: Person, target: string): number | null
  /** Called after each change of the snapshot. Returns the way to stop listening. */
  onChange(listener: () => void): () => void
}

/** How the clients of a listener, or of a TLS server name, prove who they are. */
export type AuthMethod = 'token' | 'scram' | 'password' | 'oauth' | 'cert'

/** A configured database server. */
export interface Target {
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  readonly tls: {
    readonly mode: 'disable' | 'require' | 'verify-ca' | 'verify-full'
    readonly ca: string | null
    readonly serverName: string | null
  }
  readonly labels: Readonly<Record<string, string>>
  /** The database that the admin connection and clients that name none use. */
  readonly defaultDatabase: string
  /** Reads the catalog. */
  readonly admin: Credential
  readonly maxConnections: number
  readonly capture: 'normalized' | 'full' | 'sealed'
  readonly catalogPollMs: number
  /** sync: the record of a statement is on disk before it goes out, whatever the log's own durability is. */
  readonly durability: 'log' | 'sync'
}

export interface Credential {
  readonly user: string
  readonly password: string
}

/** A secret as it was read. */
export interface SecretVersion {
  readonly value: string
  /** The account's name, where the provider gives one with it. */
  readonly user: string | null
  /** What the provider calls this version; never derived from the value in a way that could be undone. */
  readonly version: string
}

/**
 * The login of an account whose password, and perhaps name, is rotated while the program runs. Kept at hand: asking for
 * it costs nothing but the first time, and after a refused login.
 */
export interface LiveCredential {
  /**
   * What may be valid now, most likely first: the old one follows the new one for as long as both may live. Never
   * empty. Rejects with `SP-UPSTREAM` where none can be had.
   */
  candidates(): Promise<readonly Credential[]>
  /**
   * Runs `attempt` with each candidate until one isn't `refused`; after the last the secret is read again, and what is
   * new is tried too. Rejects as the last attempt did, at once where the reason is another than the login.
   */
  use<T>(attempt: (credential: Credential) => Promise<T>, refused: (error: unknown) => boolean): Promise<T>
}

/** One reading of a secret, for the audit log: `secret.read` or `secret.failed`. */
export interface SecretReading {
  readonly reference: string
  /** Null where it failed. */
  readonly version: string | null
  readonly ok: boolean
  /** Why it failed, in words that hold nothing of the secret. */
  readonly detail: string | null
}

export interface Accounts {
  /** The account that this session logs in to the database with. Rejects with `SP-ACCOUNT` or `SP-UPSTREAM`. */
  open(session: AccountSession, target: Target, grant: Grant): Promise<OpenedAccount>
  /** The session goes on under another grant, which gives the same: its account is that one's from now on. */
  goOn?(sessionId: string, grant: Grant): Promise<void>
  close(sessionId: string): Promise<void>
}

export interface AccountSession {
  readonly id: string
  /** What goes into the account's name: the person's alias before the `@`. */
  readonly person: string
  /** Whose it is, for its record. */
  readonly holder?: Actor
  /** The database that the session begins in; '' in MySQL where none is named. */
  readonly database: string
  /** The role as the grant narrows it. */
  readonly role: Role
}

export interface OpenedAccount extends Credential {
  /** What the server says the account may do beyond the grant: findings for the audit; empty for none. */
  readonly findings: readonly string[]
  /** It holds the privileges of its grant alone: what they leave out can't even be named. */
  readonly limited?: true
}

/**
 * Which accounts exist, kept so that a crash forgets none: an account is noted before it is made, and crossed out after
 * it is gone.
 */
export interface AccountLedger {
  /** Noted again under the same name it has another session or expiry: one that was made ahead found its session. */
  note(account: NewAccount): Promise<void>
  made(target: string, name: string): Promise<void>
  closing(target: string, name: string): Promise<void>
  dropped(target: string, name: string): Promise<void>
  /** Dropping failed: tried again by the janitor. */
  failed(target: string, name: string, why: string): Promise<void>
  /** Accounts of the target that are not dropped, of every node. */
  left(target: string): Promise<readonly LeftAccount[]>
}

export interface NewAccount {
  readonly target: string
  readonly name: string
  /** '' for one that was made ahead. */
  readonly sessionId: string
  readonly grantId: string
  readonly expiresAt: number
}

export interface LeftAccount extends NewAccount {
  readonly node: string
  /**
   * True where its session lives, on this node or, as far as is known, on another. One that was made ahead is in use
   * while its node lives.
   */
  readonly inUse: boolean
  /** The process that made it is gone for good, or can let nothing through any more: no login there is under way. */
  readonly abandoned: boolean
}

export interface Catalogs {
  /** The snapshot that may be relied on, or undefined while there is none. `database` is '' for MySQL. */
  current(target: string, database: string): Catalog | undefined
  /** The last snapshot that was read, though definitions may have changed since: for what nothing is decided by. */
  latest(target: string, database: string): Catalog | undefined
  /** True where `current` has none and one is being read: who waits a little gets it. */
  awaited(target: string, database: string): boolean
  /** Reads it if there is none. Rejects with `SP-UPSTREAM`. */
  ensure(target: Target, database: string): Promise<Catalog>
  /** Marks the snapshots of a target as stale: none is `current` until it was confirmed, or read again. */
  invalidate(target: string, reason: string): void
  /** Looks for a change now rather than at the next poll; until then the snapshots hold. */
  recheck(target: string): void
}

/** One text that outlives the process. */
export interface Notes {
  /** Null where none was written yet. */
  read(): string | null
  write(text: string): Promise<void>
}

/** One limit: how much of it a sliding window may hold. Limits with equal keys have equal windows, and count together. */
export interface Allowance {
  readonly key: string
  /** Infinity where the amount is only watched. */
  readonly max: number
  /** Milliseconds. */
  readonly windowMs: number
}

/**
 * Counts what was taken, over all sessions. Answers at once: an implementation that shares its counts with others holds
 * a leased part of them here. What can't be counted is not granted.
 */
export interface Quota {
  /** Takes what the window still has room for: 0 to `amount`. */
  reserve(allowance: Allowance, amount: number): number
  /** Gives back what was reserved just now and not used. */
  giveBack(allowance: Allowance, amount: number): void
  usage(allowance: Allowance): Usage
  /** Takes `amount` of a rate, and says how many milliseconds to wait before the next is taken. */
  pace(key: string, perSecond: number, amount: number): number
}

export interface Usage {
  readonly used: number
  /** Until some of it is free again; 0 where nothing is used. */
  readonly freesInMs: number
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Monotonic milliseconds. */
  monotonic(): number
}

export interface Ids {
  /** A new UUIDv7. */
  uuid(): string
}

/** Roles and masks in force, swapped as one on reload. */
export interface PolicySource {
  readonly configDigest: string
  /** The role as the grant narrows it. */
  roleOf(grant: Grant): Role | undefined
  masking(): MaskingPolicy
}

/**
 * The connection passwords and certificates that are live: not revoked, not expired, and nobody locked whom they name.
 * Answered from memory, at once; what is here counts still has to stand under an active grant.
 */
export interface Credentials {
  /** In no order. */
  passwordsFor(target: string): readonly LivePassword[]
  /** By the serial number in lower-case hex. */
  certificate(serial: string): LiveCertificate | null
}

/** What of a connection password a login needs; see `ConnectionPassword` of the store's records. */
export interface LivePassword {
  readonly id: string
  readonly identity: Identity
  readonly target: string
  readonly grantId: string
  readonly scram: string
  readonly sha2: string
  readonly digest: string
  readonly createdAt: number
  readonly expiresAt: number
}

export interface LiveCertificate {
  /** The serial number in hex. */
  readonly id: string
  readonly identity: Identity
  readonly fingerprint: string
  readonly expiresAt: number
}

/**
 * Answered from memory. Whoever is locked logs in nowhere, and what stands already ends by `Grants.refusal`. Where this
 * node's lease has run out nobody knows what is locked: the answer is `SP-LEASE`, and lets nobody in.
 */
export interface Locks {
  lockedBy(what: {
    readonly person: string
    readonly target: string
    readonly grantId: string | null
  }): Locked | SallyportError | null
}

export interface Locked {
  readonly what: 'person' | 'target' | 'grant'
  readonly label: string
  readonly reason: string
  readonly at: number
  readonly until: number | null
}

/** What was done under grants, by table: for reviews, and for grants that nobody uses. Nothing waits for it. */
export interface Uses {
  note(use: TableUse): void
}

/** What one statement did to one table. */
export interface TableUse {
  readonly grantId: string
  readonly schema: string
  readonly table: string
  readonly verb: string
  readonly rows: number
  /** Whether it read a column in clear. */
  readonly clear: boolean
  readonly at: number
}

/** The live sessions of this node, told to those who look from elsewhere. Nothing waits for it. */
export interface LiveSessions {
  /** Told again where it goes on under another grant. */
  opened(session: LiveSessionFacts): void
  /** `lastStatement` is normalised, never with literals. */
  seen(id: string, at: number, lastStatement: string): void
  closed(id: string, at: number): void
}

export interface LiveSessionFacts {
  readonly id: string
  readonly person: Pick<Identity, 'issuer' | 'subject' | 'email' | 'name'>
  readonly target: string
  readonly database: string | null
  readonly role: string
  readonly grantId: string
  readonly databaseUser: string | null
  readonly clientAddress: string
  readonly application: string | null
  readonly startedAt: number
  /** See `Identity`. */
  readonly sid?: string
}

/** Keeps what was refused for want of a grant, so that a request can be opened from it. */
export interface Refusals {
  /** The short id at once; it is stored behind. Null where nothing is kept. */
  note(refused: RefusedAccess): string | null
  /** The page that opens a request from it; null where there is none. */
  linkTo?(id: string): string | null
}

export interface RefusedAccess {
  readonly person: Pick<Identity, 'issuer' | 'subject' | 'email' | 'name'>
  readonly target: string
  readonly database: string
  /** The role of the session; of a login the one that was asked for, or null. */
  readonly role: string | null
  readonly code: string
  readonly reason: string
  /** The least scope that would have done; empty for a login. */
  readonly needs: Narrowing
  /** `schema.table.column` that were to be seen in clear. */
  readonly clear: readonly string[]
  readonly statementSha256: string | null
}

/** Sallyport's own authority for client certificates. */
export interface CertificateAuthority {
  /** The certificates, PEM, that its own are verified with. */
  readonly chain: string
  /**
   * A client certificate for a certification request or a public key, both PEM; null makes the key here. Rejects with
   * `SP-INPUT`.
   */
  issue(key: string | null, identity: Identity, expiresAt: number): Promise<IssuedClientCertificate>
  /** What a client has shown in TLS: its serial number. Throws `SP-AUTH`. Whether it was revoked, `Credentials` knows. */
  verify(der: Uint8Array, now: number): ShownCertificate
}

export interface IssuedClientCertificate {
  /** PEM. */
  readonly certificate: string
  /** Lower-case hex. */
  readonly serial: string
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** PEM, where the key was made here: it is kept nowhere. */
  readonly privateKey: string | null
}

export type ShownCertificate = Pick<IssuedClientCertificate, 'serial' | 'fingerprint'> & {
  readonly issuer: string
  readonly subject: string
}

/** Asks the identity provider now and then whether it still stands by a person whose session is open. */
export interface LiveCheck {
  /**
   * Keeps the token in memory until the watch is stopped. `refused` is called once, with why, when the provider no
   * longer stands by it. Gives the way to stop.
   */
  watch(token: string, identity: Identity, refused: (why: SallyportError) => void): () => void
}
