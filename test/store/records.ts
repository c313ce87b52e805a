import type { GrantRecord, PersonRef } from '../../src/access/model.ts'
import type { ClientCertificate, ConnectionPassword, Lock } from '../../src/access/records.ts'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createIds } from '../../src/proxy/ids.ts'

/** Records for the tests of the store. */

const ids = createIds(() => Date.now())

export const ALICE: PersonRef = {
  issuer: 'https://id.example.test',
  subject: 'a',
  email: 'alice@example.test',
  name: 'Alice',
}
export const BOB: PersonRef = { issuer: 'https://id.example.test', subject: 'b', email: 'bob@example.test', name: null }

export function newId(): string {
  return ids.uuid()
}

export function identityOf(person: PersonRef): Identity {
  return { ...person, groups: ['staff'], aliases: [], tokenId: null, expiresAt: 1, authTime: null, acr: null, amr: [] }
}

export function grantRecord(more: Partial<GrantRecord> = {}, grant: Partial<GrantRecord['grant']> = {}): GrantRecord {
  const id = more.id ?? newId()
  return {
    id,
    version: 1,
    state: 'active',
    grant: {
      id,
      kind: 'standard',
      principal: { subject: ALICE.subject, issuer: ALICE.issuer },
      target: 'orders',
      role: 'reader',
      parameters: new Map<string, string | number>([['tenant', 7]]),
      narrowing: [{ databases: ['*'], schemas: ['shop'], tables: ['*'], columns: null, verbs: ['read'] }],
      start: 0,
      end: 10_000,
      reason: 'a test',
      ticket: null,
      incident: null,
      requestId: null,
      plan: null,
      ...grant,
    },
    holder: ALICE,
    approvals: [{ by: BOB, onBehalfOf: null, at: 5 }],
    createdAt: 0,
    endedAt: null,
    endedBy: null,
    endReason: null,
    firstUsedAt: null,
    lastUsedAt: null,
    idleAfterMs: 0,
    idleWarnedAt: null,
    review: null,
    progress: null,
    ...more,
  }
}

export function lock(more: Partial<Lock> = {}): Lock {
  return {
    id: newId(),
    version: 1,
    what: 'target',
    value: 'orders',
    label: 'orders',
    by: BOB,
    reason: 'a test',
    at: 0,
    until: null,
    liftedAt: null,
    liftedBy: null,
    ...more,
  }
}

export function accessEvent(more: Partial<AccessEvent> = {}): AccessEvent {
  return {
    kind: 'access',
    id: newId(),
    time: 1,
    activity: 'grant.activated',
    severity: 'info',
    actor: ALICE,
    person: null,
    entity: { type: 'grant', id: 'g' },
    target: 'orders',
    role: null,
    grantId: null,
    requestId: null,
    reason: null,
    ticket: null,
    incident: null,
    clientAddress: null,
    detail: {},
    ...more,
  }
}

export function password(more: Partial<ConnectionPassword> = {}): ConnectionPassword {
  return {
    id: newId(),
    version: 1,
    identity: identityOf(ALICE),
    target: 'orders',
    grantId: 'g',
    scram: 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy',
    sha2: '00',
    digest: '11',
    createdAt: 0,
    expiresAt: 10_000,
    revokedAt: null,
    ...more,
  }
}

export function certificate(more: Partial<ClientCertificate> = {}): ClientCertificate {
  const times = { issuedAt: 0, expiresAt: 10_000, revokedAt: null }
  return { id: newId(), version: 1, identity: identityOf(ALICE), fingerprint: 'ff', ...times, ...more }
}
