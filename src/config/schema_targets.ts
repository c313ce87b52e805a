import * as z from 'zod'
import { accountsSection, credentialFields } from './schema_accounts.ts'
import { duration, host, name, path, port, positive } from './schema_values.ts'

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
    admin: z
      .strictObject(credentialFields)
      .describe('Reads the catalog, and makes and drops the accounts of sessions (docs/accounts.md).'),
    accounts: accountsSection,
    replicaOf: name
      .optional()
      .describe('The target that this one is a read replica of: its accounts are made there. Needs dynamic accounts.'),
    maxConnections: positive.default(50),
    capture: z
      .enum(['normalized', 'full', 'sealed'])
      .default('normalized')
      .describe(
        'What the audit log holds of statements and of what is bound to their parameters. normalized: the text without ' +
          'its literals, and how many parameters. full: all as sent. sealed: beside the normalized text, all as sent, ' +
          'encrypted to node.audit.sealTo.',
      ),
    durability: z
      .enum(['log', 'sync'])
      .default('log')
      .describe('sync: the record of a statement is on disk before it goes out, whatever node.audit.durability says.'),
    catalogPoll: duration.prefault('5s'),
  }),
)
