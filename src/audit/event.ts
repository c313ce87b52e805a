import type { Identity } from '../identity/identity.ts'
import type { ColumnAccess } from '../policy/decision.ts'
import type { GrantKind, IncidentRef } from '../policy/grant.ts'
import type { ParameterValue } from '../policy/role.ts'
import type { AccessEvent, Actor } from './access_event.ts'
import type { AlertEvent } from './alert_event.ts'
import type { BoundParameters } from './bound_values.ts'
import type { StatementActivity } from './statement_activity.ts'

/** Who, from where, on what: the same for every event of a session. */
export interface SessionFacts {
  readonly sessionId: string
  readonly identity: Identity | null
  /** As claimed by the client: the user name as sent, application_name or program_name. */
  readonly claimedUser: string
  readonly application: string | null
  /** MySQL's connection attributes (`_client_name`, `_os`...), claims of the client like the name; bounded. */
  readonly attributes?: Readonly<Record<string, string>>
  readonly protocol: 'postgres' | 'mysql'
  readonly clientAddress: string
  readonly clientPort: number
  readonly tlsVersion: string | null
  readonly target: string | null
  readonly targetHost: string | null
  readonly targetPort: number | null
  readonly database: string | null
  readonly databaseUser: string | null
  readonly grantId: string | null
  readonly role: string | null
  readonly reason: string | null
  readonly ticket: string | null
  /** Of the grant, where there is one. */
  readonly grantKind?: GrantKind | null
  readonly requestId?: string | null
  readonly parameters?: ReadonlyMap<string, ParameterValue> | null
  readonly incident?: IncidentRef | null
}

export interface PolicyDigests {
  readonly config: string
  readonly role: string
  readonly masking: string
  readonly catalog: string
}

export interface StatementText {
  readonly normalized: string
  /** SHA-256 of the text as sent, hex. */
  readonly sha256: string
  /** UTF-8 bytes. */
  readonly bytes: number
  /** The text as sent, where the target captures it in full; else null. */
  readonly full: string | null
  /** `full`, and the values of parameters, are for who holds the key to unseal them alone. */
  readonly sealed?: true
}

interface Base {
  /** UUIDv7. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** On disk before anything that stands after it happens, also where the log syncs in groups. */
  readonly sync?: true
}

export type AuditEvent =
  | (Base & { readonly kind: 'login'; readonly session: SessionFacts; readonly grantEnd: number })
  | (Base & {
      readonly kind: 'login_failed'
      readonly session: SessionFacts
      readonly code: string
      /** What really failed: for the log, never for the client. */
      readonly detail: string
    })
  | (Base & { readonly kind: 'logout'; readonly session: SessionFacts; readonly cause: string })
  /** The session's own connection to the database stands, under the account that its facts name. */
  | (Base & {
      readonly kind: 'connect'
      readonly session: SessionFacts
      /** The server says that the account passes all of its permission checks. */
      readonly superuser?: true
    })
  | (Base & {
      readonly kind: 'decision'
      readonly session: SessionFacts
      /** UUIDv7, shared with the completion. */
      readonly statementId: string
      readonly effect: 'allow' | 'deny'
      readonly rule: string
      readonly code: string | null
      readonly reason: string
      readonly statementKind: string
      /** Absent: what the kind alone says. */
      readonly activity?: StatementActivity
      readonly verbs: readonly string[]
      readonly statement: StatementText
      /** Absent where the protocol brought none. */
      readonly parameters?: BoundParameters
      /** As it was sent, where the session is recorded: for the recording alone, in no record of the log. */
      readonly text?: string
      readonly objects: readonly {
        readonly schema: string
        readonly name: string
        readonly access: 'read' | 'target'
      }[]
      readonly columns: readonly ColumnAccess[]
      readonly digests: PolicyDigests
    })
  | (Base & {
      readonly kind: 'completion'
      readonly session: SessionFacts
      readonly statementId: string
      readonly statementKind: string
      readonly activity?: StatementActivity
      readonly outcome: 'ok' | 'error' | 'cancelled' | 'withheld'
      /** SQLSTATE (PostgreSQL) or errno (MySQL) as text; null when it succeeded. */
      readonly status: string | null
      readonly rows: number
      readonly bytes: number
      readonly rowsWithheld: number
      readonly durationMs: number
    })
  | (Base & {
      /** A person has read `rows` rows of a table within `windowMs`, by however many statements: `statementId` is the last. */
      readonly kind: 'bulk_read'
      readonly session: SessionFacts
      readonly statementId: string
      readonly table: { readonly schema: string; readonly name: string }
      readonly rows: number
      readonly threshold: number
      readonly windowMs: number
    })
  | (Base & {
      /** A call of the admin API by somebody who is known, before anything of it is done. */
      readonly kind: 'api_call'
      readonly by: Actor
      /** As the contract names it. */
      readonly operation: string
      readonly method: string
      /** Without its query. */
      readonly path: string
      /** The parts of the path that name something, by their names. */
      readonly resources: Readonly<Record<string, string>>
      readonly requestId: string
      readonly clientAddress: string | null
      readonly clientPort: number | null
      /** As the client claims. */
      readonly userAgent: string | null
    })
  | (Base & { readonly kind: 'cancel'; readonly session: SessionFacts; readonly by: string })
  | (Base & {
      readonly kind: 'config_loaded'
      readonly digest: string
      readonly previous: string | null
      /** Paths that changed, `roles/analyst: changed`. */
      readonly changes: readonly string[]
    })
  | AccessEvent
  | AlertEvent
  | (Base & {
      /** What happened to the log of record itself; `detail` has what an auditor needs of it. */
      readonly kind: 'log'
      readonly what: 'started' | 'recovered' | 'resumed' | 'key_rotated' | 'segment_deleted' | 'broken'
      readonly detail: Readonly<Record<string, unknown>>
    })
  | (Base & { readonly kind: 'process'; readonly what: 'start' | 'drain' | 'stop' })
