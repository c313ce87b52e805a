import * as z from 'zod'
import { count, duration, name, secretRef } from './schema_values.ts'

export const credentialFields = {
  user: z.string().min(1).optional().describe('For a secret that names no user itself; else the name there is taken.'),
  password: secretRef,
}

/** A role or account of the database: names longer than MySQL's would be cut there. */
const databaseRole = z.string().regex(/^[A-Za-z_][A-Za-z0-9_$-]{0,31}$/, 'must be the name of a database role')

const warm = count
  .max(20)
  .describe('Accounts made ahead for each person and grant that has connected in the last minutes; 0 for none.')
const ownerRole = databaseRole.describe(
  'Whose is what people made, once their session has ended; default: the admin account.',
)
const memberOf = z
  .array(databaseRole)
  .max(20)
  .describe(
    'Roles of the database that accounts become members of. Unrestricted roles need it to alter what others own.',
  )

/** How sessions log in to a target: by an account of their own, or by one that stands in the configuration. */
export const accountsSection = z
  .strictObject({
    static: z
      .strictObject({
        ...credentialFields,
        roles: z
          .record(name, z.strictObject(credentialFields))
          .default({})
          .describe('An account of its own for a role.'),
      })
      .optional()
      .describe('A standing account that sessions share. It counts as a standing credential.'),
    dynamic: z
      .strictObject({
        ttlMargin: duration
          .prefault('1m')
          .describe('The database takes no login of an account so long after the end of its grant.'),
        warm: warm.default(0),
        ownerRole: ownerRole.optional(),
        memberOf: memberOf.default([]),
        marker: databaseRole
          .default('sallyport_sessions')
          .describe('Marks all accounts of this installation; another one on the same server needs another mark.'),
        host: z.string().min(1).max(255).default('%').describe('MySQL: where accounts may log in from.'),
        replicaWait: duration.prefault('5s').describe('How long a login waits until a replica knows the account.'),
        roles: z
          .record(
            name,
            z.strictObject({
              warm: warm.optional(),
              ownerRole: ownerRole.optional(),
              memberOf: memberOf.optional(),
            }),
          )
          .default({})
          .describe('What differs for a role.'),
      })
      .optional()
      .describe('An account for each session, with what its grant allows and no more, dropped when the session ends.'),
  })
  .refine((section) => (section.static === undefined) !== (section.dynamic === undefined), 'needs static or dynamic')
