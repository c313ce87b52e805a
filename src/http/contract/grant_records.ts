import * as z from 'zod'
import { accessRequest, plan } from './request_records.ts'
import { boundParameterMap, idText, nameText, shownIncident, shownNarrowing } from './shown.ts'
import { count, maybeTime, person, shown, time } from './values.ts'

export const grantState = z.enum(['scheduled', 'active', 'expired', 'revoked', 'completed'])
const grantKind = z.enum(['file', 'standard', 'migration', 'break_glass'])
export const reviewState = z.enum(['open', 'awaiting_review', 'reviewed', 'overdue'])

const principal = z
  .union([
    z.strictObject({ subject: z.string(), issuer: z.string().nullable() }),
    z.strictObject({ email: z.string() }),
    z.strictObject({ group: z.string() }),
  ])
  .meta({ id: 'Principal' })

const grant = shown({
  id: idText,
  kind: grantKind,
  principal,
  target: nameText,
  role: nameText,
  parameters: boundParameterMap,
  narrowing: shownNarrowing.nullable(),
  start: time.describe('Inclusive.'),
  end: time.describe('Exclusive.'),
  reason: z.string(),
  ticket: z.string().nullable(),
  incident: shownIncident.nullable(),
  requestId: z.string().nullable(),
  plan: plan.nullable(),
}).meta({ id: 'Grant', description: 'What an approved request became. Never edited, only ended.' })

export const standingGrant = shown({
  state: z.enum(['scheduled', 'active', 'expired']).describe('By its time.'),
  grant,
}).meta({
  id: 'StandingGrant',
  description: 'A grant from a policy file: it stands without a request, for as long as it stands there.',
})

const breakGlassReview = shown({
  state: reviewState,
  closedAt: maybeTime,
  dueAt: maybeTime,
  reviewer: person.nullable(),
  judgment: z.enum(['justified', 'unjustified']).nullable(),
  reason: z.string().nullable(),
  at: maybeTime,
}).meta({ id: 'BreakGlassReview' })

export const progress = shown({
  done: count.describe('How many statements of the plan have run.'),
  outcome: z.enum(['running', 'ran_as_approved', 'deviated', 'failed', 'incomplete']),
  deviations: z.array(shown({ at: time, expected: count, sha256: z.string() })),
}).meta({ id: 'MigrationProgress' })

export const grantRecord = shown({
  id: idText,
  version: count,
  state: grantState,
  grant,
  holder: person,
  approvals: z.array(shown({ by: person, onBehalfOf: person.nullable(), at: time })),
  createdAt: time,
  endedAt: maybeTime,
  endedBy: person.nullable(),
  endReason: z.string().nullable(),
  firstUsedAt: maybeTime.describe('Null: never used, as far as is known.'),
  lastUsedAt: maybeTime,
  idleAfterMs: count,
  idleWarnedAt: maybeTime,
  review: breakGlassReview.nullable(),
  progress: progress.nullable(),
}).meta({ id: 'GrantRecord', description: 'A grant with its story.' })

export const outcome = shown({ request: accessRequest, grant: grantRecord.nullable() }).meta({
  id: 'Outcome',
  description: 'What became of a request: the grant where it was approved.',
})
