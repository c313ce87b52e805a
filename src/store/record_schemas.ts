import * as z from 'zod'
import type { AccessRequest, GrantRecord, MigrationProgress, PersonRef, Stage } from '../access/model.ts'
import type { Identity } from '../identity/identity.ts'
import type { Grant, MigrationPlan, Narrowing } from '../policy/grant.ts'

/** What requests and grants look like in the store; a record that differs is refused when it is written and when it is read. */

export const text = z.string()
export const textOrNull = z.string().nullable()
export const time = z.int()
export const timeOrNull = z.int().nullable()
export const texts = z.array(z.string()).readonly()
export const versioned = { id: z.string().min(1), version: z.int().min(1) }

const personFields = { issuer: text, subject: text, email: textOrNull, name: textOrNull }
export const person: z.ZodType<PersonRef> = z.strictObject(personFields)
export const personOrNull = person.nullable()

export const identity: z.ZodType<Identity> = z.strictObject({
  ...personFields,
  groups: texts,
  aliases: texts,
  tokenId: textOrNull,
  expiresAt: z.number(),
  issuedAt: z.number().optional(),
  authTime: z.number().nullable(),
  acr: textOrNull,
  amr: texts,
  sid: text.optional(),
  machine: z.boolean().optional(),
  values: z.record(text, z.union([z.string(), z.number(), z.boolean()])).optional(),
})

const parameterValue = z.union([z.string(), z.number(), z.boolean()])
const verb = z.enum(['read', 'insert', 'update', 'delete', 'ddl', 'call', 'export', 'explain', 'session'])

export const narrowing: z.ZodType<Narrowing> = z
  .array(
    z.strictObject({
      databases: texts,
      schemas: texts,
      tables: texts,
      columns: texts.nullable(),
      verbs: z.array(verb).readonly(),
    }),
  )
  .readonly()

const incident = z.strictObject({ provider: text, id: text })

const plan: z.ZodType<MigrationPlan> = z.strictObject({
  digest: text,
  statements: z.array(z.strictObject({ text, compared: text })).readonly(),
})

const stage: z.ZodType<Stage> = z.strictObject({
  name: text,
  groups: texts,
  quorum: z.int(),
  distinctGroups: z.boolean(),
  freshLoginMs: z.int(),
  nudgeAfterMs: z.int(),
  escalateAfterMs: z.int(),
  escalateTo: texts,
  openedAt: timeOrNull,
  nudgedAt: timeOrNull,
  escalatedAt: timeOrNull,
  completedAt: timeOrNull,
  votes: z
    .array(
      z.strictObject({
        by: person,
        onBehalfOf: personOrNull,
        groups: texts,
        decision: z.enum(['approve', 'deny', 'changes']),
        reason: text,
        narrowing: narrowing.nullable(),
        durationMs: z.int().nullable(),
        at: time,
        authTime: z.number().nullable(),
      }),
    )
    .readonly(),
})

const risk = z.strictObject({
  statement: z.int(),
  kind: z.enum(['lock', 'rewrite', 'missing_where', 'drop', 'unclassified_column', 'opaque', 'grant', 'data_change']),
  severity: z.enum(['info', 'medium', 'high']),
  text,
})

export const requestSchema: z.ZodType<AccessRequest> = z.strictObject({
  ...versioned,
  state: z.enum(['pending', 'changes_requested', 'approved', 'denied', 'expired', 'cancelled']),
  kind: z.enum(['standard', 'migration', 'break_glass', 'extension']),
  requester: person,
  groups: texts,
  target: text,
  role: text,
  parameters: z.record(z.string(), parameterValue).readonly(),
  narrowing: narrowing.nullable(),
  durationMs: z.int(),
  start: timeOrNull,
  reason: text,
  ticket: textOrNull,
  incident: incident.nullable(),
  plan: plan.nullable(),
  risks: z.array(risk).readonly(),
  extendsGrant: textOrNull,
  fromRefusal: textOrNull,
  rule: z.strictObject({ name: text, digest: text, roleDigest: text.optional() }),
  stages: z.array(stage).readonly(),
  createdAt: time,
  expiresAt: time,
  decidedAt: timeOrNull,
  grantId: textOrNull,
})

/** A map stands in JSON as the list of its entries, see `bodyOf`. */
const parameters = z.union([
  z.map(z.string(), parameterValue),
  z.array(z.tuple([z.string(), parameterValue])).transform((entries) => new Map(entries)),
])

const grant: z.ZodType<Grant> = z.strictObject({
  id: text,
  kind: z.enum(['file', 'standard', 'migration', 'break_glass']),
  principal: z.union([
    z.strictObject({ subject: text, issuer: textOrNull }),
    z.strictObject({ email: text }),
    z.strictObject({ group: text }),
  ]),
  target: text,
  role: text,
  parameters,
  narrowing: narrowing.nullable(),
  start: time,
  end: time,
  reason: text,
  ticket: textOrNull,
  incident: incident.nullable(),
  requestId: textOrNull,
  plan: plan.nullable(),
  follows: z.strictObject({ id: text, first: text }).exactOptional(),
})

const review = z.strictObject({
  state: z.enum(['open', 'awaiting_review', 'reviewed', 'overdue']),
  closedAt: timeOrNull,
  dueAt: timeOrNull,
  reviewer: personOrNull,
  judgment: z.enum(['justified', 'unjustified']).nullable(),
  reason: textOrNull,
  at: timeOrNull,
})

const progress: z.ZodType<MigrationProgress> = z.strictObject({
  done: z.int(),
  outcome: z.enum(['running', 'ran_as_approved', 'deviated', 'failed', 'incomplete']),
  deviations: z.array(z.strictObject({ at: time, expected: z.int(), sha256: text })).readonly(),
  runner: z.strictObject({ node: text, startedAt: time }).exactOptional(),
})

export const grantSchema: z.ZodType<GrantRecord> = z.strictObject({
  ...versioned,
  state: z.enum(['scheduled', 'active', 'expired', 'revoked', 'completed']),
  grant,
  holder: person,
  approvals: z.array(z.strictObject({ by: person, onBehalfOf: personOrNull, at: time })).readonly(),
  createdAt: time,
  endedAt: timeOrNull,
  endedBy: personOrNull,
  endReason: textOrNull,
  firstUsedAt: timeOrNull,
  lastUsedAt: timeOrNull,
  idleAfterMs: z.int(),
  idleWarnedAt: timeOrNull,
  review: review.nullable(),
  progress: progress.nullable(),
})
