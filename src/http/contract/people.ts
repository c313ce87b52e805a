import * as z from 'zod'
import { operation } from './operation.ts'
import { name, person, shown, text } from './values.ts'

const me = shown({
  person,
  groups: z.array(z.string()),
  roles: z.array(z.string()).describe('Roles of the administration.'),
  operations: z.array(z.string()).describe('What those allow, for a client that shows only what will work.'),
  leads: z.array(z.string()).describe('Projects that the person leads.'),
  csrfToken: z.string().nullable().describe('For X-CSRF-Token; null with a bearer token.'),
}).meta({ id: 'Me' })

const problem = z
  .object({
    type: z.string().describe('Where the code is explained.'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable: SP-...'),
    next: z.string().describe('What to do next.'),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' })

const auth = { tag: 'login', rate: 'login' } as const

export const problemSchema = problem

export const peopleOperations = {
  getMe: operation({
    tag: 'people',
    method: 'GET',
    path: '/v1/me',
    summary: 'Who the caller is, and what they may do.',
    rate: 'read',
    status: 200,
    answer: me,
  }),
  startLogin: operation({
    ...auth,
    method: 'GET',
    path: '/v1/auth/login',
    summary: 'Log in with the identity provider; a browser is sent there.',
    access: 'public',
    status: 302,
    query: z.strictObject({
      return_to: text.regex(/^\/(?![/\\])[\x21-\x7e]*$/, 'must be a path').default('/'),
      fresh: z.stringbool().default(false).describe('Demand a new proof of who the person is.'),
    }),
    answer: null,
  }),
  finishLogin: operation({
    ...auth,
    method: 'GET',
    path: '/v1/auth/callback',
    summary: 'Where the identity provider sends the browser back to.',
    access: 'public',
    status: 302,
    query: z.looseObject({}),
    answer: null,
  }),
  logOut: operation({
    ...auth,
    method: 'POST',
    path: '/v1/auth/logout',
    summary: 'End the session of the cookie.',
    access: 'person',
    status: 204,
    answer: null,
  }),
  backChannelLogout: operation({
    ...auth,
    method: 'POST',
    path: '/v1/auth/backchannel-logout',
    summary: 'Where the identity provider tells that a person has logged out (OpenID Connect Back-Channel Logout 1.0).',
    access: 'signed',
    status: 200,
    answer: null,
    consumes: 'application/x-www-form-urlencoded',
  }),
  getHealth: operation({
    tag: 'api',
    method: 'GET',
    path: '/v1/health',
    summary: 'Whether the API answers.',
    access: 'public',
    rate: 'read',
    status: 200,
    answer: shown({ status: z.literal('ok'), version: z.string() }),
  }),
  getOpenapi: operation({
    tag: 'api',
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This description.',
    access: 'public',
    rate: 'read',
    status: 200,
    answer: z.looseObject({}).meta({ id: 'OpenApi' }),
  }),
  getProblem: operation({
    tag: 'api',
    method: 'GET',
    path: '/v1/problems/{name}',
    summary: 'What a code of a problem means, and what to do next.',
    access: 'public',
    rate: 'read',
    status: 200,
    params: z.strictObject({ name }),
    answer: shown({ code: z.string(), cause: z.string(), next: z.string() }),
  }),
} as const
