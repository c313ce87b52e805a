import * as z from 'zod'
import { cidr, duration, host, httpsUrl, listenPort, name, path, positive, secretRef } from './schema_values.ts'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])
const MAX_SESSION_MS = 24 * 3_600_000

const login = z
  .strictObject({
    clientId: z.string().min(1).describe('The client of browsers at the identity provider; an accepted audience.'),
    clientSecret: secretRef.optional().describe('Default: a public client.'),
    scopes: z.array(z.string().min(1)).min(1).default(['openid', 'email', 'profile']),
    token: z.enum(['id', 'access']).default('id').describe('Which token says who the person is.'),
    maxSession: duration
      .refine((ms) => ms > 0 && ms <= MAX_SESSION_MS, 'must be at most 24h')
      .prefault('1h')
      .describe("A browser's session lasts so long, and never longer than its token."),
  })
  .describe('Login of browsers: authorization code with PKCE. The redirect address is publicUrl and /v1/auth/callback.')

const client = z
  .strictObject({
    clientId: z.string().min(1).describe('The public client of command lines at the identity provider.'),
    scopes: z.array(z.string().min(1)).min(1).default(['openid', 'offline_access', 'email', 'profile']),
    token: z.enum(['access', 'id']).default('access').describe('Which of the tokens Sallyport is shown.'),
    resource: z.string().min(1).optional().describe('The audience that is asked for (RFC 8707).'),
    addresses: z
      .array(
        z.strictObject({
          engine: z.enum(['postgres', 'mysql']),
          host,
          port: positive.max(65_535),
          auth: z.enum(['token', 'scram', 'password', 'oauth', 'cert']).default('token'),
          target: name.optional(),
        }),
      )
      .default([])
      .describe('Where clients reach the listeners. Default: the host of publicUrl, and the ports as they are.'),
  })
  .describe('What `sallyport login` and `connect` are told.')

const slack = z
  .strictObject({
    signingSecret: secretRef,
    botToken: secretRef.describe('With users:read, users:read.email and chat:write.'),
    teamId: z.string().regex(/^T[A-Z0-9]{1,31}$/, 'must be the id of a workspace, such as T0123ABCD'),
    channel: z.string().min(1).optional().describe('Where requests are shown with buttons.'),
  })
  .describe('Approval by button. Who pressed must hold the right to answer, under the same email.')

/** Calls a minute. */
const rates = z
  .strictObject({
    perAddress: positive.default(1200).describe('All calls from an address.'),
    logins: positive.default(30).describe('Logins, and failed ones, from an address.'),
    reads: positive.default(600).describe('By a person.'),
    writes: positive.default(120).describe('By a person.'),
    heavy: positive.default(20).describe('Long work by a person: evidence, figures, questions to policy.'),
  })
  .prefault({})
  .describe('Calls a minute.')

export const apiSection = z
  .strictObject({
    host: host.default('127.0.0.1').describe('Any other than loopback needs tls.'),
    port: listenPort,
    tls: z
      .strictObject({
        cert: path.describe('PEM file with the certificate chain.'),
        key: secretRef.describe('The private key, PEM, by reference.'),
      })
      .optional()
      .describe('Default: plain HTTP, on loopback only.'),
    publicUrl: httpsUrl
      .refine((text) => !URL.canParse(text) || new URL(text).pathname === '/', 'must have no path')
      .describe('Where browsers and command lines reach the API, such as https://access.example.com.'),
    trustedProxies: z.array(cidr).default([]).describe('Networks whose X-Forwarded-For is believed.'),
    login: login.optional(),
    client: client.optional(),
    slack: slack.optional(),
    rates,
    webhooks: z
      .strictObject({
        allowNetworks: z
          .array(cidr)
          .default([])
          .describe(
            'Networks that webhooks may lead to although they are private, link-local, loopback or of a metadata service.',
          ),
        secrets: z
          .array(secretRef)
          .default([])
          .describe(
            'What webhooks may be signed with: whoever manages them over the API names one of these, and no other secret.',
          ),
      })
      .prefault({}),
  })
  .refine((api) => api.tls !== undefined || LOOPBACK.has(api.host), {
    message: 'is missing: tokens travel over TLS, except on loopback',
    path: ['tls'],
  })
  .describe('The admin API, on a listener of its own.')
