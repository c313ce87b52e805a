import type { AccessEvent } from '../audit/access_event.ts'
import type { AccessRequest, GrantRecord, Versioned } from './model.ts'
import type {
  AccessReview,
  AccountRecord,
  ClientCertificate,
  ConnectionPassword,
  Delegation,
  Delivery,
  IdempotentAnswer,
  Lock,
  NodeRecord,
  PolicyVersion,
  RefusalNote,
  ReviewItem,
  SeenPerson,
  SessionRecord,
  UsageRecord,
  Webhook,
} from './records.ts'

/** What the control plane asks of the store. */

/** Every record type with the fields that lists may be filtered by; the store keeps those as columns of their own. */
export interface Records {
  requests: { record: AccessRequest; by: 'state' | 'kind' | 'person' | 'target' | 'role' | 'createdAt' | 'expiresAt' }
  grants: { record: GrantRecord; by: 'state' | 'kind' | 'person' | 'target' | 'role' | 'start' | 'end' | 'review' }
  delegations: { record: Delegation; by: 'from' | 'to' | 'end' }
  locks: { record: Lock; by: 'what' | 'value' | 'liftedAt' }
  passwords: { record: ConnectionPassword; by: 'person' | 'grantId' | 'expiresAt' | 'revokedAt' }
  certificates: { record: ClientCertificate; by: 'person' | 'fingerprint' | 'expiresAt' | 'revokedAt' }
  refusals: { record: RefusalNote; by: 'person' | 'target' | 'expiresAt' }
  accounts: { record: AccountRecord; by: 'target' | 'state' | 'node' | 'sessionId' | 'expiresAt' }
  sessions: { record: SessionRecord; by: 'node' | 'person' | 'target' | 'grantId' | 'startedAt' | 'endedAt' }
  usage: { record: UsageRecord; by: 'grantId' | 'lastAt' }
  policies: { record: PolicyVersion; by: 'kind' | 'name' | 'number' | 'at' | 'supersededAt' }
  reviews: { record: AccessReview; by: 'state' | 'dueAt' }
  reviewItems: { record: ReviewItem; by: 'reviewId' | 'decision' | 'grantId' }
  webhooks: { record: Webhook; by: 'disabledAt' }
  deliveries: { record: Delivery; by: 'webhookId' | 'nextAt' | 'deliveredAt' }
  answers: { record: IdempotentAnswer; by: 'at' }
  people: { record: SeenPerson; by: 'email' | 'seenAt' }
  nodes: { record: NodeRecord; by: 'seenAt' }
}

export type RecordName = keyof Records

/** `person` of a record is `personKey`. Null asks for records where the field is null. */
export type Filter = string | number | null | readonly (string | number)[] | Range
export interface Range {
  /** Inclusive. */
  readonly from?: number
  /** Exclusive. */
  readonly to?: number
}

export interface Query<By extends string> {
  readonly where?: Partial<Record<By, Filter>>
  /** The id after which the page begins: ids are ordered by time of creation. */
  readonly after?: string
  /** At most `MAX_PAGE`. */
  readonly limit?: number
  readonly order?: 'ascending' | 'descending'
}

export const MAX_PAGE = 500

export interface Reading<Row extends Versioned, By extends string> {
  get(id: string): Promise<Row | undefined>
  /** Ordered by id. A record that its schema refuses is an error of the store (`SP-STORE`), never left out. */
  list(query: Query<By>): Promise<readonly Row[]>
  count(query: Pick<Query<By>, 'where'>): Promise<number>
}

export interface Writing<Row extends Versioned, By extends string> extends Reading<Row, By> {
  /** Rejects with `SP-CONFLICT` where the id is taken. */
  insert(record: Row): Promise<void>
  /** Stores the record under the next version, and gives it. Rejects with `SP-CONFLICT` where another version is stored. */
  update(record: Row): Promise<Row>
  /** For what has no history to keep: answers, deliveries, sessions past retention. */
  remove(id: string): Promise<void>
}

export type ReadTx = { readonly [Name in RecordName]: Reading<Records[Name]['record'], Records[Name]['by']> }
export type WriteTx = { readonly [Name in RecordName]: Writing<Records[Name]['record'], Records[Name]['by']> } & {
  /** The event stands in the outbox of this transaction: it is in the audit log at least once after the commit. */
  record(event: AccessEvent): void
}

/** One change that other parts of this process, and other nodes, have to know of at once. */
export interface Change {
  readonly what: 'grants' | 'locks' | 'passwords' | 'certificates' | 'policies' | 'sessions'
}

export interface Store {
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>
  /**
   * One serializable transaction. Run again, a few times, where it lost against another one: `work` has no effects but
   * those of `tx`. Rejects with `SP-CONFLICT` in the end, or `SP-STORE` where the store can't be reached.
   */
  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T>
  /** Called after a commit, of this node or of another, that touched what the name says; spurious calls are fine. */
  onChange(listener: (change: Change) => void): () => void
  /** Monotonic milliseconds until which what was read last may be relied on; SQLite: Infinity. */
  leaseUntil(): number
  close(): Promise<void>
}

/** Takes events from the outbox to the audit log, in order of their transactions. */
export interface Outbox {
  /** Resolves when everything that is in the outbox now is durable in the log. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Asks the provider of an incident. Unreachable, unknown and unreadable are three different answers, and none is "open". */
export interface Incidents {
  check(provider: string, id: string): Promise<IncidentAnswer>
}

export type IncidentAnswer =
  | {
      readonly kind: 'known'
      readonly open: boolean
      readonly title: string
      readonly url: string | null
      /** Emails (or ids that `people` maps) of who it is assigned to, and of who is on call for it. */
      readonly assignees: readonly string[]
      readonly onCall: readonly string[]
      /** The names of the affected services, to be compared with the target's label `service`. */
      readonly services: readonly string[]
      readonly closedAt: number | null
    }
  | { readonly kind: 'unknown'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }
