import { onTestFinished } from 'vitest'
import type { Caller } from '../../src/access/control.ts'
import type { AccessPolicy } from '../../src/access/policy.ts'
import type { IncidentAnswer } from '../../src/access/ports.ts'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import { createControl } from '../../src/control/control.ts'
import type { ControlDeps } from '../../src/control/running.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createIds } from '../../src/proxy/ids.ts'
import { openStore } from '../../src/store/open_store.ts'
import { NOW, person, policyOf } from '../access/fixture.ts'

export const alice = caller(person('alice', ['shop-team']))
export const bob = caller(person('bob', ['dba']))
export const carol = caller(person('carol', ['dba', 'security']))
export const root = caller(person('root', ['admins']))
export const policyAdmin = caller(person('pat', ['policy']))

export function caller(identity: Identity): Caller {
  return { identity, clientAddress: '192.0.2.1' }
}

/** A control plane over a store in memory, with a clock that stands still and a provider of incidents that says what it is told. */
export async function plane(policy: AccessPolicy = policyOf(), over: Partial<ControlDeps> = {}) {
  const store = over.store ?? (await openStore({ kind: 'sqlite', dir: null }))
  onTestFinished(() => store.close())
  const state = {
    now: NOW,
    policy,
    incident: OPEN_INCIDENT as IncidentAnswer,
    events: [] as AccessEvent[],
    failures: [] as string[],
    ended: [] as string[],
  }
  const deps: ControlDeps = {
    store,
    clock: { now: () => state.now, monotonic: () => state.now },
    ids: createIds(() => state.now),
    policy: () => state.policy,
    incidents: { check: async () => state.incident },
    onUnverified: () => 'deny',
    analyse: async () => ({ plan: { digest: 'd', statements: [] }, risks: [] }),
    classesOf: async () => null,
    authority: null,
    checkPolicy: async (_kind, name, body) => ({ problems: [], digest: `digest of ${name} ${JSON.stringify(body)}` }),
    usageKnownSince: () => 0,
    endSession: async ({ id }) => {
      state.ended.push(id)
    },
    notify: (events) => state.events.push(...events),
    failed: (what, error) => state.failures.push(`${what}: ${error.message}`),
    ...over,
  }
  const control = createControl(deps)
  for (const one of [alice, bob, carol]) await control.seen(one.identity)
  return { control, store, state, deps, activities: () => state.events.map(({ activity }) => activity) }
}

export const OPEN_INCIDENT: IncidentAnswer = {
  kind: 'known',
  open: true,
  title: 'orders fail',
  url: null,
  assignees: ['alice@example.test'],
  onCall: [],
  services: ['shop'],
  closedAt: null,
}

export const ASKED = {
  target: 'orders',
  role: 'reader',
  parameters: {},
  narrowing: null,
  durationMs: null,
  start: null,
  reason: 'a look at an order',
  ticket: null,
  script: null,
}

export const YES = { decision: 'approve', reason: 'fine', narrowing: null, durationMs: null, onBehalfOf: null } as const
