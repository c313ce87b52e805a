import { ACCESS_ACTIVITIES, type AccessActivity, type AccessEvent, accessEvent } from '../../src/audit/access_event.ts'

const ISSUER = 'https://idp.example.test'
export const ALICE = { issuer: ISSUER, subject: 'u-alice', email: 'alice@example.test', name: 'Alice' }
export const BOB = { issuer: ISSUER, subject: 'u-bob', email: 'bob@example.test', name: 'Bob' }

const OF_GRANT = {
  person: ALICE,
  target: 'orders',
  role: 'reader',
  grantId: '0197e1a0-7b1e-7000-8000-00000000000a',
  requestId: '0197e1a0-7b1e-7000-8000-00000000000b',
} as const
const EMERGENCY = { incident: 'pagerduty Q1ABC2', severity: 'high', reason: 'orders are stuck' } as const

/** What goes with an activity, by the first part of its name. */
const BY_FAMILY: Readonly<Record<string, Partial<AccessEvent> & Pick<AccessEvent, 'entity'>>> = {
  request: {
    ...OF_GRANT,
    entity: { type: 'request', id: OF_GRANT.requestId },
    actor: ALICE,
    reason: 'a slow query',
    ticket: 'OPS-7',
  },
  grant: { ...OF_GRANT, entity: { type: 'grant', id: OF_GRANT.grantId }, reason: 'a slow query' },
  break_glass: { ...OF_GRANT, ...EMERGENCY, entity: { type: 'grant', id: OF_GRANT.grantId }, actor: ALICE },
  lock: {
    entity: { type: 'lock', id: 'lock-1' },
    actor: BOB,
    person: ALICE,
    reason: 'a lost laptop',
    severity: 'high',
  },
  delegation: { entity: { type: 'delegation', id: 'd-1' }, actor: BOB, person: ALICE },
  password: { ...OF_GRANT, entity: { type: 'password', id: 'p-1' }, actor: ALICE, detail: { expiresAt: 9_000 } },
  certificate: { entity: { type: 'certificate', id: '7f' }, actor: ALICE, person: ALICE, detail: { expiresAt: 9_000 } },
  account: { ...OF_GRANT, entity: { type: 'account', id: 'sp_alice_1' }, detail: { account: 'sp_alice_1' } },
  session: { ...OF_GRANT, entity: { type: 'session', id: 's-1' }, actor: BOB, reason: 'it was forgotten' },
  policy: {
    entity: { type: 'policy', id: 'role/reader@2' },
    actor: BOB,
    severity: 'medium',
    detail: { state: 'in_force', number: 2, digest: '9f86d081', previous: '60303ae2' },
  },
  review: { entity: { type: 'review', id: 'v-1' }, actor: BOB },
  secret: { entity: { type: 'secret', id: 'vault:database/orders#password' }, detail: { version: '3' } },
  webhook: { entity: { type: 'webhook', id: 'w-1' }, actor: BOB },
  api: {
    entity: { type: 'operation', id: 'revokeGrant' },
    actor: BOB,
    clientAddress: '10.0.0.6',
    detail: { code: 'SP-FORBIDDEN', why: 'it takes the role admin', method: 'POST', route: '/v1/grants/:id/revoke' },
  },
  backup: { entity: { type: 'backup', id: 'b-1' }, detail: { records: 12 } },
  posture: {
    entity: { type: 'target', id: 'orders' },
    target: 'orders',
    detail: { object: 'x', text: 'x is superuser' },
  },
  bypass: { entity: { type: 'target', id: 'orders' }, target: 'orders', detail: { object: 'y', text: 'y logged in' } },
  recording: { ...OF_GRANT, entity: { type: 'recording', id: 'rec-1' } },
  node: { entity: { type: 'node', id: 'node-1' } },
}

export function accessEventOf(activity: AccessActivity, more: Partial<AccessEvent> = {}): AccessEvent {
  const about = BY_FAMILY[activity.split('.')[0] ?? '']
  if (about === undefined) throw new Error(`say in test/audit/access_events.ts what goes with ${activity}`)
  return accessEvent(activity, about.entity, { id: 'e-1', time: 1_000 }, { ...about, ...more })
}

/** Each activity, as it is told in full, and with nothing that may be left out. */
export function everyAccessEvent(): AccessEvent[] {
  return ACCESS_ACTIVITIES.flatMap((activity) => {
    const full = accessEventOf(activity)
    return [full, accessEvent(activity, full.entity, full)]
  })
}
