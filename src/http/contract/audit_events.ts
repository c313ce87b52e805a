import * as z from 'zod'
import { operation } from './operation.ts'
import { count, name, pageQuery, shown, text, time } from './values.ts'

/** The search of the audit log; see docs/search.md for what each column means. */

const MAX_VALUE_CHARACTERS = 512
const value = z.string().min(1).max(MAX_VALUE_CHARACTERS)
const nullable = z.string().nullable()
const names = z.array(z.string())

const filters = {
  from: time.optional(),
  to: time.optional(),
  person: value.optional().describe('Subject, address or name: who did it, or whom it concerns.'),
  target: name.optional(),
  database: value.optional(),
  role: name.optional(),
  table: value.optional().describe('`table` or `schema.table`.'),
  column: value.optional().describe('`column`, `table.column` or `schema.table.column`.'),
  seen: z
    .enum(['clear', 'lifted', 'masked', 'written'])
    .optional()
    .describe('How the column, or any, was used. lifted: in clear, though the policy masks it for others.'),
  kind: value.optional().describe('The kind of statement: `select`, `delete`...'),
  verb: value.optional().describe('`read`, `insert`, `update`, `delete`, `ddl`, `call`, `export`...'),
  decision: z.enum(['allow', 'deny']).optional(),
  outcome: z.enum(['ok', 'error', 'cancelled', 'withheld']).optional(),
  code: value.optional().describe('Of a refusal: `SP-MASKED`...'),
  rule: value.optional(),
  incident: value.optional().describe('`provider:id`: also what was done under its grants.'),
  grant: value.optional(),
  request: value.optional(),
  session: value.optional(),
  statement: value.optional(),
  event: value.optional().describe('`db.decision`, `grant.revoked`, `grant.*`...'),
  severity: z.coerce.number().int().min(1).max(5).optional().describe('At least this.'),
  rows_over: z.coerce.number().int().min(0).optional().describe('More rows than this.'),
  application: value.optional(),
  client: value.optional().describe("The client's address."),
  contains: text.min(1).optional().describe('A part of the statement, message, reason or detail, in any case.'),
}

const entry = shown({
  sequence: count,
  writer: nullable,
  time,
  uid: nullable,
  class: nullable,
  event: nullable,
  severity: count.nullable(),
  status: nullable,
  message: nullable,
  person: nullable,
  email: nullable,
  name: nullable,
  issuer: nullable,
  about: nullable,
  aboutEmail: nullable,
  session: nullable,
  target: nullable,
  database: nullable,
  role: nullable,
  grantId: nullable,
  requestId: nullable,
  incident: nullable,
  reason: nullable,
  ticket: nullable,
  statementId: nullable,
  kind: nullable,
  verbs: names,
  statement: nullable,
  sha256: nullable,
  decision: nullable,
  rule: nullable,
  code: nullable,
  application: nullable,
  clientIp: nullable,
  dbUser: nullable,
  tables: names,
  writtenTables: names,
  clear: names,
  lifted: names,
  masked: names,
  written: names,
  entityType: nullable,
  entity: nullable,
  detail: nullable,
  outcome: nullable,
  error: nullable,
  rows: count.nullable(),
  rowsWithheld: count.nullable(),
  bytes: count.nullable(),
  durationMs: z.number().nullable(),
}).meta({ id: 'AuditEntry', description: 'A record of the audit log; a statement with its end is one.' })

const unreadable = count.describe('Lines of what was searched that are no records: verify the log where there are any.')
const cell = z.union([z.string(), z.number(), names, z.null()])

export const auditOperations = {
  searchAuditEvents: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/audit/events',
    summary: 'Search the audit log of this node, the newest first.',
    rate: 'heavy',
    status: 200,
    query: z.strictObject({ ...pageQuery, ...filters }),
    answer: shown({
      items: z.array(entry),
      nextCursor: z.string().nullable().describe('Null on the last page.'),
      unreadable,
    }).meta({ id: 'AuditPage' }),
  }),
  exportAuditEvents: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/audit/export',
    summary:
      'All records that match, at most 100,000, as one file; lines that are no records are counted in X-Audit-Unreadable.',
    rate: 'heavy',
    status: 200,
    query: z.strictObject({ format: z.enum(['csv', 'json', 'parquet']), ...filters }),
    answer: null,
    produces: ['text/csv', 'application/x-ndjson', 'application/vnd.apache.parquet'],
  }),
  getAuditRecord: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/audit/records/{sequence}',
    summary: 'One record as it stands in the log, to the byte.',
    rate: 'heavy',
    status: 200,
    params: z.strictObject({ sequence: z.coerce.number().int().min(0) }),
    answer: shown({ sequence: count, line: z.string() }),
  }),
  askAuditQuestion: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/audit/questions/{name}',
    summary: 'Ask one of the ready-made questions.',
    rate: 'heavy',
    status: 200,
    params: z.strictObject({ name: z.enum(['pii-readers', 'exports', 'migration', 'deletions']) }),
    query: z.strictObject({
      from: time.optional().describe('Default: 90 days ago.'),
      to: time.optional().describe('Default: now.'),
      targets: value
        .optional()
        .describe('Names with commas. Default: all; for deletions, those with the label environment=production.'),
      columns: value.optional().describe('Of pii-readers, with commas. Default: what the policy masks or classifies.'),
      id: value.optional().describe('Of migration: the grant or its request.'),
    }),
    answer: shown({
      name: z.string(),
      verdict: z.string().describe('One sentence.'),
      columns: z.array(z.string()),
      rows: z.array(z.array(cell)).describe('Times are milliseconds since the epoch.'),
      cut: z.boolean().describe('There are more rows.'),
      unreadable,
    }).meta({ id: 'AuditAnswer' }),
  }),
} as const
