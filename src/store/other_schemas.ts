import * as z from 'zod'
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
} from '../access/records.ts'
import { ACCESS_ACTIVITIES, type AccessEvent } from '../audit/access_event.ts'
import {
  identity,
  narrowing,
  person,
  personOrNull,
  text,
  textOrNull,
  texts,
  time,
  timeOrNull,
  versioned,
} from './record_schemas.ts'

/** What the other records look like in the store, see `record_schemas.ts`. */

export const delegationSchema: z.ZodType<Delegation> = z.strictObject({
  ...versioned,
  from: person,
  to: person,
  groups: texts,
  start: time,
  end: time,
  reason: text,
  endedAt: timeOrNull,
})

export const lockSchema: z.ZodType<Lock> = z.strictObject({
  ...versioned,
  what: z.enum(['person', 'target', 'grant']),
  value: text,
  label: text,
  by: personOrNull,
  reason: text,
  at: time,
  until: timeOrNull,
  liftedAt: timeOrNull,
  liftedBy: personOrNull,
})

export const passwordSchema: z.ZodType<ConnectionPassword> = z.strictObject({
  ...versioned,
  identity,
  target: text,
  grantId: text,
  scram: text,
  sha2: text,
  digest: text,
  createdAt: time,
  expiresAt: time,
  revokedAt: timeOrNull,
})

export const certificateSchema: z.ZodType<ClientCertificate> = z.strictObject({
  ...versioned,
  identity,
  fingerprint: text,
  issuedAt: time,
  expiresAt: time,
  revokedAt: timeOrNull,
})

export const refusalSchema: z.ZodType<RefusalNote> = z.strictObject({
  ...versioned,
  person,
  target: text,
  database: text,
  role: textOrNull,
  code: text,
  reason: text,
  needs: narrowing,
  clear: texts,
  statementSha256: textOrNull,
  at: time,
  expiresAt: time,
})

export const accountSchema: z.ZodType<AccountRecord> = z.strictObject({
  ...versioned,
  target: text,
  name: text,
  node: text,
  sessionId: text,
  grantId: text,
  state: z.enum(['creating', 'open', 'closing', 'orphaned', 'dropped']),
  createdAt: time,
  expiresAt: time,
  attempts: z.int(),
  lastError: textOrNull,
  droppedAt: timeOrNull,
})

export const sessionSchema: z.ZodType<SessionRecord> = z.strictObject({
  ...versioned,
  node: text,
  person,
  target: text,
  database: textOrNull,
  role: text,
  grantId: text,
  databaseUser: textOrNull,
  clientAddress: text,
  application: textOrNull,
  startedAt: time,
  lastSeenAt: time,
  lastStatement: textOrNull,
  endedAt: timeOrNull,
  endAsked: z.strictObject({ by: text, reason: text }).exactOptional(),
  sid: text.exactOptional(),
})

export const usageSchema: z.ZodType<UsageRecord> = z.strictObject({
  ...versioned,
  grantId: text,
  schema: text,
  table: text,
  verb: text,
  statements: z.int(),
  rows: z.int(),
  clear: z.int(),
  firstAt: time,
  lastAt: time,
})

export const policySchema: z.ZodType<PolicyVersion> = z.strictObject({
  ...versioned,
  kind: z.enum(['role', 'mask', 'approval', 'project', 'classification', 'grant']),
  name: text,
  number: z.int(),
  state: z.enum(['proposed', 'in_force', 'superseded', 'refused']),
  source: z.enum(['file', 'api']),
  body: z.unknown(),
  digest: text,
  author: personOrNull,
  approver: personOrNull,
  reason: text,
  at: time,
  supersededAt: timeOrNull,
})

export const reviewSchema: z.ZodType<AccessReview> = z.strictObject({
  ...versioned,
  name: text,
  from: time,
  to: time,
  state: z.enum(['open', 'completed']),
  reviewerGroups: texts,
  dueAt: time,
  remindedAt: timeOrNull,
  onUnanswered: z.enum(['revoke', 'escalate']),
  createdBy: personOrNull,
  createdAt: time,
  completedAt: timeOrNull,
})

export const reviewItemSchema: z.ZodType<ReviewItem> = z.strictObject({
  ...versioned,
  reviewId: text,
  grantId: text,
  holder: person,
  target: text,
  role: text,
  kind: text,
  use: z.enum(['used', 'unused', 'unknown']),
  statements: z.int(),
  lastUsedAt: timeOrNull,
  decision: z.enum(['keep', 'revoke', 'escalated']).nullable(),
  by: personOrNull,
  reason: textOrNull,
  at: timeOrNull,
})

export const webhookSchema: z.ZodType<Webhook> = z.strictObject({
  ...versioned,
  url: text,
  events: texts,
  secretRef: text,
  createdBy: person,
  createdAt: time,
  disabledAt: timeOrNull,
})

export const deliverySchema: z.ZodType<Delivery> = z.strictObject({
  ...versioned,
  webhookId: text,
  eventId: text,
  body: text,
  attempts: z.int(),
  nextAt: time,
  deliveredAt: timeOrNull,
  lastError: textOrNull,
})

export const answerSchema: z.ZodType<IdempotentAnswer> = z.strictObject({
  ...versioned,
  bodySha256: text,
  status: z.int().nullable(),
  answer: textOrNull,
  at: time,
})

export const seenPersonSchema: z.ZodType<SeenPerson> = z.strictObject({ ...versioned, identity, seenAt: time })

export const nodeSchema: z.ZodType<NodeRecord> = z.strictObject({
  ...versioned,
  startedAt: time,
  seenAt: time,
  address: textOrNull,
  clockSkewMs: z.number(),
})

export const eventSchema: z.ZodType<AccessEvent> = z.strictObject({
  kind: z.literal('access'),
  id: z.string().min(1),
  time,
  activity: z.enum(ACCESS_ACTIVITIES),
  severity: z.enum(['info', 'low', 'medium', 'high']),
  actor: personOrNull,
  person: personOrNull,
  entity: z.strictObject({ type: text, id: text }),
  target: textOrNull,
  role: textOrNull,
  grantId: textOrNull,
  requestId: textOrNull,
  reason: textOrNull,
  ticket: textOrNull,
  incident: textOrNull,
  clientAddress: textOrNull,
  detail: z.record(z.string(), z.unknown()),
})
