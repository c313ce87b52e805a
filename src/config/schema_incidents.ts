import * as z from 'zod'
import { INCIDENT_PRESETS } from '../access/incident_settings.ts'
import { WHOLE_TEXT } from './pattern_cost.ts'
import { duration, httpsUrl, name, path, regex, secretRef, time } from './schema_values.ts'

const pointer = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)*$/, 'must be a JSON pointer such as /incident/status')
  .describe('A JSON pointer (RFC 6901); a part * stands for each item of a list.')
const pointers = z.array(pointer)
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')

const idPattern = regex(WHOLE_TEXT).describe(
  'A regular expression that the whole id must match, before anything is asked.',
)

const everyone = {
  onUnverified: z
    .enum(['deny', 'allow_and_flag'])
    .default('deny')
    .describe('What break-glass does while the provider can not be asked. An unknown incident is refused in any case.'),
  people: z
    .record(z.string().min(1), z.string().min(3))
    .default({})
    .describe("The provider's ids of people to their emails, where it names no emails."),
  services: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe("The provider's ids or names of services to values of the label `service` of targets."),
}

const webhook = {
  secrets: z.array(secretRef).min(1).describe('What the provider signs with; several while one is exchanged.'),
}
const pagerDutyWebhook = z.strictObject(webhook).describe('PagerDuty tells of changes (webhooks version 3).')
const otherWebhook = z
  .strictObject({
    ...webhook,
    signature: z
      .enum(['standard', 'hmac'])
      .describe('standard: Standard Webhooks (also Svix). hmac: HMAC-SHA256 of the body, in hex, in a header.'),
    header: headerName.default('x-hub-signature').describe('For hmac: the header with the signature.'),
    prefix: z.string().max(32).default('sha256=').describe('For hmac: what stands before the hex.'),
    id: pointer.describe("Where the body has the incident's id."),
    status: pointer.describe('Where the body has the status.'),
    event: pointer.optional().describe("For hmac: where the body has the event's own id."),
  })
  .refine(({ signature, event }) => signature === 'standard' || event !== undefined, {
    message: 'hmac needs the pointer to the id of the event',
    path: ['event'],
  })
  .describe('The provider tells of changes.')

const asked = {
  ...everyone,
  ca: path.optional().describe('PEM file with the authorities of the server, instead of the built-in ones.'),
  timeout: duration.prefault('5s').describe('From asking to the whole answer.'),
}

const elsewhere = {
  found: pointer.optional().describe('Missing in an answer with status 200: the incident is unknown.'),
  id: pointer.optional().describe('Must be the id that was asked for.'),
  closed: z
    .array(z.string())
    .optional()
    .describe('Values that mean: closed. Any other can not be judged. Default: all that are not active.'),
  assignees: pointers.optional().describe('Who it is assigned to: emails, or ids that `people` maps.'),
  onCall: pointers.optional().describe('Who is on call for it.'),
  services: pointers.optional().describe('What it affects.'),
  title: pointer.optional().describe('Its title.'),
  url: pointer.optional().describe('Its page.'),
  closedAt: pointer.optional().describe('When it was closed.'),
}
const status = pointer.describe('Where the status is: a text, a number or a boolean.')
const active = z.array(z.string()).min(1).describe('Values of the status that mean: open.')

const header = z.union(
  [
    z.strictObject({ secret: secretRef, prefix: z.string().max(32).default('').describe('Stands before the secret.') }),
    z.strictObject({ basicUser: z.string().min(1).describe('HTTP Basic authentication.'), secret: secretRef }),
    z.strictObject({ text: z.string().max(1024).describe('A header without a secret.') }),
  ],
  { error: 'must be {secret, prefix}, {basicUser, secret} or {text}' },
)

const provider = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('pagerduty'),
    address: httpsUrl.default('https://api.pagerduty.com').describe('https://api.eu.pagerduty.com in the EU.'),
    token: secretRef.describe('A key of the REST API; read-only is enough.'),
    webhook: pagerDutyWebhook.optional(),
    ...asked,
  }),
  z.strictObject({
    kind: z.literal('http').describe('Any provider that answers GET with JSON.'),
    url: z
      .string()
      .refine(isTemplate, 'must be an https URL with {id} once, in its path or query')
      .describe('With {id} where the id goes.'),
    headers: z.record(headerName, header).default({}).describe('Headers by name.'),
    idPattern,
    read: z.strictObject({ status, active, ...elsewhere }).describe('Where the answer has what.'),
    webhook: otherWebhook.optional(),
    ...asked,
  }),
  z.strictObject({
    kind: z.enum(INCIDENT_PRESETS).describe('A provider whose answers are known.'),
    address: httpsUrl.describe('Such as https://example.atlassian.net.'),
    user: z.string().min(1).optional().describe('With it, user and token are sent as HTTP Basic authentication.'),
    token: secretRef.describe('The key of the API.'),
    idPattern: idPattern.optional(),
    read: z
      .strictObject({ status: status.optional(), active: active.optional(), ...elsewhere })
      .prefault({})
      .describe('What the answer has elsewhere than usual.'),
    webhook: otherWebhook.optional(),
    ...asked,
  }),
  z.strictObject({
    kind: z.literal('static').describe('A list, for tests and drills.'),
    incidents: z
      .array(
        z.strictObject({
          id: z.string().min(1).max(128),
          open: z.boolean(),
          title: z.string().default(''),
          assignees: z.array(z.string().min(1)).default([]),
          onCall: z.array(z.string().min(1)).default([]),
          services: z.array(z.string().min(1)).default([]),
          closedAt: time.optional(),
        }),
      )
      .default([])
      .describe('The incidents.'),
    ...everyone,
  }),
])

export const incidentsSection = z
  .record(name, provider)
  .describe('The providers that break-glass asks about incidents, by name. Stands once.')

/** The id may not choose the server. */
function isTemplate(text: string): boolean {
  const [before, after, ...more] = text.split('{id}')
  if (before === undefined || after === undefined || more.length > 0) return false
  return httpsUrl.safeParse(text.replace('{id}', 'x')).success && /^https?:\/\/[^/?#]+[/?]/.test(before)
}
