import * as z from 'zod'
import { boundParameters, idText, ms, nameText, shownIncident, shownNarrowing } from './shown.ts'
import { count, maybeTime, person, shown, time } from './values.ts'

export const requestState = z.enum(['pending', 'changes_requested', 'approved', 'denied', 'expired', 'cancelled'])
const requestKind = z.enum(['standard', 'migration', 'break_glass', 'extension'])

const risk = shown({
  statement: count.describe('From 0.'),
  kind: z.enum(['lock', 'rewrite', 'missing_where', 'drop', 'unclassified_column', 'opaque', 'grant', 'data_change']),
  severity: z.enum(['info', 'medium', 'high']),
  text: z.string(),
}).meta({ id: 'Risk', description: 'Something that an approver should know of a statement of a plan.' })

export const plan = shown({
  digest: z.string(),
  statements: z.array(shown({ text: z.string(), compared: z.string() })),
}).meta({ id: 'MigrationPlan', description: 'An approved script: its statements run in their order, and no others.' })

const vote = shown({
  by: person,
  onBehalfOf: person.nullable(),
  groups: z.array(z.string()).describe('The groups that gave the right to answer.'),
  decision: z.enum(['approve', 'deny', 'changes']),
  reason: z.string(),
  narrowing: shownNarrowing.nullable(),
  durationMs: ms.nullable(),
  at: time,
}).meta({ id: 'Vote' })

const stage = shown({
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

export const accessRequest = shown({
  id: idText,
  version: count,
  state: requestState,
  kind: requestKind,
  requester: person,
  groups: z.array(z.string()).describe("The requester's groups when they asked."),
  target: nameText,
  role: nameText,
  parameters: boundParameters,
  narrowing: shownNarrowing.nullable(),
  durationMs: ms,
  start: maybeTime.describe('Null: from the approval on.'),
  reason: z.string(),
  ticket: z.string().nullable(),
  incident: shownIncident.nullable(),
  plan: plan.nullable(),
  risks: z.array(risk),
  extendsGrant: z.string().nullable(),
  fromRefusal: z.string().nullable(),
  rule: shown({ name: z.string(), digest: z.string() }),
  stages: z.array(stage),
  createdAt: time,
  expiresAt: time,
  decidedAt: maybeTime,
  grantId: z.string().nullable(),
}).meta({ id: 'AccessRequest' })
