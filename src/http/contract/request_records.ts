import * as z from 'zod'
import {
  count,
  durationMs,
  fields,
  id,
  incident,
  maybeTime,
  name,
  narrowing,
  parameters,
  person,
  time,
} from './values.ts'

export const requestState = z.enum(['pending', 'changes_requested', 'approved', 'denied', 'expired', 'cancelled'])
const requestKind = z.enum(['standard', 'migration', 'break_glass', 'extension'])

const risk = fields({
  statement: count.describe('From 0.'),
  kind: z.enum(['lock', 'rewrite', 'missing_where', 'drop', 'unclassified_column', 'opaque', 'grant', 'data_change']),
  severity: z.enum(['info', 'medium', 'high']),
  text: z.string(),
}).meta({ id: 'Risk', description: 'Something that an approver should know of a statement of a plan.' })

export const plan = fields({
  digest: z.string(),
  statements: z.array(fields({ text: z.string(), compared: z.string() })),
}).meta({ id: 'MigrationPlan', description: 'An approved script: its statements run in their order, and no others.' })

const vote = fields({
  by: person,
  onBehalfOf: person.nullable(),
  groups: z.array(z.string()).describe('The groups that gave the right to answer.'),
  decision: z.enum(['approve', 'deny', 'changes']),
  reason: z.string(),
  narrowing: narrowing.nullable(),
  durationMs: durationMs.nullable(),
  at: time,
}).meta({ id: 'Vote' })

const stage = fields({
  name: z.string(),
  groups: z.array(z.string()),
  quorum: count,
  distinctGroups: z.boolean(),
  freshLoginMs: count,
  nudgeAfterMs: count,
  escalateAfterMs: count,
  escalateTo: z.array(z.string()),
  openedAt: maybeTime,
  nudgedAt: maybeTime,
  escalatedAt: maybeTime,
  completedAt: maybeTime,
  votes: z.array(vote),
}).meta({ id: 'Stage', description: 'One step of an approval: all before it are complete when it opens.' })

export const accessRequest = fields({
  id,
  version: count,
  state: requestState,
  kind: requestKind,
  requester: person,
  groups: z.array(z.string()).describe("The requester's groups when they asked."),
  target: name,
  role: name,
  parameters,
  narrowing: narrowing.nullable(),
  durationMs: durationMs,
  start: maybeTime.describe('Null: from the approval on.'),
  reason: z.string(),
  ticket: z.string().nullable(),
  incident: incident.nullable(),
  plan: plan.nullable(),
  risks: z.array(risk),
  extendsGrant: z.string().nullable(),
  fromRefusal: z.string().nullable(),
  rule: fields({ name: z.string(), digest: z.string() }),
  stages: z.array(stage),
  createdAt: time,
  expiresAt: time,
  decidedAt: maybeTime,
  grantId: z.string().nullable(),
}).meta({ id: 'AccessRequest' })
