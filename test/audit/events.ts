import { ABOUT_NOBODY, type AlertEvent } from '../../src/audit/alert_event.ts'
import type { AuditEvent, SessionFacts } from '../../src/audit/event.ts'

export const PRODUCT = { version: '0.1.0', uid: 'node-1' }

export const SESSION: SessionFacts = {
  sessionId: 's-1',
  identity: {
    issuer: 'https://idp.example.test',
    subject: 'u-alice',
    email: 'alice@example.test',
    name: 'Alice',
    groups: ['data-eng'],
    aliases: [],
    tokenId: 't1',
    expiresAt: 2_000_000,
    authTime: null,
    acr: null,
    amr: ['mfa'],
  },
  claimedUser: 'alice/orders',
  application: 'psql "14"',
  protocol: 'postgres',
  clientAddress: '10.0.0.5',
  clientPort: 51111,
  tlsVersion: 'TLSv1.3',
  target: 'orders',
  targetHost: 'pg.example.test',
  targetPort: 5432,
  database: 'app',
  databaseUser: 'ro',
  grantId: 'g1',
  role: 'reader',
  reason: 'on call',
  ticket: null,
}

/** Under break-glass, with a role that has parameters. */
export const EMERGENCY: SessionFacts = {
  ...SESSION,
  grantKind: 'break_glass',
  requestId: 'r-1',
  parameters: new Map([['tenant', 7]]),
  incident: { provider: 'pagerduty', id: 'Q1ABC2' },
}

type Decision = Extract<AuditEvent, { kind: 'decision' }>

export function decision(more: Partial<Decision> = {}): Decision {
  return {
    kind: 'decision',
    id: 'd-1',
    time: 1_000,
    session: SESSION,
    statementId: 'q-1',
    effect: 'allow',
    rule: 'scope',
    code: null,
    reason: 'in scope',
    statementKind: 'select',
    verbs: ['read'],
    statement: { normalized: 'SELECT id FROM app.users WHERE id = $1', sha256: 'ab', bytes: 37, full: null },
    objects: [{ schema: 'app', name: 'users', access: 'read' }],
    columns: [{ schema: 'app', table: 'users', column: 'id', seen: 'clear' }],
    digests: { config: 'c', role: 'r', masking: 'm', catalog: 'k' },
    ...more,
  }
}

export function completion(): AuditEvent {
  return {
    kind: 'completion',
    id: 'c-1',
    time: 1_005,
    session: SESSION,
    statementId: 'q-1',
    statementKind: 'select',
    outcome: 'ok',
    status: null,
    rows: 3,
    bytes: 120,
    rowsWithheld: 0,
    durationMs: 5.5,
  }
}

export function alert(more: Partial<AlertEvent> = {}): AlertEvent {
  return {
    kind: 'alert',
    id: 'e-1',
    time: 1_000,
    signal: 'failed_logins_address',
    state: 'raised',
    severity: 'critical',
    key: 'failed_logins_address/10.0.0.5',
    summary: '20 failed logins from 10.0.0.5 within 10 min',
    count: 20,
    threshold: 20,
    windowMs: 600_000,
    suppressed: 0,
    evidence: ['e-0'],
    about: { ...ABOUT_NOBODY, claimedUser: 'alice', clientAddress: '10.0.0.5' },
    owner: 'security',
    runbook: 'https://example.test/runbooks/failed_logins_address',
    channels: ['pager'],
    test: false,
    ...more,
  }
}

type ApiCall = Extract<AuditEvent, { kind: 'api_call' }>

export function apiCall(more: Partial<ApiCall> = {}): ApiCall {
  return {
    kind: 'api_call',
    id: 'a-1',
    time: 1_000,
    by: { issuer: 'https://idp.example.test', subject: 'u-bob', email: 'bob@example.test', name: 'Bob' },
    operation: 'revokeGrant',
    method: 'POST',
    path: '/v1/grants/g1/revoke',
    resources: { id: 'g1' },
    requestId: 'r-1',
    clientAddress: '10.0.0.6',
    clientPort: 40_000,
    userAgent: 'sallyport/0.1.0',
    ...more,
  }
}

/** One of each kind. */
export function everyEvent(): AuditEvent[] {
  const anonymous = { ...SESSION, identity: null, grantId: null, role: null, database: null }
  const base = { id: 'e-1', time: 1_000 }
  return [
    decision(),
    decision({ effect: 'deny', code: 'SP-SCOPE', objects: [] }),
    decision({
      statement: { normalized: 'SELECT 1', sha256: 'ab', bytes: 8, full: 'SELECT 1' },
      parameters: { count: 1, types: ['text'], values: ['x'] },
    }),
    decision({ session: EMERGENCY }),
    completion(),
    { ...base, kind: 'login', session: SESSION, grantEnd: 9_000 },
    { ...base, kind: 'connect', session: SESSION },
    { ...base, kind: 'connect', session: SESSION, superuser: true },
    { ...base, kind: 'login_failed', session: anonymous, code: 'SP-AUTH', detail: 'expired token' },
    { ...base, kind: 'logout', session: SESSION, cause: 'client' },
    {
      ...base,
      kind: 'bulk_read',
      session: SESSION,
      statementId: 'q-1',
      table: { schema: 'app', name: 'users' },
      rows: 5_000,
      threshold: 5_000,
      windowMs: 3_600_000,
    },
    alert(),
    alert({ state: 'resolved', severity: 'info', test: true, evidence: [] }),
    apiCall(),
    apiCall({
      method: 'GET',
      path: '/v1/grants',
      operation: 'listGrants',
      resources: {},
      userAgent: null,
      clientPort: null,
    }),
    { ...base, kind: 'cancel', session: anonymous, by: 'client' },
    { ...base, kind: 'config_loaded', digest: 'd', previous: null, changes: [] },
    { ...base, kind: 'config_loaded', digest: 'd', previous: 'c', changes: ['roles/reader: changed'] },
    { ...base, kind: 'process', what: 'start' },
    { ...base, kind: 'process', what: 'drain' },
    { ...base, kind: 'process', what: 'stop' },
    { ...base, kind: 'log', what: 'started', detail: {} },
    { ...base, kind: 'log', what: 'broken', detail: { sequence: 7, why: 'the line before was changed' } },
  ]
}
