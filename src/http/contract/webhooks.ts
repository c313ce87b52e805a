import * as z from 'zod'
import { operation } from './operation.ts'
import { idText } from './shown.ts'
import { fields, idParams, list, maybeTime, name, page, pageQuery, person, shown, time } from './values.ts'

const MAX_URL_CHARACTERS = 2048

const webhook = shown({
  id: idText,
  url: z.string(),
  events: z.array(z.string()),
  secretRef: z.string().describe('Where the signing secret stands, never the secret.'),
  createdBy: person,
  createdAt: time,
  disabledAt: maybeTime.describe('After failing for long. Writing it again enables it.'),
}).meta({ id: 'Webhook' })

const newWebhook = fields({
  url: z
    .url({ protocol: /^https?$/ })
    .max(MAX_URL_CHARACTERS)
    .describe('https, to a public address or a network that the configuration allows; http for loopback only.'),
  events: list(z.string().regex(/^(\*|[a-z_]+\.(\*|[a-z_]+))$/, 'must be an activity, `entity.*` or `*`')).min(1),
  secretRef: z
    .string()
    .min(1)
    .max(MAX_URL_CHARACTERS)
    .describe('The reference to the secret that signs, one of node.api.webhooks.secrets; never the secret itself.'),
}).meta({ id: 'NewWebhook' })

/** What is sent to an address: one event of the lifecycle. */
export const webhookEvent = shown({
  id: idText.describe('The same each time that the event is delivered.'),
  time,
  activity: z.string(),
  severity: z.enum(['info', 'low', 'medium', 'high']),
  actor: person.nullable().describe('Null: Sallyport itself.'),
  person: person.nullable().describe('Whom it concerns, where that is somebody else.'),
  entity: shown({ type: z.string(), id: z.string() }),
  target: z.string().nullable(),
  role: z.string().nullable(),
  grantId: z.string().nullable(),
  requestId: z.string().nullable(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  incident: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
}).meta({ id: 'WebhookEvent' })

const base = { tag: 'webhooks' } as const
const one = { ...base, params: idParams, path: '/v1/webhook-endpoints/{id}' } as const

export const webhookOperations = {
  createWebhook: operation({
    ...base,
    method: 'POST',
    path: '/v1/webhook-endpoints',
    summary: 'Tell an address of events, signed.',
    rate: 'write',
    status: 201,
    body: newWebhook,
    answer: webhook,
  }),
  listWebhooks: operation({
    ...base,
    method: 'GET',
    path: '/v1/webhook-endpoints',
    summary: 'List the addresses that are told.',
    rate: 'read',
    status: 200,
    query: z.strictObject(pageQuery),
    answer: page(webhook).meta({ id: 'WebhookPage' }),
  }),
  getWebhook: operation({
    ...one,
    method: 'GET',
    summary: 'Show one of them.',
    rate: 'read',
    status: 200,
    answer: webhook,
  }),
  replaceWebhook: operation({
    ...one,
    method: 'PUT',
    summary: 'Change it, and enable it again.',
    rate: 'write',
    status: 200,
    body: newWebhook,
    answer: webhook,
  }),
  deleteWebhook: operation({
    ...one,
    method: 'DELETE',
    summary: 'Tell it no more; what was not delivered is dropped.',
    rate: 'write',
    status: 204,
    answer: null,
  }),
  testWebhook: operation({
    ...base,
    method: 'POST',
    path: '/v1/webhook-endpoints/{id}/test',
    summary: 'Send a test event now.',
    rate: 'heavy',
    status: 200,
    params: idParams,
    answer: shown({ delivered: z.boolean(), detail: z.string() }),
  }),
  receiveWebhook: operation({
    ...base,
    method: 'POST',
    path: '/v1/webhooks/{provider}',
    summary: 'Where a provider of incidents tells of changes.',
    access: 'signed',
    rate: 'login',
    status: 202,
    params: z.strictObject({ provider: name }),
    answer: null,
    consumes: 'application/json',
  }),
  receiveSlackAction: operation({
    ...base,
    method: 'POST',
    path: '/v1/slack/actions',
    summary: 'Where Slack tells of a pressed button.',
    access: 'signed',
    rate: 'login',
    status: 200,
    answer: z.looseObject({}).meta({ id: 'SlackAnswer' }),
    consumes: 'application/x-www-form-urlencoded',
  }),
} as const
