import type { Actor } from './access_event.ts'

/** What alerts tell of: a closed list. Each has a runbook, docs/runbooks/<signal>.md. */
export const SIGNALS = [
  'failed_logins_person',
  'failed_logins_address',
  'denied_statements',
  'bulk_read',
  'export_attempt',
  'break_glass_start',
  'outside_hours',
  'grant_change',
  'policy_change',
  'overdue_review',
  'orphaned_account',
  'sink_failing',
  'dead_letters',
  'log_unwritable',
  'chain_mismatch',
  'unrestricted_session',
  'clear_reads',
  'volume',
  'bypass_login',
  'database_change',
] as const

export type Signal = (typeof SIGNALS)[number]

export const ALERT_SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const

export type AlertSeverity = (typeof ALERT_SEVERITIES)[number]

/** What an alert is about, as far as that is one of each. */
export interface AlertSubject {
  readonly person: Actor | null
  /** Who the client said that it is, where nobody is known. */
  readonly claimedUser: string | null
  readonly clientAddress: string | null
  readonly target: string | null
  readonly role: string | null
  readonly grantId: string | null
  readonly sessionId: string | null
}

/** A rule has found something, or what it found before is over. */
export interface AlertEvent {
  readonly kind: 'alert'
  /** UUIDv7. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly sync?: true
  readonly signal: Signal
  /** resolved: of signals that end, such as a sink that fails. */
  readonly state: 'raised' | 'resolved'
  readonly severity: AlertSeverity
  /** The same for all alerts about the same: what receivers de-duplicate by. Begins with the signal. */
  readonly key: string
  readonly summary: string
  /** So many within the window, where the rule counts; else 1. */
  readonly count: number
  readonly threshold: number
  readonly windowMs: number
  /** How often the rule would have alerted since the last alert of this key, but for the quiet time. */
  readonly suppressed: number
  /** `metadata.uid` of records that it is raised for, the last ones. */
  readonly evidence: readonly string[]
  readonly about: AlertSubject
  readonly owner: string
  /** An address. */
  readonly runbook: string
  /** Names of the sinks that bring it to people; empty: it stands in the log alone. */
  readonly channels: readonly string[]
  /** Somebody tries the channels. */
  readonly test: boolean
}

export const ABOUT_NOBODY: AlertSubject = {
  person: null,
  claimedUser: null,
  clientAddress: null,
  target: null,
  role: null,
  grantId: null,
  sessionId: null,
}
