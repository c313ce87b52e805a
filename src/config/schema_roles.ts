import * as z from 'zod'
import { WHOLE_TEXT, WITHIN_TEXT } from './pattern_cost.ts'
import {
  cidr,
  count,
  duration,
  name,
  parameterValue,
  pattern,
  patterns,
  positiveDuration,
  regex,
} from './schema_values.ts'

const condition = z
  .strictObject({
    column: z.string().min(1),
    op: z.enum(['=', '<>', '<', '<=', '>', '>=', 'in', 'is null', 'is not null']).default('='),
    values: z.array(parameterValue).min(1).optional(),
    parameter: z.string().optional().describe('The name of a parameter of the role, instead of values.'),
  })
  .refine(hasItsOperand, 'needs exactly one of values and parameter; `is null` and `is not null` take neither')
  .refine((c) => c.op === 'in' || (c.values?.length ?? 1) === 1, 'only `in` takes several values')

function hasItsOperand(c: { op: string; values?: unknown; parameter?: unknown }): boolean {
  const operands = Number(c.values !== undefined) + Number(c.parameter !== undefined)
  return operands === (c.op.startsWith('is ') ? 0 : 1)
}

const scopeRule = z.strictObject({
  databases: patterns.default(['*']),
  schemas: patterns.describe('In MySQL: databases.'),
  tables: patterns,
  columns: patterns.optional().describe('Default: all.'),
  exceptTables: z.array(pattern).default([]),
  exceptColumns: z.array(pattern).default([]),
  verbs: z.array(z.enum(['read', 'insert', 'update', 'delete', 'ddl', 'call', 'export', 'explain', 'session'])).min(1),
  where: z.array(condition).default([]).describe('Row scope: all conditions hold together.'),
})

const limitsObject = z
  .strictObject({
    maxRowsPerResult: count.default(0).describe('The result is cut after so many rows, with an error.'),
    maxBytesPerResult: count.default(0).describe('Bytes as the client receives them; whole rows only.'),
    maxRowsPerHour: count.default(0).describe('Rows by all sessions of a person together, in any 60 minutes.'),
    maxBytesPerHour: count.default(0).describe('Bytes by all sessions of a person together, in any 60 minutes.'),
    maxRowsPerDay: count.default(0).describe('Rows by all sessions under a grant together, in any 24 hours.'),
    maxBytesPerDay: count.default(0).describe('Bytes by all sessions under a grant together, in any 24 hours.'),
    maxRowsPerTableAndHour: count
      .default(0)
      .describe('Rows of results that read a table, by person and table, in any 60 minutes, however small the reads.'),
    bulkReadRows: count
      .default(0)
      .describe('An alert goes into the audit log when a person has read so many rows of a table in 60 minutes.'),
    rowsPerSecond: count
      .default(0)
      .describe('By all sessions of a person together; what comes faster waits in the database.'),
    bytesPerSecond: count.default(0).describe('As rowsPerSecond.'),
    statementTimeout: duration.prefault('0s'),
    idleTimeout: duration.prefault('0s'),
    idleInTransactionTimeout: duration.prefault('0s'),
    maxSessions: count.default(0).describe('Sessions at once under a grant.'),
    maxStatements: count.default(0).describe('Statements that run at once under a grant, in all of its sessions.'),
    lockTimeout: duration
      .prefault('0s')
      .describe('How long a statement may wait for a lock; the session can not change it then. MySQL: whole seconds.'),
  })
  .describe('0 and 0s mean no limit.')

