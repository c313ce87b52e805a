import type { AccessControl, Caller } from '../../src/access/control.ts'
import type { AccessRequest, GrantRecord, PersonRef } from '../../src/access/model.ts'
import type { PolicyVersion } from '../../src/access/records.ts'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { SallyportError } from '../../src/errors.ts'
import type { ApiDeps } from '../../src/http/ports.ts'
import { type Api, startApi } from '../../src/http/server.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createIds } from '../../src/proxy/ids.ts'
import { openStore } from '../../src/store/open_store.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'

/** An admin API over an empty store in memory, with a control plane that answers what a test wants. */

export const ISSUER = 'https://id.example.test'
export const NOW = Date.UTC(2030, 0, 31, 9)
export const PUBLIC_URL = 'https://access.example.test'

export function identityOf(name: string): Identity {
  return {
    issuer: ISSUER,
    subject: name,
    email: `${name}@example.test`,
    name: null,
    groups: ['engineers'],
    aliases: [name],
    tokenId: null,
    expiresAt: NOW + 3_600_000,
    authTime: NOW,
    acr: null,
    amr: [],
  }
}

export const ALICE: PersonRef = { issuer: ISSUER, subject: 'alice', email: 'alice@example.test', name: null }

export const REQUEST: AccessRequest = {
  id: '01934567-0000-7000-8000-000000000001',
  version: 1,
  state: 'pending',
  kind: 'standard',
  requester: ALICE,
  groups: ['engineers'],
  target: 'orders-prod',
  role: 'read-only',
  parameters: { tenant: 7 },
  narrowing: [{ databases: ['*'], schemas: ['shop'], tables: ['orders'], columns: null, verbs: ['read'] }],
  durationMs: 3_600_000,
  start: null,
  reason: 'a slow query',
  ticket: null,
  incident: null,
  plan: null,
  risks: [],
  extendsGrant: null,
  fromRefusal: null,
  rule: { name: 'readers', digest: 'd' },
  stages: [],
  createdAt: NOW,
  expiresAt: NOW + 1000,
  decidedAt: null,
  grantId: null,
}

export const GRANT: GrantRecord = {
  id: 'g1',
  version: 1,
  state: 'active',
  holder: ALICE,
  grant: {
    id: 'g1',
    kind: 'standard',
    principal: { subject: 'alice', issuer: ISSUER },
    target: 'orders-prod',
    role: 'read-only',
    parameters: new Map([['tenant', 7]]),
    narrowing: null,
    start: NOW,
    end: NOW + 3_600_000,
    reason: 'a slow query',
    ticket: null,
    incident: null,
    requestId: REQUEST.id,
    plan: null,
  },
  approvals: [],
  createdAt: NOW,
  endedAt: null,
  endedBy: null,
  endReason: null,
  firstUsedAt: null,
  lastUsedAt: null,
  idleAfterMs: 0,
  idleWarnedAt: null,
  review: null,
  progress: null,
}

export const POLICY: PolicyVersion = {
  id: 'role/read-only@1',
  version: 1,
  kind: 'role',
  name: 'read-only',
  number: 1,
  source: 'api',
  body: { maxDuration: '8h' },
  digest: 'a'.repeat(64),
  state: 'in_force',
  author: ALICE,
  approver: null,
  reason: 'first',
  at: NOW,
  supersededAt: null,
}

/** What the control plane was asked. */
export type Asked = readonly [method: string, caller: Caller, ...rest: unknown[]]

type Given = { [Name in keyof AccessControl]?: (...args: never[]) => unknown }

/** Methods that a test does not give answer `SP-NOT-FOUND`, and rights are all held. */
function fakeControl(given: Given, asked: Asked[]): AccessControl {
  const all: Given = {
    require: async () => undefined,
    standing: async (caller: Caller) => ({
      person: caller.identity,
      groups: caller.identity.groups,
      roles: ['requester'],
      operations: ['self.read'],
      leads: [],
    }),
    ...given,
  }
  return new Proxy({} as AccessControl, {
    get: (_, name) => {
      const method = all[name as keyof AccessControl] as ((...args: unknown[]) => unknown) | undefined
      return async (...args: unknown[]) => {
        asked.push([String(name), ...args] as unknown as Asked)
        if (method === undefined) throw new SallyportError('SP-NOT-FOUND', 'no such record')
        return method(...args)
      }
    },
  })
}

export interface TestApi {
  readonly api: Api
  readonly store: SqlStore
  readonly asked: Asked[]
  /** What was recorded since the last time. */
  readonly events: AccessEvent[]
  /** What went to the audit log itself. */
  readonly recorded: AuditEvent[]
  readonly logged: string[]
  readonly deps: ApiDeps
  call(path: string, init?: CallInit): Promise<Response>
  close(): Promise<void>
}

export interface CallInit {
  readonly method?: string
  /** Null: none. */
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export async function startTestApi(control: Given = {}, overrides: Partial<ApiDeps> = {}): Promise<TestApi> {
  const store = await openStore({ kind: 'sqlite', dir: null })
  const asked: Asked[] = []
  const events: AccessEvent[] = []
  const logged: string[] = []
  const recorded: AuditEvent[] = []
  const log = (detail: object, text: string) => void logged.push(`${text} ${JSON.stringify(detail)}`)
  const deps: ApiDeps = {
    settings: SETTINGS,
    version: '1.2.3',
    control: fakeControl(control, asked),
    store: {
      read: (work) => store.read(work),
      write: (work) =>
        store.write((tx) =>
          work(
            new Proxy(tx, {
              get: (of, name) =>
                name === 'record' ? (event: AccessEvent) => void events.push(event) : of[name as keyof typeof of],
            }),
          ),
        ),
    },
    tokens: { verify: async (token) => verify(token) },
    locks: { lockedBy: () => null },
    clock: { now: () => NOW, monotonic: () => performance.now() },
    ids: createIds(() => Date.now()),
    log: { info: log, warn: log, error: log },
    audit: { append: async (calls) => void recorded.push(...calls) },
    certificates: null,
    logoutTokens: null,
    providerFetch: null,
    clientSettings: null,
    fileGrants: () => [],
    questions: null,
    evidence: null,
    history: null,
    recordings: null,
    auditSearch: null,
    checkpoints: null,
    alerts: null,
    sinks: null,
    posture: null,
    usage: null,
    incidentWebhooks: null,
    secret: async () => 'signing secret',
    loggedOut: () => undefined,
    ...overrides,
  }
  const api = await startApi(deps)
  const call = (path: string, init: CallInit = {}) => callApi(`http://127.0.0.1:${api.port}${path}`, init)
  const close = async () => {
    await api.close()
    await store.close()
  }
  return { api, store, asked, events, recorded, logged, deps, call, close }
}

const RATES = { perAddress: 100_000, logins: 1000, reads: 100_000, writes: 100_000, heavy: 100_000 }

export const SETTINGS: ApiDeps['settings'] = {
  host: '127.0.0.1',
  port: 0,
  tls: null,
  publicUrl: PUBLIC_URL,
  trustedProxies: [],
  login: null,
  rates: RATES,
  slack: null,
  webhooks: { allowNetworks: ['127.0.0.0/8'], secrets: ['env:SIGNING'] },
}

function verify(token: string): Identity {
  if (!token.startsWith('token-of-')) throw new SallyportError('SP-AUTH', 'bad signature')
  return identityOf(token.slice('token-of-'.length))
}

function callApi(url: string, { method, token = 'token-of-alice', body, headers = {} }: CallInit): Promise<Response> {
  return fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}
