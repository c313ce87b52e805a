import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What `/metrics` shows, in Prometheus' text format. Labels never carry a person, a statement or a secret. */
export interface Metrics {
  readonly registry: Registry
  readonly sessions: Gauge<'engine'>
  readonly logins: Counter<'engine' | 'outcome'>
  readonly decisions: Counter<'engine' | 'effect' | 'code'>
  readonly loginSeconds: Histogram<'engine'>
  readonly auditFailures: Counter
  readonly auditVerified: Gauge
  readonly reloads: Counter<'outcome'>
  readonly revocationSeconds: Histogram
  readonly accountStopSeconds: Histogram
  readonly accountDropSeconds: Histogram
  readonly accountsOrphaned: Counter<'target'>
}

const REVOCATION_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30]
const LOGIN_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    sessions: new Gauge({ name: 'sallyport_sessions', help: 'Live sessions', labelNames: ['engine'], registers }),
    logins: new Counter({
      name: 'sallyport_logins_total',
      help: 'Logins by outcome: ok or a refusal code',
      labelNames: ['engine', 'outcome'],
      registers,
    }),
    decisions: new Counter({
      name: 'sallyport_decisions_total',
      help: 'Statements by decision',
      labelNames: ['engine', 'effect', 'code'],
      registers,
    }),
    loginSeconds: new Histogram({
      name: 'sallyport_login_seconds',
      help: 'From accept to a ready session',
      labelNames: ['engine'],
      buckets: LOGIN_BUCKETS_S,
      registers,
    }),
    revocationSeconds: new Histogram({
      name: 'sallyport_revocation_seconds',
      help: 'From the end of a grant to the end of a connection under it',
      buckets: REVOCATION_BUCKETS_S,
      registers,
    }),
    accountStopSeconds: new Histogram({
      name: 'sallyport_account_stop_seconds',
      help: 'From the end of a session to the end of its login and of what still ran under its account',
      buckets: REVOCATION_BUCKETS_S,
      registers,
    }),
    accountDropSeconds: new Histogram({
      name: 'sallyport_account_drop_seconds',
      help: 'From the end of a session to the end of its account',
      buckets: REVOCATION_BUCKETS_S,
      registers,
    }),
    accountsOrphaned: new Counter({
      name: 'sallyport_accounts_orphaned_total',
      help: 'Accounts that could not be dropped at once; the janitor goes on with them',
      labelNames: ['target'],
      registers,
    }),
    auditFailures: new Counter({
      name: 'sallyport_audit_failures_total',
      help: 'Audit appends that failed; each ended a session',
      registers,
    }),
    auditVerified: new Gauge({
      name: 'sallyport_audit_verified',
      help: 'The last check of the whole audit log: 1 as it was written, 0 not, NaN not checked',
      registers,
    }),
    reloads: new Counter({
      name: 'sallyport_reloads_total',
      help: 'Configuration reloads',
      labelNames: ['outcome'],
      registers,
    }),
  }
}
