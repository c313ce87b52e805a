import type { Verb } from '../sql/facts.ts'

/** A value of a typed role parameter. */
export type ParameterValue = string | number | boolean

export type ParameterType = 'string' | 'integer' | 'boolean' | 'uuid'

/** A row condition as data: no SQL text, so that values stay values. All conditions of a rule hold together. */
export interface RowCondition {
  readonly column: string
  readonly op: '=' | '<>' | '<' | '<=' | '>' | '>=' | 'in' | 'is null' | 'is not null'
  /** Literal values, or the name of a role parameter. */
  readonly value: readonly ParameterValue[] | { readonly parameter: string } | null
}

/** Patterns are exact names or `*`, `prefix*`. In MySQL the schema is the database and `database` is `*`. */
export interface ScopeRule {
  readonly databases: readonly string[]
  readonly schemas: readonly string[]
  readonly tables: readonly string[]
  /** Columns that are covered; null for all. */
  readonly columns: readonly string[] | null
  /** Tables or columns of this rule that are excluded again. */
  readonly exceptTables: readonly string[]
  readonly exceptColumns: readonly string[]
  readonly verbs: readonly Verb[]
  readonly where: readonly RowCondition[]
}

export interface Limits {
  /** 0 means no limit. */
  readonly maxRowsPerResult: number
  readonly maxBytesPerResult: number
  readonly statementTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly idleInTransactionTimeoutMs: number
  readonly maxSessions: number
  /** Sessions under a grant in which a statement runs. */
  readonly maxStatements: number
  /** How long a statement may wait for a lock: a setting of the server, which the session can't change then. */
  readonly lockTimeoutMs: number
  /** By all sessions of a person, in any hour. */
  readonly maxRowsPerHour: number
  readonly maxBytesPerHour: number
  /** By all sessions under a grant, in any 24 hours. */
  readonly maxRowsPerDay: number
  readonly maxBytesPerDay: number
  /** By all sessions of a person and for each table, in any hour: many small reads are one bulk read. */
  readonly maxRowsPerTableAndHour: number
  /** So many rows of one table by one person in any hour are an alert. */
  readonly bulkReadRows: number
  /** By all sessions of a person: over it the database has to wait. */
  readonly rowsPerSecond: number
  readonly bytesPerSecond: number
}

/** True where some rule of the scope lets rows be taken out as COPY; which ones, each rule says for itself. */
export function mayExport({ scope }: Pick<Role, 'scope'>): boolean {
  return scope.some(({ verbs }) => verbs.includes('export'))
}

export interface Role {
  readonly name: string
  /** SHA-256 of the role as loaded, hex. */
  readonly digest: string
  readonly description: string
  /** Everything on the target, unmasked, opaque statements too. Excludes scope rules. */
  readonly unrestricted: boolean
  /** An unrestricted role may also take data out as COPY; a narrow role has the verb `export` in its scope. */
  readonly exports: boolean
  /** A notice at connect names target, role and end of the grant. */
  readonly connectNotice: boolean
  readonly scope: readonly ScopeRule[]
  /** The scope before a grant narrowed it: its rules bound still what is left. Absent: not narrowed. */
  readonly narrowedFrom?: readonly ScopeRule[]
  /** `schema.name` of routines that may run although they can't be analysed. */
  readonly call: readonly string[]
  /** Masked columns lifted by this role: `schema.table.column` patterns. */
  readonly unmask: readonly string[]
  readonly computed: 'notice' | 'refuse'
  readonly requireWhere: boolean
  /** A statement that changes more rows is rolled back; 0 for any number. */
  readonly maxRowsChanged: number
  readonly parameters: ReadonlyMap<string, ParameterType>
  /** CIDR networks that a session may come from; empty for any. */
  readonly networks: readonly string[]
  readonly limits: Limits
  /** ACR values of which one is demanded; empty for none. */
  readonly acr: readonly string[]
  /** AMR values of which one is demanded; empty for none. */
  readonly amr: readonly string[]
  /** A session needs a login not older than this; 0 for any. */
  readonly maxAuthAgeMs: number
  /** What each session has to name when it begins. */
  readonly sessionReason: 'none' | 'reason' | 'ticket'
  /** A regular expression that a whole ticket must match; null for any text. */
  readonly ticketPattern: string | null
  readonly asking: Asking
}

/** What holds for asking for a role, and for the grants that come of it. */
export interface Asking {
  readonly defaultDurationMs: number
  readonly maxDurationMs: number
  /** A grant that nobody uses for so long ends; 0 for never. */
  readonly idleAfterMs: number
  /** Granted time of one person on one target under this role, in any window; null for no cap. */
  readonly standingCap: { readonly maxMs: number; readonly windowMs: number } | null
  /** A regular expression that the reason must contain; null for any text. */
  readonly reasonPattern: string | null
  readonly ticketRequired: boolean
  /** The approval rule that alone decides; null: the first of the list that matches. */
  readonly approval: string | null
  /** Parameters whose values are those of the person's token: by the name of the value there. */
  readonly claims: ReadonlyMap<string, string>
  /** Leads of projects may approve it on their targets. */
  readonly delegable: boolean
  /** Sessions are recorded. */
  readonly recording: boolean
  /** sync: records of statements under it are on disk before they go out. */
  readonly durability: 'log' | 'sync'
  /** May be had by break-glass. */
  readonly breakGlass: boolean
}
