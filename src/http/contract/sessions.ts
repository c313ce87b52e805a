import * as z from 'zod'
import { operation } from './operation.ts'
import { idText, nameText } from './shown.ts'
import { id, idParams, maybeTime, name, page, pageQuery, person, reasonBody, shown, time } from './values.ts'

const session = shown({
  id: idText,
  node: z.string(),
  person,
  target: nameText,
  database: z.string().nullable(),
  role: nameText,
  grantId: z.string(),
  databaseUser: z.string().nullable(),
  clientAddress: z.string(),
  application: z.string().nullable(),
  startedAt: time,
  lastSeenAt: time,
  lastStatement: z.string().nullable().describe('Normalised, without literals.'),
  endedAt: maybeTime,
}).meta({ id: 'Session' })

const base = { tag: 'sessions' } as const

export const sessionOperations = {
  listSessions: operation({
    ...base,
    method: 'GET',
    path: '/v1/sessions',
    summary: 'List live sessions, or those of the past.',
    rate: 'read',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      view: z.enum(['mine', 'all']).default('mine'),
      ended: z.stringbool().default(false),
      target: name.optional(),
      grant: id.optional(),
    }),
    answer: page(session).meta({ id: 'SessionPage' }),
  }),
  getSession: operation({
    ...base,
    method: 'GET',
    path: '/v1/sessions/{id}',
    summary: 'Show a session.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: session,
  }),
  endSession: operation({
    ...base,
    method: 'POST',
    path: '/v1/sessions/{id}/end',
    summary: 'End a session now. The person may connect again unless the grant is revoked too.',
    rate: 'write',
    status: 200,
    params: idParams,
    body: reasonBody,
    answer: session,
  }),
} as const
