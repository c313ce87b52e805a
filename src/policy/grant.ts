import type { ParameterValue, ScopeRule } from './role.ts'

/** What an approved request becomes. Never edited, only ended. */
export interface Grant {
  readonly id: string
  readonly kind: GrantKind
  /** Names who holds it. A subject without its issuer, as files may give it, is that of any accepted issuer. */
  readonly principal: Principal
  readonly target: string
  readonly role: string
  readonly parameters: ReadonlyMap<string, ParameterValue>
  /** What of the role's scope is granted; null for all of it. */
  readonly narrowing: Narrowing | null
  /** Milliseconds since the epoch; start inclusive, end exclusive. */
  readonly start: number
  readonly end: number
  readonly reason: string
  readonly ticket: string | null
  readonly incident: IncidentRef | null
  readonly requestId: string | null
  /** The script that the grant is bound to: only its statements run, in their order. */
  readonly plan: MigrationPlan | null
  /** Of a renewed or extended grant: the one whose sessions it keeps, and the first of all. Absent for others. */
  readonly follows?: { readonly id: string; readonly first: string }
}

/** The access that a grant is a part of: it and those that it was renewed or extended from count together. */
export function firstOf({ id, follows }: Pick<Grant, 'id' | 'follows'>): string {
  return follows?.first ?? id
}

/** file: from a policy file, for as long as it stands there. The others come from a request. */
export type GrantKind = 'file' | 'standard' | 'migration' | 'break_glass'

export type Principal =
  | { readonly subject: string; readonly issuer: string | null }
  | { readonly email: string }
  | { readonly group: string }

/** Only what both the role and one of these rules cover is granted: it takes away, and never adds. */
export type Narrowing = readonly Omit<ScopeRule, 'where' | 'exceptTables' | 'exceptColumns'>[]

/** An incident as its provider names it. */
export interface IncidentRef {
  /** The name of a provider in the configuration. */
  readonly provider: string
  readonly id: string
}

/** An approved script. Statements are compared by their normalised text with literals, see `policy/migration.ts`. */
export interface MigrationPlan {
  /** SHA-256 over the statements as compared, hex. */
  readonly digest: string
  readonly statements: readonly PlannedStatement[]
}

export interface PlannedStatement {
  /** As the script has it, for people. */
  readonly text: string
  /** What a statement that is sent must equal. */
  readonly compared: string
}

/** A serialisable view of every grant, with the version that it was taken at. */
export interface GrantsSnapshot {
  readonly version: number
  readonly grants: readonly Grant[]
}
