import type { Section } from '../../test/servers/sallyport.ts'

/** The demo's policy: three people with different roles on the same small payments company. */

const HOUR_MS = 3_600_000

/** `schemas` is a list of databases in MySQL, where a schema is a database. */
export const DEMO_ROLES: readonly Section[] = [
  {
    name: 'support',
    description: 'Reads the payments data, personal data masked.',
    scope: [{ databases: ['*'], schemas: ['pay'], tables: ['*'], verbs: ['read'] }],
    limits: { maxRowsPerResult: 5000, statementTimeout: '30s' },
  },
  {
    name: 'engineer',
    description: 'Reads the payments data with e-mail addresses in clear, and records refunds.',
    scope: [
      { databases: ['*'], schemas: ['pay'], tables: ['*'], verbs: ['read'] },
      { databases: ['*'], schemas: ['pay'], tables: ['refunds'], verbs: ['insert', 'update', 'delete'] },
    ],
    unmask: ['pay.customers.email'],
    requireWhere: true,
  },
  { name: 'security', description: 'Everything, unmasked.', unrestricted: true },
]

export const DEMO_MASKING: Section = {
  keys: { 'demo-key': 'env:DEMO_MASKING_KEY' },
  masks: [
    { schemas: ['pay'], tables: ['customers'], columns: ['email'], strategy: 'email' },
    { schemas: ['pay'], tables: ['customers'], columns: ['phone'], strategy: 'partial', keepLast: 4 },
    { schemas: ['pay'], tables: ['customers'], columns: ['national_id'], strategy: 'redact', text: '[redacted]' },
    { schemas: ['pay'], tables: ['customers'], columns: ['date_of_birth'], strategy: 'null' },
    { schemas: ['pay'], tables: ['cards'], columns: ['pan'], strategy: 'token', key: 'demo-key' },
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

/** One grant for each person on each target, from an hour ago for eight hours. */
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
