import * as z from 'zod'
import { operation } from './operation.ts'
import { nameText } from './shown.ts'
import { shown } from './values.ts'

const listener = shown({
  engine: z.enum(['postgres', 'mysql']),
  host: z.string().describe('As clients reach it.'),
  port: z.int(),
  auth: z.enum(['token', 'scram', 'password', 'oauth', 'cert']),
  target: nameText.nullable().describe('Every connection here means this target.'),
}).meta({ id: 'Listener' })

/** What a machine has to know before anybody is logged in there; nothing of it is secret. */
export const clientOperations = {
  getClientSettings: operation({
    tag: 'login',
    method: 'GET',
    path: '/v1/client-settings',
    summary: 'How clients log in and where the databases are reached.',
    access: 'public',
    rate: 'login',
    status: 200,
    answer: shown({
      issuer: z.string(),
      clientId: z.string(),
      scopes: z.string(),
      token: z.enum(['access', 'id']).describe('Which token is shown to Sallyport.'),
      resource: z.string().nullable().describe('RFC 8707.'),
      listeners: z.array(listener),
    }).meta({ id: 'ClientSettings' }),
  }),
} as const
