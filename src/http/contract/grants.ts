import * as z from 'zod'
import { grantRecord, grantState, outcome, progress, reviewState } from './grant_records.ts'
import { use } from './granted_unit.ts'
import { operation } from './operation.ts'

import {
  count,
  durationMs,
  fields,
  id,
  idParams,
  incident,
  name,
  page,
  pageQuery,
  parameters,
  reason,
  reasonBody,
  shown,
} from './values.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  view: z.enum(['mine', 'all']).default('mine'),
  state: grantState.optional(),
  target: name.optional(),
  person: id.optional().describe('An email, or the key of a person.'),
  review: reviewState.optional().describe('Break-glass grants by the state of their review.'),
})

const grants = { tag: 'grants' } as const
const breakGlass = { tag: 'break-glass' } as const

export const grantOperations = {
  listGrants: operation({
    ...grants,
    method: 'GET',
    path: '/v1/grants',
    summary: 'List grants, the newest first.',
    rate: 'read',
    status: 200,
    query: listQuery,
    answer: page(grantRecord).meta({ id: 'GrantPage' }),
  }),
  getGrant: operation({
    ...grants,
    method: 'GET',
    path: '/v1/grants/{id}',
    summary: 'Show a grant with its approvals.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: grantRecord,
  }),
  revokeGrant: operation({
    ...grants,
    method: 'POST',
    path: '/v1/grants/{id}/revoke',
    summary: 'End a grant now, with every session under it.',
    rate: 'write',
    status: 200,
    params: idParams,
    body: reasonBody,
    answer: grantRecord,
  }),
  handBackGrant: operation({
    ...grants,
    method: 'POST',
    path: '/v1/grants/{id}/hand-back',
    summary: "Give back a grant of one's own before its end.",
    rate: 'write',
    status: 200,
    params: idParams,
    body: reasonBody,
    answer: grantRecord,
  }),
  extendGrant: operation({
    ...grants,
    method: 'POST',
    path: '/v1/grants/{id}/extend',
    summary: 'Ask for more time: a new request, which becomes a new grant.',
    rate: 'write',
    status: 201,
    params: idParams,
    body: fields({
      durationMs: durationMs.nullable().default(null),
      reason,
      ticket: name.nullable().default(null),
    }),
    answer: outcome,
  }),
  getGrantProgress: operation({
    ...grants,
    method: 'GET',
    path: '/v1/grants/{id}/progress',
    summary: 'How far the approved script has run.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: shown({ progress: progress.nullable(), statements: count }),
  }),
  getGrantUse: operation({
    ...grants,
    method: 'GET',
    path: '/v1/grants/{id}/use',
    summary: 'What was done under a grant, by table and verb.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: shown({ items: z.array(use) }),
  }),
  startBreakGlass: operation({
    ...breakGlass,
    method: 'POST',
    path: '/v1/break-glass',
    summary: 'Open access at once for an incident that is open and yours.',
    rate: 'write',
    status: 201,
    body: fields({
      target: name,
      role: name.nullable().default(null).describe('Null: the one role of the target that is meant for it.'),
      parameters: parameters.default({}),
      incident,
      reason,
    }).meta({ id: 'NewBreakGlass' }),
    answer: outcome,
  }),
  reviewBreakGlass: operation({
    ...breakGlass,
    method: 'POST',
    path: '/v1/break-glass/{id}/review',
    summary: 'Judge a break-glass grant of somebody else after the fact.',
    rate: 'write',
    status: 200,
    params: idParams,
    body: fields({ judgment: z.enum(['justified', 'unjustified']), reason }),
    answer: grantRecord,
  }),
} as const
