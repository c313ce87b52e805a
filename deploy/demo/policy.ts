import type { Section } from '../../test/servers/sallyport.ts'

/** The demo's policy: what three people have on the same small payments company, and what they have to ask for. */

const HOUR_MS = 3_600_000
const READS_PAY = { databases: ['*'], schemas: ['pay'], tables: ['*'], verbs: ['read'] }

/** The databases of the demo carry these; break-glass and approval rules go by them. */
export const DEMO_LABELS = { env: 'demo', environment: 'production', team: 'engineering', service: 'payments' } as const

/** `schemas` is a list of databases in MySQL, where a schema is a database. */
export const DEMO_ROLES: readonly Section[] = [
  {
    name: 'support',
    description: 'Reads the payments data, personal data masked.',
    scope: [READS_PAY],
    limits: { maxRowsPerResult: 5000, statementTimeout: '30s' },
  },
  {
    name: 'engineer',
    description: 'Reads the payments data with e-mail addresses in clear, and records refunds.',
    scope: [READS_PAY, { ...READS_PAY, tables: ['refunds'], verbs: ['insert', 'update', 'delete'] }],
    unmask: ['pay.customers.email'],
    requireWhere: true,
  },
  { name: 'security', description: 'Everything, unmasked.', unrestricted: true, maxDuration: '1h' },
  {
    name: 'figures',
    description: 'Reads payments and merchants: no personal data.',
    scope: [{ ...READS_PAY, tables: ['payments', 'merchants', 'refunds'] }],
    maxDuration: '4h',
  },
  {
    name: 'refund-desk',
    description: 'Reads the payments data, personal data masked, and records refunds.',
    scope: [READS_PAY, { ...READS_PAY, tables: ['refunds'], verbs: ['insert'] }],
    maxDuration: '2h',
  },
  {
    name: 'repair',
    description: 'Mends payments.',
    scope: [READS_PAY, { ...READS_PAY, tables: ['payments', 'refunds'], verbs: ['insert', 'update', 'delete'] }],
    requireWhere: true,
    maxRowsChanged: 10,
    maxDuration: '1h',
  },
  {
    name: 'responder',
    description: 'Mends payments in an incident.',
    scope: [READS_PAY, { ...READS_PAY, tables: ['payments', 'refunds'], verbs: ['insert', 'update'] }],
    breakGlass: true,
  },
]

/** Files of one section each, beside the roles, masks and standing grants. */
export const DEMO_SECTIONS: Readonly<Record<string, unknown>> = {
  approvals: [
    {
      name: 'harmless-reading',
      roles: ['figures'],
      when: 'target.labels.team in groups && duration <= duration("4h") && !classification.exists(c, c.startsWith("pii."))',
      auto: true,
    },
    { name: 'migrations', roles: ['repair'], kinds: ['migration'], single: { groups: ['security'] } },
    { name: 'two-people', roles: ['repair', 'security'], dual: { groups: ['engineering', 'security'] } },
    { name: 'one-person', single: { groups: ['security'] } },
  ],
  access: {
    roles: { admin: ['security'], auditor: ['security'] },
    breakGlass: { checkEvery: '2s', reviewGroups: ['security'] },
  },
  incidents: {
    desk: {
      kind: 'static',
      incidents: [
        { id: 'INC-1', title: 'Payments stand', open: true, assignees: ['bob@example.test'], services: ['payments'] },
        {
          id: 'INC-2',
          title: 'It was the cache',
          open: false,
          assignees: ['bob@example.test'],
          services: ['payments'],
        },
      ],
    },
  },
  classification: {
    columns: [
      { class: 'pii.email', schemas: ['pay'], tables: ['customers'], columns: ['email', 'email_lower'] },
      { class: 'pii.phone', schemas: ['pay'], tables: ['customers'], columns: ['phone'] },
      { class: 'pii.national_id', schemas: ['pay'], tables: ['customers'], columns: ['national_id'] },
      { class: 'pii.birth_date', schemas: ['pay'], tables: ['customers'], columns: ['date_of_birth'] },
      { class: 'financial.card', schemas: ['pay'], tables: ['cards'], columns: ['pan'] },
      { class: 'secret', schemas: ['internal'], tables: ['api_keys'], columns: ['secret'] },
    ],
  },
}

/** The first mask that matches wins: whatever has a class and no mask of its own is covered by the last lines. */
export const DEMO_MASKING: Section = {
  keys: { 'demo-key': 'env:DEMO_MASKING_KEY' },
  masks: [
    { schemas: ['pay'], tables: ['customers'], columns: ['email'], strategy: 'email' },
    { schemas: ['pay'], tables: ['customers'], columns: ['phone'], strategy: 'partial', keepLast: 4 },
    { schemas: ['pay'], tables: ['customers'], columns: ['national_id'], strategy: 'redact', text: '[redacted]' },
    { schemas: ['pay'], tables: ['customers'], columns: ['date_of_birth'], strategy: 'null' },
    { schemas: ['pay'], tables: ['cards'], columns: ['pan'], strategy: 'token', key: 'demo-key' },
    { classes: ['pii.*', 'financial.*'], strategy: 'null' },
  ],
}

export interface DemoPerson {
  readonly name: 'alice' | 'bob' | 'carol'
  readonly role: string
}

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { name: 'alice', role: 'support' },
  { name: 'bob', role: 'engineer' },
  { name: 'carol', role: 'security' },
]

/** One grant for each person on each target, from an hour ago for eight hours: what a policy file may say too. */
export function demoGrants(targets: readonly string[], now: number): readonly Section[] {
  return targets.flatMap((target) =>
    DEMO_PEOPLE.map(({ name, role }) => ({
      id: `demo-${target}-${name}`,
      principal: { email: `${name}@example.test` },
      target,
      role,
      start: new Date(now - HOUR_MS).toISOString(),
      end: new Date(now + 8 * HOUR_MS).toISOString(),
      reason: 'Trying Sallyport out',
    })),
  )
}
