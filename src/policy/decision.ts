import type { ErrorCode } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { MaskRule } from '../masking/rule.ts'
import type { Catalog, Relation } from '../sql/catalog.ts'
import type { Facts, StatementFacts } from '../sql/facts.ts'
import type { SubstitutionPlan } from '../sql/substitution.ts'
import type { Grant } from './grant.ts'
import type { MaskingPolicy } from './masking_policy.ts'
import type { Limits, Role } from './role.ts'

export interface DecisionInput {
  readonly identity: Identity
  readonly target: string
  /** The database that the session is connected to (PostgreSQL); '' in MySQL. */
  readonly database: string
  readonly grant: Grant
  readonly role: Role
  readonly masking: MaskingPolicy
  readonly catalog: Catalog
  readonly facts: Facts
  /** The facts of a view's definition; null where it can't be analysed. Cached by catalog. */
  readonly viewFacts: (view: Relation) => StatementFacts | null
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The session's account holds the privileges of its grant alone: a column with a constant mask can't be named. */
  readonly limited?: boolean
}

/** A column that the statement reads, and how the person sees it: for the audit. */
export interface ColumnAccess {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly seen: 'clear' | 'masked' | 'computed_masked' | 'written'
  /** The strategy of its mask, where it is seen through one. */
  readonly mask?: MaskRule['strategy']
  /** Seen in clear though the policy masks it: the role lifts that. */
  readonly lifted?: true
}

/** What the wire must do with one field of a result. */
export interface FieldPlan {
  readonly name: string
  readonly mask: MaskRule | null
  /** Where the analysis says the value comes from, or null for a computed one. */
  readonly origin: { readonly schema: string; readonly table: string; readonly column: string } | null
}

/** Clear values of a masked column that a statement asks for, against an hourly budget of the person. */
export interface Lookup {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly values: number
  readonly budgetPerHour: number
}

/** How one statement of the message is sent and its result treated. */
export interface StatementPlan {
  readonly substitutions: SubstitutionPlan
  /** Null where the result's fields are not known beforehand (SHOW) or the role is unrestricted: no check then. */
  readonly fields: readonly FieldPlan[] | null
  readonly columns: readonly ColumnAccess[]
  /** Masked columns that the statement computes on: the client gets the notice SP-COMPUTED naming them. */
  readonly computed: readonly string[]
  /** True where an error's text could quote a clear value: message, detail, hint and context are replaced. */
  readonly scrubErrors: boolean
  /** What each execution takes from the person's budgets; it does not run where one is used up. */
  readonly lookups?: readonly Lookup[]
  /** A change of definitions, which goes out as it was approved: no name in it is replaced. */
  readonly asWritten?: true
}

export interface Allow {
  readonly effect: 'allow'
  /** The rule that decided, e.g. `scope`. */
  readonly rule: string
  readonly reason: string
  /** One per statement of the facts. */
  readonly plans: readonly StatementPlan[]
  /** True: forward the client's text as it is, no plan applies. */
  readonly verbatim: boolean
  readonly limits: Limits
}

export interface Deny {
  readonly effect: 'deny'
  readonly rule: string
  readonly code: ErrorCode
  /** Safe to show to the person. */
  readonly reason: string
  /** Which statement of the message, from 0. */
  readonly statement: number
  /** Where in the message, in characters from 1, if one place is meant. */
  readonly position?: number
}

export type Decision = Allow | Deny
