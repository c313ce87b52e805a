import * as z from 'zod'
import { apiSection } from './schema_api.ts'
import { auditSection } from './schema_audit.ts'
import { postureSection } from './schema_posture.ts'
import { recordingsSection } from './schema_recordings.ts'
import { storeSection } from './schema_store.ts'
import { cidr, duration, host, listenPort, name, path, positive, secretRef } from './schema_values.ts'

/** What each engine's clients can be asked for; see docs/connecting.md. */
const auth = z
  .enum(['token', 'scram', 'password', 'oauth', 'cert'])
  .describe(
    'How clients prove who they are. token: the token (or a connection password) as the password, over TLS. scram ' +
      '(PostgreSQL) and password (MySQL): a connection password that is never shown in clear. oauth (PostgreSQL): ' +
      'OAUTHBEARER. cert: a client certificate of the own authority.',
  )

const listener = z.strictObject({
  engine: z.enum(['postgres', 'mysql']),
  host: host.default('127.0.0.1'),
  port: listenPort,
  target: name.optional().describe('Every connection to this listener means this target.'),
  sniSuffix: z.string().min(1).optional().describe('A TLS server name `<target>.<suffix>` names the target.'),
  auth: auth.default('token'),
  serverNames: z
    .array(
      z.strictObject({
        suffix: z
          .string()
          .min(1)
          .describe('A TLS server name that is this, or `<target>.<this>`, which names the target.'),
        auth,
      }),
    )
    .default([])
    .describe('Other ways in on the same port, by the TLS server name.'),
  tls: z.strictObject({
    cert: path.describe('PEM file with the certificate chain.'),
    key: secretRef.describe('The private key, PEM, by reference.'),
  }),
  proxyProtocolFrom: z
    .array(cidr)
    .default([])
    .describe('Networks whose PROXY protocol header is believed and demanded.'),
})

const limits = z
  .strictObject({
    maxConnections: positive.default(1000),
    perAddress: positive.default(100),
    perPerson: positive.default(50),
    authDeadline: duration.prefault('15s').describe('From accept to authenticated.'),
    drainTimeout: duration.prefault('30s').describe('How long transactions may finish after SIGTERM.'),
  })
  .prefault({})

export const nodeSection = z.strictObject({
  name: name.default('node-1').describe('Names this process in the audit log.'),
  dataDir: path.default('data'),
  listeners: z.array(listener).min(1),
  metrics: z
    .strictObject({ host: host.default('127.0.0.1'), port: listenPort })
    .optional()
    .describe('Metrics and health, on a listener of their own.'),
  api: apiSection.optional(),
  store: storeSection,
  limits,
  audit: auditSection,
  recordings: recordingsSection,
  posture: postureSection.optional(),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})
