import { AlertEngine } from '../../src/alerts/engine.ts'
import type { AccessActivity, AccessEvent } from '../../src/audit/access_event.ts'
import { accessEvent } from '../../src/audit/access_event.ts'
import type { AlertEvent, Signal } from '../../src/audit/alert_event.ts'
import type { AlertRule, AlertSettings } from '../../src/audit/alert_settings.ts'
import type { AuditEvent, SessionFacts } from '../../src/audit/event.ts'
import { buildAlerts } from '../../src/config/build_alerts.ts'
import { SESSION } from '../audit/events.ts'

/** A Wednesday at noon, UTC. */
export const NOON = Date.UTC(2026, 6, 15, 12)
export const HOUR_MS = 3_600_000

export function settingsWith(
  signal: Signal,
  rule: Partial<AlertRule>,
  more: Partial<AlertSettings> = {},
): AlertSettings {
  const settings = { ...buildAlerts(), ...more }
  return { ...settings, rules: { ...settings.rules, [signal]: { ...settings.rules[signal], ...rule } } }
}

export interface World {
  readonly engine: AlertEngine
  readonly raised: AlertEvent[]
  /** Milliseconds since the epoch; the monotonic clock goes with it. */
  now: number
  /** Of the signals that were raised since the last call. */
  signals(): Signal[]
}

/** An engine with a clock of its own; the role `root` is unrestricted, and columns named `ssn` are masked. */
export function worldWith(settings: AlertSettings = buildAlerts(), baseline: string | null = null): World {
  const raised: AlertEvent[] = []
  let told = 0
  let ids = 0
  const world: World = {
    now: NOON,
    raised,
    engine: new AlertEngine({
      ...{ node: 'node-1', settings, baseline },
      clock: { now: () => world.now, monotonic: () => world.now - NOON },
      ids: { uuid: () => `alert-${++ids}` },
      raise: (alert) => raised.push(alert),
      world: {
        isUnrestricted: (role) => role === 'root',
        readsMasked: ({ columns }) => columns.some(({ column, seen }) => column === 'ssn' && seen === 'clear'),
      },
    }),
    signals: () => {
      const fresh = raised.slice(told)
      told = raised.length
      return fresh.map(({ signal }) => signal)
    },
  }
  return world
}

export function as(name: string, more: Partial<SessionFacts> = {}): SessionFacts {
  const identity = SESSION.identity && {
    ...SESSION.identity,
    subject: `u-${name}`,
    email: `${name}@example.test`,
    name,
  }
  return { ...SESSION, identity, claimedUser: `${name}/orders`, ...more }
}

let serial = 0

export function loginFailed(more: Partial<SessionFacts> = {}, code = 'SP-AUTH'): AuditEvent {
  const session = { ...SESSION, identity: null, ...more }
  return { kind: 'login_failed', id: `f-${++serial}`, time: NOON, session, code, detail: 'refused' }
}

export function login(session: SessionFacts, time = NOON): AuditEvent {
  return { kind: 'login', id: `l-${++serial}`, time, session, grantEnd: time + HOUR_MS }
}

export function lifecycleEvent(activity: AccessActivity, more: Partial<AccessEvent> = {}): AccessEvent {
  const entity = { type: 'grant', id: 'g1' }
  const holder = { issuer: 'https://idp.example.test', subject: 'u-alice', email: 'alice@example.test', name: 'Alice' }
  const what = { person: holder, target: 'orders', role: 'reader', grantId: 'g1', reason: 'on call' }
  return accessEvent(activity, entity, { id: `a-${++serial}`, time: NOON }, { ...what, ...more })
}
