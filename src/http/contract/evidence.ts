import * as z from 'zod'
import { operation } from './operation.ts'
import { nameText } from './shown.ts'
import { count, fields, list, name, page, pageQuery, shown, text, time } from './values.ts'

const control = shown({
  id: nameText,
  standard: z.string().describe('SOC 2, ISO 27001, PCI DSS, HIPAA, NIST.'),
  title: z.string(),
  holds: z.array(z.string()).describe('What the pack holds.'),
}).meta({ id: 'EvidenceControl' })

const figures = shown({
  from: time,
  to: time,
  standingCredentials: count,
  meanAccessMs: z.number().nullable(),
  overPrivilegedSessions: count,
  sessions: count,
  requestToFirstQueryMs: z.number().nullable(),
  breakGlass: count,
  revocationP99Ms: z.number().nullable(),
  idleGrants: count,
}).meta({ id: 'Figures', description: 'Null: nothing of the period to measure.' })

const entry = shown({
  id: z.string(),
  time,
  kind: z.string(),
  target: z.string().nullable(),
  role: z.string().nullable(),
  grantId: z.string().nullable(),
  sessionId: z.string().nullable(),
  outcome: z.string().nullable(),
  code: z.string().nullable(),
  statement: z.string().nullable().describe('As the audit keeps it.'),
  rows: count.nullable(),
}).meta({ id: 'HistoryEntry' })

const period = { from: time, to: time }

export const evidenceOperations = {
  listControls: operation({
    tag: 'evidence',
    method: 'GET',
    path: '/v1/evidence/controls',
    summary: 'The controls that evidence can be built for.',
    rate: 'read',
    status: 200,
    answer: shown({ items: z.array(control) }),
  }),
  buildEvidence: operation({
    tag: 'evidence',
    method: 'POST',
    path: '/v1/evidence/packs',
    summary: 'Build the evidence of a period for some controls.',
    rate: 'heavy',
    status: 200,
    body: fields({
      controls: list(name).min(1),
      ...period,
      format: z.enum(['json', 'csv', 'pdf']),
    }).meta({ id: 'EvidenceQuestion' }),
    answer: null,
    produces: ['application/json', 'text/csv', 'application/pdf'],
  }),
  getFigures: operation({
    tag: 'evidence',
    method: 'GET',
    path: '/v1/figures',
    summary: 'The figures that show whether privilege shrinks.',
    rate: 'heavy',
    status: 200,
    query: z.strictObject({ from: time.optional(), to: time.optional() }),
    answer: figures,
  }),
  listOwnHistory: operation({
    tag: 'people',
    method: 'GET',
    path: '/v1/me/history',
    summary: "The caller's own sessions, statements and decisions.",
    rate: 'heavy',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      from: time.optional(),
      to: time.optional(),
      target: name.optional(),
      contains: text.min(1).optional().describe('A part of the statement.'),
    }),
    answer: page(entry).meta({ id: 'HistoryPage' }),
  }),
} as const
