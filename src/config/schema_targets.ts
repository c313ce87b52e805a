import * as z from 'zod'
import { duration, host, name, path, port, positive, secretRef } from './schema_values.ts'

const credential = {
  user: z.string().min(1).optional().describe('For a secret that names no user itself; else the name there is taken.'),
  password: secretRef,
}

export const targetsSection = z.array(
  z.strictObject({
    name,
    engine: z.enum(['postgres', 'mysql']),
    host,
    port: port.optional().describe('Default 5432 (postgres) or 3306 (mysql).'),
    tls: z
      .strictObject({
        mode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).default('verify-full'),
        ca: path.optional().describe('PEM file with the authorities; default: the built-in ones.'),
        serverName: host.optional(),
      })
      .prefault({}),
    labels: z.record(z.string(), z.string()).default({}),
    defaultDatabase: z.string().optional().describe('Default `postgres` (postgres) or none (mysql).'),
    admin: z.strictObject(credential).describe('Reads the catalog.'),
    accounts: z.strictObject({
      static: z.strictObject({
        ...credential,
        roles: z.record(name, z.strictObject(credential)).default({}).describe('An account of its own for a role.'),
      }),
    }),
    maxConnections: positive.default(50),
    capture: z
      .enum(['normalized', 'full'])
      .default('normalized')
      .describe('normalized: literals are left out of the audit log. full: the statement as sent.'),
    catalogPoll: duration.prefault('5s'),
  }),
)
