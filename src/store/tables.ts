import type * as z from 'zod'
import type { Change, RecordName, Records } from '../access/ports.ts'
import { personKey } from '../identity/identity.ts'
import {
  accountSchema,
  answerSchema,
  certificateSchema,
  delegationSchema,
  deliverySchema,
  lockSchema,
  nodeSchema,
  passwordSchema,
  policySchema,
  refusalSchema,
  reviewItemSchema,
  reviewSchema,
  seenPersonSchema,
  sessionSchema,
  usageSchema,
  webhookSchema,
} from './other_schemas.ts'
import { grantSchema, requestSchema } from './record_schemas.ts'

/** The tables of the store, for both kinds of database. */

export type ColumnValue = string | number | null

/** Every table of records has these; the fields that lists filter by are columns of their own beside them. */
interface RecordRow {
  readonly id: string
  readonly version: number
  /** JSON. */
  readonly body: string
  readonly [column: string]: ColumnValue
}

export type TableName =
  | Exclude<RecordName, 'reviewItems'>
  // SQL's own way to write a name of two words.
  | 'review_items'

export type Tables = Record<TableName, RecordRow> & {
  /** One row: how far the migrations have come. */
  store_schema: { version: number }
  /** One row for each `Change['what']`, and how often it changed. */
  store_changes: { what: string; counter: number }
  /** In the order of commits. */
  outbox: { seq: number; id: string; body: string }
  /** What limits have counted over all nodes, see `store_quota.ts`. */
  quota_parts: { key: string; part: number; amount: number }
}

type Columns<Name extends RecordName> = {
  readonly [Field in Records[Name]['by']]: (record: Records[Name]['record']) => ColumnValue
}

export interface RecordTable<Name extends RecordName> {
  readonly table: TableName
  readonly schema: z.ZodType<Records[Name]['record']>
  readonly columns: Columns<Name>
  /** What others have to know of at once when a record of this table was written. */
  readonly change: Change['what'] | null
}

export const RECORD_TABLES: { readonly [Name in RecordName]: RecordTable<Name> } = {
  requests: {
    table: 'requests',
    schema: requestSchema,
    columns: {
      state: ({ state }) => state,
      kind: ({ kind }) => kind,
      person: ({ requester }) => personKey(requester),
      target: ({ target }) => target,
      role: ({ role }) => role,
      createdAt: ({ createdAt }) => createdAt,
      expiresAt: ({ expiresAt }) => expiresAt,
    },
    change: null,
  },
  grants: {
    table: 'grants',
    schema: grantSchema,
    columns: {
      state: ({ state }) => state,
      kind: ({ grant }) => grant.kind,
      person: ({ holder }) => personKey(holder),
      target: ({ grant }) => grant.target,
      role: ({ grant }) => grant.role,
      start: ({ grant }) => grant.start,
      end: ({ grant }) => grant.end,
      review: ({ review }) => review?.state ?? null,
    },
    change: 'grants',
  },
  delegations: {
    table: 'delegations',
    schema: delegationSchema,
    columns: { from: ({ from }) => personKey(from), to: ({ to }) => personKey(to), end: ({ end }) => end },
    change: null,
  },
  locks: {
    table: 'locks',
    schema: lockSchema,
    columns: { what: ({ what }) => what, value: ({ value }) => value, liftedAt: ({ liftedAt }) => liftedAt },
    change: 'locks',
  },
  passwords: {
    table: 'passwords',
    schema: passwordSchema,
    columns: {
      person: ({ identity }) => personKey(identity),
      grantId: ({ grantId }) => grantId,
      expiresAt: ({ expiresAt }) => expiresAt,
      revokedAt: ({ revokedAt }) => revokedAt,
    },
    change: 'passwords',
  },
  certificates: {
    table: 'certificates',
    schema: certificateSchema,
    columns: {
      person: ({ identity }) => personKey(identity),
      fingerprint: ({ fingerprint }) => fingerprint,
      expiresAt: ({ expiresAt }) => expiresAt,
      revokedAt: ({ revokedAt }) => revokedAt,
    },
    change: 'certificates',
  },
  refusals: {
    table: 'refusals',
    schema: refusalSchema,
    columns: {
      person: ({ person }) => personKey(person),
      target: ({ target }) => target,
      expiresAt: ({ expiresAt }) => expiresAt,
    },
    change: null,
  },
  accounts: {
    table: 'accounts',
    schema: accountSchema,
    columns: {
      target: ({ target }) => target,
      state: ({ state }) => state,
      node: ({ node }) => node,
      sessionId: ({ sessionId }) => sessionId,
      expiresAt: ({ expiresAt }) => expiresAt,
    },
    change: null,
  },
  sessions: {
    table: 'sessions',
    schema: sessionSchema,
    columns: {
      node: ({ node }) => node,
      person: ({ person }) => personKey(person),
      target: ({ target }) => target,
      grantId: ({ grantId }) => grantId,
      startedAt: ({ startedAt }) => startedAt,
      endedAt: ({ endedAt }) => endedAt,
    },
    change: 'sessions',
  },
  usage: {
    table: 'usage',
    schema: usageSchema,
    columns: { grantId: ({ grantId }) => grantId, lastAt: ({ lastAt }) => lastAt },
    change: null,
  },
  policies: {
    table: 'policies',
    schema: policySchema,
    columns: {
      kind: ({ kind }) => kind,
      name: ({ name }) => name,
      number: ({ number }) => number,
      at: ({ at }) => at,
      supersededAt: ({ supersededAt }) => supersededAt,
    },
    change: 'policies',
  },
  reviews: {
    table: 'reviews',
    schema: reviewSchema,
    columns: { state: ({ state }) => state, dueAt: ({ dueAt }) => dueAt },
    change: null,
  },
  reviewItems: {
    table: 'review_items',
    schema: reviewItemSchema,
    columns: {
      reviewId: ({ reviewId }) => reviewId,
      decision: ({ decision }) => decision,
      grantId: ({ grantId }) => grantId,
    },
    change: null,
  },
  webhooks: {
    table: 'webhooks',
    schema: webhookSchema,
    columns: { disabledAt: ({ disabledAt }) => disabledAt },
    change: null,
  },
  deliveries: {
    table: 'deliveries',
    schema: deliverySchema,
    columns: {
      webhookId: ({ webhookId }) => webhookId,
      nextAt: ({ nextAt }) => nextAt,
      deliveredAt: ({ deliveredAt }) => deliveredAt,
    },
    change: null,
  },
  answers: { table: 'answers', schema: answerSchema, columns: { at: ({ at }) => at }, change: null },
  people: {
    table: 'people',
    schema: seenPersonSchema,
    columns: { email: ({ identity }) => identity.email, seenAt: ({ seenAt }) => seenAt },
    change: null,
  },
  nodes: { table: 'nodes', schema: nodeSchema, columns: { seenAt: ({ seenAt }) => seenAt }, change: null },
}

export const RECORD_NAMES = Object.keys(RECORD_TABLES) as RecordName[]

/** `createdAt` is `created_at` in SQL, where names have no case unless quoted. */
export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const UNSTORABLE = /[\\\0\p{Surrogate}]/gu

/**
 * PostgreSQL keeps no character 0 in a text, which stands between issuer and subject of a person's key, and no half of a
 * surrogate pair. Different texts stay different.
 */
export function storedText(text: string): string {
  return text.replace(UNSTORABLE, (character) => `\\${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON of a record; a map stands as the list of its entries. JSON's own escapes keep characters that SQL can't. */
export function bodyOf(record: unknown): string {
  return JSON.stringify(record, (_key, value) => (value instanceof Map ? [...value] : value))
}
