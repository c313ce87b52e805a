import * as z from 'zod'
import { grantedUnit } from './granted_unit.ts'
import { operation } from './operation.ts'
import { idText, nameText, shownNarrowing } from './shown.ts'
import { count, fields, list, maybeTime, name, page, pageQuery, person, shown, text, time } from './values.ts'

const control = shown({
  id: nameText,
  standard: z.string().describe('SOC 2, ISO 27001, PCI DSS, HIPAA, NIST.'),
  title: z.string(),
  holds: z.array(z.string()).describe('What the pack holds.'),
}).meta({ id: 'EvidenceControl' })

const standing = shown({
  accounts: count.describe('Accounts of databases in the configuration.'),
  grants: count.describe('Grants of policy files.'),
  logins: count.describe('Logins of people that the checks of the databases found.'),
  targetsUnchecked: count.describe('Targets that may have more: nobody has looked.'),
}).meta({ id: 'StandingCredentials' })

const grantFinding = shown({
  grantId: idText,
  holder: person,
  target: nameText,
  role: nameText,
  kind: z.string(),
  start: time,
  end: time,
  lastUsedAt: maybeTime,
  sessions: count.describe('Sessions of the period under it.'),
  granted: z.array(grantedUnit),
  unused: z.array(grantedUnit).describe('What of it was never used.'),
  enough: shownNarrowing.describe('The least that would have done; empty: nothing was used.'),
  enoughRole: z.string().nullable().describe('A narrower role of the configuration that would have done.'),
}).meta({ id: 'GrantFinding', description: 'A grant that is idle or gives more than is used.' })

const figures = shown({
  from: time,
  to: time,
  standingCredentials: count,
  standing,
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
  listIdleGrants: operation({
    tag: 'evidence',
    method: 'GET',
    path: '/v1/figures/idle-grants',
    summary: 'Open grants that nobody uses.',
    rate: 'heavy',
    status: 200,
    answer: shown({ items: z.array(grantFinding) }),
  }),
  listOverPrivileged: operation({
    tag: 'evidence',
    method: 'GET',
    path: '/v1/figures/over-privileged-grants',
    summary: 'Grants of ended sessions that gave more than was used, and what would have been enough.',
    rate: 'heavy',
    status: 200,
    query: z.strictObject({ from: time.optional(), to: time.optional() }),
    answer: shown({ items: z.array(grantFinding) }),
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
