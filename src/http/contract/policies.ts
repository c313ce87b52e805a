import * as z from 'zod'
import { operation } from './operation.ts'
import { idText, nameText } from './shown.ts'
import {
  count,
  email,
  fields,
  list,
  maybeTime,
  name,
  page,
  pageQuery,
  parameters,
  person,
  reason,
  sha256,
  shown,
  time,
} from './values.ts'

const MAX_STATEMENT_CHARACTERS = 256 * 1024

const kind = z.enum(['role', 'mask', 'approval', 'project', 'classification', 'grant'])
const policyState = z.enum(['proposed', 'in_force', 'superseded', 'refused'])

const policy = shown({
  id: idText,
  kind,
  name: nameText,
  number: count.describe('From 1.'),
  source: z.enum(['file', 'api']).describe('What comes from a file is changed there alone.'),
  body: z.unknown().describe('As in a policy file; null: deleted by this version.'),
  digest: sha256.describe('SHA-256: the ETag.'),
  state: policyState,
  author: person.nullable(),
  approver: person.nullable(),
  reason: z.string(),
  at: time,
  supersededAt: maybeTime,
}).meta({ id: 'Policy', description: 'One version of a piece of policy; all are kept.' })

const body = z.record(z.string(), z.unknown()).describe('As in a policy file.')
const policyParams = z.strictObject({ kind, name })

const evaluation = shown({
  allowed: z.boolean(),
  code: z.string().nullable().describe('The code of the refusal.'),
  reason: z.string().nullable(),
  role: z.string().nullable(),
  grantId: z.string().nullable(),
  rewritten: z.string().nullable().describe('The text as it would be sent to the database.'),
  columns: z.array(
    shown({
      schema: z.string(),
      table: z.string(),
      column: z.string(),
      seen: z.enum(['clear', 'masked', 'computed_masked', 'written']),
    }),
  ),
  masks: z.array(shown({ field: z.string(), strategy: z.string() })),
  limits: z.record(z.string(), z.number()),
}).meta({ id: 'Evaluation' })

const impact = shown({
  from: time,
  to: time,
  statements: count.describe('How many recorded statements were judged again.'),
  unknown: count.describe('Those that could not be: they count neither way.'),
  newlyDenied: count,
  newlyAllowed: count,
  newlyMasked: count,
  newlyClear: count,
  examples: z.array(
    shown({
      eventId: z.string(),
      person: z.string(),
      target: z.string(),
      statement: z.string().describe('Normalised, without literals.'),
      before: z.string(),
      after: z.string(),
    }),
  ),
}).meta({ id: 'Impact' })

const base = { tag: 'policies' } as const

export const policyOperations = {
  listPolicies: operation({
    ...base,
    method: 'GET',
    path: '/v1/policies',
    summary: 'List the pieces of policy in force, or those of another state.',
    rate: 'read',
    status: 200,
    query: z.strictObject({ ...pageQuery, kind: kind.optional(), state: policyState.optional() }),
    answer: page(policy).meta({ id: 'PolicyPage' }),
  }),
  getPolicy: operation({
    ...base,
    method: 'GET',
    path: '/v1/policies/{kind}/{name}',
    summary: 'Show a piece of policy as it is in force, or was at a time.',
    rate: 'read',
    status: 200,
    params: policyParams,
    query: z.strictObject({ at: time.optional() }),
    answer: policy,
    etag: 'given',
  }),
  listPolicyVersions: operation({
    ...base,
    method: 'GET',
    path: '/v1/policies/{kind}/{name}/versions',
    summary: 'All versions of a piece of policy.',
    rate: 'read',
    status: 200,
    params: policyParams,
    query: z.strictObject(pageQuery),
    answer: page(policy).meta({ id: 'PolicyVersionPage' }),
  }),
  putPolicy: operation({
    ...base,
    method: 'PUT',
    path: '/v1/policies/{kind}/{name}',
    summary: 'Write a piece of policy. Where a second person is demanded it is proposed, and binds nobody yet.',
    rate: 'write',
    status: 200,
    params: policyParams,
    body: fields({ body, reason }).meta({ id: 'PolicyChange' }),
    answer: policy,
    etag: 'required',
  }),
  deletePolicy: operation({
    ...base,
    method: 'DELETE',
    path: '/v1/policies/{kind}/{name}',
    summary: 'Delete a piece of policy; its versions stay.',
    rate: 'write',
    status: 200,
    params: policyParams,
    query: z.strictObject({ reason }),
    answer: policy,
    etag: 'required',
  }),
  decidePolicy: operation({
    ...base,
    method: 'POST',
    path: '/v1/policies/{kind}/{name}/versions/{number}/decision',
    summary: 'Approve or refuse a proposed version; never by its author.',
    rate: 'write',
    status: 200,
    params: z.strictObject({ kind, name, number: z.coerce.number().int().min(1) }),
    body: fields({ decision: z.enum(['approve', 'refuse']), reason }).meta({ id: 'PolicyDecision' }),
    answer: policy,
    etag: 'given',
  }),
  evaluatePolicy: operation({
    ...base,
    method: 'POST',
    path: '/v1/policy/evaluate',
    summary: 'Would this statement be allowed to this person, and how would it be rewritten? Nothing runs.',
    rate: 'heavy',
    status: 200,
    body: fields({
      target: name,
      database: name.nullable().default(null),
      person: email.nullable().default(null).describe('Null: the caller.'),
      groups: list(name).nullable().default(null).describe('Null: as last seen.'),
      role: name.nullable().default(null).describe('As if this role were granted. Null: the grant that is active.'),
      parameters: parameters.default({}).describe('With a role: the values of its parameters.'),
      statement: z.string().min(1).max(MAX_STATEMENT_CHARACTERS),
    }).meta({ id: 'EvaluationQuestion' }),
    answer: evaluation,
  }),
  impactOfPolicy: operation({
    ...base,
    method: 'POST',
    path: '/v1/policy/impact',
    summary: 'What would this policy have changed in the last 30 days?',
    rate: 'heavy',
    status: 200,
    body: fields({ kind, name, body: body.nullable().describe('Null: deleted.') }).meta({ id: 'ImpactQuestion' }),
    answer: impact,
  }),
} as const