const asking = {
  defaultDuration: positiveDuration.prefault('1h').describe('How long a grant lasts where the request says nothing.'),
  maxDuration: positiveDuration.prefault('8h').describe('A request for longer is refused.'),
  idleAfter: duration.prefault('0s').describe('A grant that nobody uses for so long ends, after a warning; 0s: never.'),
  standingCap: z
    .strictObject({ max: positiveDuration, within: positiveDuration })
    .optional()
    .describe('Granted time of a person on a target under this role, in any such window: more is refused.'),
  sessionReason: z
    .enum(['none', 'reason', 'ticket'])
    .default('none')
    .describe('What each session has to name when it begins.'),
  reasonPattern: regex(WITHIN_TEXT)
    .optional()
    .describe('A regular expression that the first 500 characters of the reason of a request must contain.'),
  ticketPattern: regex(WHOLE_TEXT).optional().describe('A regular expression that a whole ticket must match.'),
  ticketRequired: z.boolean().default(false).describe('A request needs a ticket.'),
  approval: name
    .optional()
    .describe('The approval rule that alone decides; default: the first of the list that matches.'),
  delegable: z.boolean().default(false).describe('Leads of projects may approve it on their targets.'),
  durability: z
    .enum(['log', 'sync'])
    .default('log')
    .describe('sync: records of statements under it are on disk before they go out.'),
  recording: z.boolean().default(false).describe('Sessions under it are recorded.'),
  breakGlass: z.boolean().default(false).describe('May be had at once in an incident that is open.'),
}

export const rolesSection = z.array(
  z
    .strictObject({
      name,
      description: z.string().default(''),
      unrestricted: z
        .boolean()
        .default(false)
        .describe('Everything on the target, unmasked, statements that are not understood too.'),
      exports: z
        .boolean()
        .default(false)
        .describe(
          'An unrestricted role may take data out as COPY too; other roles have the verb export in their scope.',
        ),
      connectNotice: z
        .boolean()
        .default(true)
        .describe(
          'A notice at connect names the target, the role and the end of the grant; in MySQL a warning of the login.',
        ),
      scope: z.array(scopeRule).default([]),
      call: z
        .array(z.string().regex(/^[^.]+\.[^.]+$/, 'must be schema.name'))
        .default([])
        .describe('Routines that may run although they can not be analysed.'),
      unmask: z
        .array(z.string().regex(/^[^.]+\.[^.]+\.[^.]+$/, 'must be schema.table.column'))
        .default([])
        .describe('Masked columns that this role sees in clear.'),
      computed: z.enum(['notice', 'refuse']).default('notice'),
      requireWhere: z.boolean().default(false).describe('UPDATE and DELETE need a WHERE.'),
      maxRowsChanged: count.default(0).describe('A statement that changes more rows is rolled back; 0 means no limit.'),
      parameters: z.record(z.string().min(1), z.enum(['string', 'integer', 'boolean', 'uuid'])).default({}),
      parametersFromClaims: z
        .record(z.string().min(1), z.string().min(1))
        .default({})
        .describe('Parameters that nobody chooses: their values are those of `oidc.claims.values` when one asks.'),
      networks: z.array(cidr).default([]),
      limits: limitsObject.prefault({}),
      acr: z.array(z.string().min(1)).default([]).describe('Login strengths (acr claim) of which one is demanded.'),
      amr: z.array(z.string().min(1)).default([]).describe('Login methods (amr claim) of which one is demanded.'),
      maxAuthAge: duration.prefault('0s').describe('A session needs a login not older than this; 0s: any.'),
      ...asking,
    })
    .refine((role) => role.defaultDuration <= role.maxDuration, {
      message: 'must not be longer than maxDuration',
      path: ['defaultDuration'],
    })
    .refine((role) => !role.unrestricted || role.scope.length === 0, {
      message: 'an unrestricted role has no scope',
      path: ['scope'],
    })
    .refine((role) => !role.unrestricted || !role.requireWhere, {
      message: 'an unrestricted role runs statements that are not understood, so nobody looks for a WHERE',
      path: ['requireWhere'],
    })
    .refine((role) => !role.unrestricted || role.maxRowsChanged === 0, {
      message: 'an unrestricted role runs statements whose writes can not be counted',
      path: ['maxRowsChanged'],
    })
    .refine((role) => role.unrestricted || role.scope.length > 0 || role.call.length > 0, {
      message: 'a role needs a scope, or unrestricted: true',
      path: ['scope'],
    }),
)
