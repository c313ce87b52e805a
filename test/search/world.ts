import type { AccessActivity, AccessEvent, Actor } from '../../src/audit/access_event.ts'
import { accessEvent } from '../../src/audit/access_event.ts'
import type { AuditEvent, SessionFacts } from '../../src/audit/event.ts'
import { decision, SESSION } from '../audit/events.ts'

export const DAY_MS = 86_400_000
export const MONDAY = Date.UTC(2030, 0, 7)
export const TUESDAY = MONDAY + DAY_MS
export const WEDNESDAY = TUESDAY + DAY_MS

export const ALICE = SESSION
export const BOB: SessionFacts = {
  ...SESSION,
  sessionId: 's-2',
  identity: { ...SESSION.identity!, subject: 'u-bob', email: 'Bob@example.test', name: 'Bob' },
  application: 'DBeaver',
  clientAddress: '10.0.0.9',
  target: 'billing',
  database: 'ledger',
  role: 'writer',
  grantId: 'g2',
  incident: { provider: 'pagerduty', id: 'P1' },
}

type Decision = Parameters<typeof decision>[0]

/** A decision and its end, `rows` rows later; both named after `id`. */
export function statement(
  id: string,
  time: number,
  more: Decision = {},
  end: { rows?: number; outcome?: 'ok' | 'error' } | null = {},
): AuditEvent[] {
  const made = decision({ id, time, statementId: `q-${id}`, ...more })
  if (end === null) return [made]
  const { rows = 1, outcome = 'ok' } = end
  const numbers = { rows, bytes: rows * 10, rowsWithheld: 0, durationMs: 2 }
  const { session, statementKind } = made
  const status = outcome === 'ok' ? null : '23505'
  return [
    made,
    {
      kind: 'completion',
      id: `${id}-end`,
      time: time + 5,
      session,
      statementId: `q-${id}`,
      statementKind,
      outcome,
      status,
      ...numbers,
    },
  ]
}

export function act(
  id: string,
  time: number,
  activity: AccessActivity,
  entity: AccessEvent['entity'],
  more: Partial<AccessEvent> = {},
): AccessEvent {
  return accessEvent(activity, entity, { id, time }, more)
}

export const CAROL: Actor = {
  issuer: 'https://idp.example.test',
  subject: 'u-carol',
  email: 'carol@example.test',
  name: 'Carol',
}

export function column(table: string, name: string, seen: 'clear' | 'masked' | 'computed_masked' | 'written') {
  return { schema: 'app', table, column: name, seen }
}
