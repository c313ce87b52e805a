import type { Identity } from '../identity/identity.ts'

/** What happened in the access lifecycle and its administration: a closed list, `entity.what`. */
export const ACCESS_ACTIVITIES = [
  'request.created',
  'request.amended',
  'request.approved',
  'request.denied',
  'request.changes_requested',
  'request.vote',
  'request.nudged',
  'request.escalated',
  'request.expired',
  'request.cancelled',
  'grant.scheduled',
  'grant.activated',
  'grant.expired',
  'grant.revoked',
  'grant.completed',
  'grant.idle_warned',
  'grant.progress',
  'break_glass.started',
  'break_glass.refused',
  'break_glass.renewed',
  'break_glass.incident_closed',
  'break_glass.reviewed',
  'break_glass.overdue',
  'lock.set',
  'lock.lifted',
  'delegation.created',
  'delegation.ended',
  'password.issued',
  'password.revoked',
  'certificate.issued',
  'certificate.revoked',
  'account.created',
  'account.dropped',
  'account.orphaned',
  'account.finding',
  'session.ended_by',
  'policy.changed',
  'policy.refused',
  'review.opened',
  'review.answered',
  'review.reminded',
  'review.completed',
  'secret.read',
  'secret.failed',
  'webhook.changed',
  'api.login',
  'api.logout',
  'api.refused',
  'backup.made',
  'backup.restored',
  'posture.finding',
  'bypass.login',
  'recording.started',
  'recording.closed',
  'recording.failed',
  'recording.read',
  'recording.deleted',
  'node.joined',
  'node.cut_off',
] as const

export type AccessActivity = (typeof ACCESS_ACTIVITIES)[number]

/** A person in an audit record of the lifecycle; null is Sallyport itself (a timer, a provider's webhook). */
export type Actor = Pick<Identity, 'issuer' | 'subject' | 'email' | 'name'>

/** One transition or administrative act. It stands in the outbox of the store's transaction until the log has it. */
export interface AccessEvent {
  readonly kind: 'access'
  /** UUIDv7: the same each time that it is delivered. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly activity: AccessActivity
  readonly severity: 'info' | 'low' | 'medium' | 'high'
  readonly actor: Actor | null
  /** On whose behalf, or whom it concerns, where that is another person. */
  readonly person: Actor | null
  readonly entity: { readonly type: string; readonly id: string }
  readonly target: string | null
  readonly role: string | null
  readonly grantId: string | null
  readonly requestId: string | null
  readonly reason: string | null
  readonly ticket: string | null
  readonly incident: string | null
  readonly clientAddress: string | null
  /** What else belongs to it: numbers, names, texts; never a secret. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** What an event says where nothing else is said: nobody did it, and it concerns nobody. */
export const NOTHING_MORE = {
  severity: 'info',
  actor: null,
  person: null,
  target: null,
  role: null,
  grantId: null,
  requestId: null,
  reason: null,
  ticket: null,
  incident: null,
  clientAddress: null,
  detail: {},
} as const satisfies Partial<AccessEvent>

/** An event of the program itself, unless `more` says who did it. */
export function accessEvent(
  activity: AccessActivity,
  entity: AccessEvent['entity'],
  stamp: Pick<AccessEvent, 'id' | 'time'>,
  more: Partial<AccessEvent> = {},
): AccessEvent {
  return { kind: 'access', ...NOTHING_MORE, activity, entity, ...stamp, ...more }
}
