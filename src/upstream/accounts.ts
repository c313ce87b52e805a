import type { Privileges } from '../policy/privileges.ts'
import type { Target } from '../session/ports.ts'

/** What accounts of one grant in one database have in common. */
export interface AccountSetup {
  /** Where accounts are made: of a replica its primary. */
  readonly target: Target
  /** Where they log in to: the target itself. */
  readonly loginTarget: Target
  /** The database that the session begins in; '' in MySQL where none is named. */
  readonly database: string
  readonly grantId: string
  /** Milliseconds since the epoch. */
  readonly grantEnd: number
  readonly role: string
  readonly privileges: Privileges
  /**
   * SHA-256 over grant, role, masking policy, target, database and settings, hex: it names what the accounts share. The
   * catalog has no part in it, so that what they share can follow the catalog while sessions use it.
   */
  readonly digest: string
  /** SHA-256 over the privileges and what they are given on, hex: where it differs, what is shared has to be renewed. */
  readonly content: string
  readonly settings: AccountSettings
  readonly limits: { readonly statementTimeoutMs: number; readonly lockTimeoutMs: number }
}

/** `accounts.dynamic` of a target, as it holds for one role. */
export interface AccountSettings {
  /** How long after the end of its grant the database itself refuses the account. */
  readonly ttlMarginMs: number
  /** Accounts made ahead, for each person and grant that has connected lately. */
  readonly warm: number
  /** What a person made belongs to this role (MySQL: this definer) afterwards; null: to the admin account (MySQL: the account then stays, locked). */
  readonly ownerRole: string | null
  /** Roles of the database that the account is a member of. */
  readonly memberOf: readonly string[]
  /** All accounts of this installation are members of it (PostgreSQL) or carry it as a mark (MySQL). */
  readonly marker: string
  /** MySQL: the host part of accounts. */
  readonly host: string
  /** How long a login waits until a replica knows the account. */
  readonly replicaWaitMs: number
}

export interface NewLogin {
  readonly name: string
  readonly password: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** How one kind of server makes and drops accounts. Each rejects with `SP-ACCOUNT` or `SP-UPSTREAM`. */
export interface AccountEngine {
  /** A new password for which what costs time is done already; without one, any random password will do. */
  password?(): string
  /**
   * Makes what the accounts of a setup share, or brings it up to date: what the privileges no longer name is taken back
   * first, then what is new is given. Then it asks the server for what they may do: what is missing rejects with
   * `SP-ACCOUNT`, what is beyond the privileges comes back as findings. Called once for a digest with a content, one at a
   * time for a digest, and again after `create` rejected. `names`: open accounts that use it.
   */
  prepare(setup: AccountSetup, names: readonly string[]): Promise<readonly string[]>
  create(setup: AccountSetup, logins: readonly NewLogin[]): Promise<void>
  /** No more logins, and the sessions that there are end; the accounts may be gone already. `at` is where they log in. */
  stop(target: Target, names: readonly string[], at: Target): Promise<void>
  /** Drops them with what they own; an account that is gone is dropped. By name, why it failed. */
  drop(target: Target, names: readonly string[], settings: AccountSettings): Promise<ReadonlyMap<string, string>>
  /** Accounts on the server that are ours by mark and form of name, of whatever node. */
  found(target: Target, settings: AccountSettings): Promise<readonly string[]>
  /** Drops what setups shared and no account uses, but for these digests. */
  sweep(target: Target, settings: AccountSettings, keep: ReadonlySet<string>): Promise<void>
  close(): Promise<void>
}
