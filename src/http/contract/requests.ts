import * as z from 'zod'
import { outcome } from './grant_records.ts'
import { operation } from './operation.ts'
import { accessRequest, requestState } from './request_records.ts'
import {
  count,
  durationMs,
  email,
  fields,
  id,
  idParams,
  maybeTime,
  name,
  narrowing,
  page,
  pageQuery,
  parameters,
  person,
  reason,
  reasonBody,
  shown,
} from './values.ts'

const MAX_SCRIPT_CHARACTERS = 512 * 1024

const script = z
  .string()
  .min(1)
  .max(MAX_SCRIPT_CHARACTERS)
  .nullable()
  .default(null)
  .describe('A migration script: the grant then runs that and nothing else.')

const newRequest = fields({
  target: name,
  role: name,
  parameters: parameters.default({}),
  narrowing: narrowing.nullable().default(null),
  durationMs: durationMs.nullable().default(null).describe('Milliseconds. Null: the default of the role.'),
  start: maybeTime.default(null).describe('Null: from the approval on.'),
  reason,
  ticket: name.nullable().default(null),
  script,
}).meta({ id: 'NewRequest' })

const amendment = fields({
  parameters: parameters.nullable().default(null),
  narrowing: narrowing.nullable().default(null),
  durationMs: durationMs.nullable().default(null),
  start: maybeTime.default(null),
  reason: reason.nullable().default(null),
  ticket: name.nullable().default(null),
  script,
}).meta({ id: 'Amendment', description: 'What is null stays as it was.' })

const fromRefusal = fields({
  refusal: id,
  role: name.nullable().default(null),
  parameters: parameters.default({}),
  durationMs: durationMs.nullable().default(null),
  reason,
  ticket: name.nullable().default(null),
}).meta({ id: 'NewRequestFromRefusal', description: 'What is null is as proposed.' })

const newVote = fields({
  version: z.int().min(1).optional().describe('The version that was looked at: a vote on another one is refused.'),
  decision: z.enum(['approve', 'deny', 'changes']),
  reason,
  narrowing: narrowing.nullable().default(null).describe('What the approver takes away.'),
  durationMs: durationMs.nullable().default(null).describe('A shorter time.'),
  onBehalfOf: email
    .nullable()
    .default(null)
    .describe('Who delegated. Null: the own right, or else whichever delegation gives it.'),
}).meta({ id: 'NewVote' })

const listQuery = z.strictObject({
  ...pageQuery,
  view: z
    .enum(['mine', 'to_answer', 'all'])
    .default('mine')
    .describe('mine: asked by me. to_answer: waiting for my answer. all: for approvers and auditors.'),
  state: requestState.optional(),
  target: name.optional(),
})

const stageApprovers = shown({
  stage: z.string(),
  groups: z.array(z.string()),
  quorum: count,
  answered: z.array(person),
  eligible: z.array(person).describe('As last seen.'),
}).meta({ id: 'StageApprovers' })

const base = { tag: 'requests' } as const

export const requestOperations = {
  createRequest: operation({
    ...base,
    method: 'POST',
    path: '/v1/requests',
    summary: 'Ask for a role on a target.',
    rate: 'write',
    status: 201,
    body: newRequest,
    answer: outcome,
  }),
  createRequestFromRefusal: operation({
    ...base,
    method: 'POST',
    path: '/v1/requests/from-refusal',
    summary: 'Ask for the least that would have let a refused statement or login through.',
    rate: 'write',
    status: 201,
    body: fromRefusal,
    answer: outcome,
  }),
  listRequests: operation({
    ...base,
    method: 'GET',
    path: '/v1/requests',
    summary: 'List requests, the newest first.',
    rate: 'read',
    status: 200,
    query: listQuery,
    answer: page(accessRequest).meta({ id: 'AccessRequestPage' }),
  }),
  getRequest: operation({
    ...base,
    method: 'GET',
    path: '/v1/requests/{id}',
    summary: 'Show a request with its stages and votes.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: accessRequest,
  }),
  amendRequest: operation({
    ...base,
    method: 'POST',
    path: '/v1/requests/{id}/amend',
    summary: 'Answer "changes requested" with new terms; approvals begin anew.',
    rate: 'write',
    status: 200,
    params: idParams,
    body: amendment,
    answer: outcome,
  }),
  voteOnRequest: operation({
    ...base,
    method: 'POST',
    path: '/v1/requests/{id}/votes',
    summary: 'Approve, deny, or ask for changes.',
    rate: 'write',
    status: 200,
    params: idParams,
    body: newVote,
    answer: outcome,
  }),
  cancelRequest: operation({
    ...base,
    method: 'POST',
    path: '/v1/requests/{id}/cancel',
    summary: "Take back a request of one's own.",
    rate: 'write',
    status: 200,
    params: idParams,
    body: reasonBody,
    answer: accessRequest,
  }),
  listApprovers: operation({
    ...base,
    method: 'GET',
    path: '/v1/requests/{id}/approvers',
    summary: 'Who may answer each stage.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: shown({ items: z.array(stageApprovers) }),
  }),
} as const
