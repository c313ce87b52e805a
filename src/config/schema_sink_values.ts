import * as z from 'zod'
import { cidr, count, duration, name, path, pattern, positive, positiveDuration, secretRef } from './schema_values.ts'

/** What the sections of the sinks share. */

const SEVERITIES = ['informational', 'low', 'medium', 'high', 'critical', 'fatal'] as const
/** `severity_id` of OCSF. */
export const SEVERITY_IDS: Readonly<Record<(typeof SEVERITIES)[number], number>> = {
  informational: 1,
  low: 2,
  medium: 3,
  high: 4,
  critical: 5,
  fatal: 6,
}

const filter = z
  .strictObject({
    events: z.array(pattern).default([]).describe('Event codes such as db.query or grant.*; empty: all.'),
    targets: z.array(pattern).default([]).describe('Records of these targets alone; empty: all records.'),
    classes: z.array(count).default([]).describe('Class numbers of OCSF such as 6005; empty: all.'),
    alerts: z
      .enum(['all', 'own'])
      .default('all')
      .describe('own: of alerts, those that name this sink as their channel.'),
    minSeverity: z.enum(SEVERITIES).default('informational').describe('Records of less severity stay here.'),
  })
  .prefault({})
  .describe('What this sink gets. Checkpoints go to every sink.')

const batch = z
  .strictObject({
    maxItems: positive.max(10_000).default(500).describe('Records at most.'),
    maxBytes: positive
      .max(64 * 1024 * 1024)
      .default(1024 * 1024)
      .describe('Bytes at most; one record goes in any case.'),
    maxWait: duration.prefault('1s').describe('How long a record waits for others.'),
  })
  .prefault({})
  .describe('How much is sent at once. What the kind of sink can take is the limit in any case.')

const backlog = z
  .strictObject({
    maxRecords: positive.default(1_000_000).describe('Records that are not delivered.'),
    maxAge: positiveDuration.prefault('1h').describe('Age of the oldest record that is not delivered.'),
  })
  .prefault({})
  .describe('Beyond either bound an alert is raised. Nothing is dropped: the log keeps what is undelivered.')

export const sinkTls = z
  .strictObject({
    ca: path.optional().describe('PEM file with the authorities of the sink, instead of the built-in ones.'),
    cert: path.optional().describe('PEM file with the certificate that is shown to the sink.'),
    key: secretRef.optional().describe('Its private key, PEM, by reference.'),
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe('The name in the certificate, where it is not that of the address.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    message: 'a certificate needs its key, and a key its certificate',
    path: ['key'],
  })
  .prefault({})
  .describe('How the sink is known, and how it knows this node.')

/** What each kind of sink has. */
export const everySink = {
  name: name.describe('Names the sink in commands, metrics and its files. A new name starts anew.'),
  filter,
  batch,
  backlog,
  from: z
    .enum(['first', 'now'])
    .default('first')
    .describe('Where a new sink begins: at the first line that the log has, or at the next one.'),
  timeout: positiveDuration.prefault('30s').describe('For one batch.'),
}

/** What each kind of sink on the network has. */
export const networkSink = {
  ...everySink,
  tls: sinkTls,
  allowNetworks: z
    .array(cidr)
    .optional()
    .describe('Private networks that the sink may be in. Default: all private ones, but never link-local addresses.'),
}

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')
const header = z.union(
  [
    z.strictObject({ secret: secretRef, prefix: z.string().max(32).default('').describe('Stands before the secret.') }),
    z.strictObject({ text: z.string().max(1024).describe('A header without a secret.') }),
  ],
  { error: 'must be {secret, prefix} or {text}' },
)
export const sinkHeaders = z.record(headerName, header).default({}).describe('Headers by name.')

/** A document for each record. */
export const jsonFormat = z
  .enum(['ocsf', 'ecs'])
  .default('ocsf')
  .describe('ocsf: as in the log. ecs: Elastic Common Schema.')
