import * as z from 'zod'
import { host, path, port, positiveDuration, secretRef } from './schema_values.ts'

const MAX_CONNECTIONS = 100
/** A node that is cut off lets nothing through after its lease: 30 s is the most that a revocation may take anywhere. */
const MAX_LEASE_MS = 30_000

const sqlite = z.strictObject({
  kind: z.literal('sqlite').describe('A file store.sqlite in dataDir, for one process.'),
})

const postgres = z
  .strictObject({
    kind: z.literal('postgres').describe('A PostgreSQL database that all nodes share.'),
    host,
    port: port.default(5432),
    database: z.string().min(1).max(63),
    user: z.string().min(1).max(63),
    password: secretRef,
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a name of a-z, 0-9 and _')
      .default('sallyport')
      .describe('Holds the tables; made where it is missing.'),
    tls: z
      .strictObject({
        mode: z.enum(['disable', 'verify-ca', 'verify-full']).default('verify-full'),
        ca: path.optional().describe("PEM file with the authority; the system's authorities where it is missing."),
        serverName: z.string().min(1).optional().describe('The name in the certificate, where it is not the host.'),
      })
      .prefault({}),
    maxConnections: z.int().min(2).max(MAX_CONNECTIONS).default(10),
    poll: positiveDuration.prefault('2s').describe('How often changes are looked for, beneath notifications.'),
    lease: positiveDuration
      .refine((ms) => ms <= MAX_LEASE_MS, 'must be at most 30s')
      .prefault('10s')
      .describe('A node that has not heard from the store for so long lets nothing through.'),
  })
  .refine(({ poll, lease }) => poll * 2 <= lease, { path: ['lease'], error: 'must be at least twice poll' })

export const storeSection = z
  .discriminatedUnion('kind', [sqlite, postgres])
  .prefault({ kind: 'sqlite' })
  .describe('Where requests, grants and all other records of the access lifecycle are kept.')
