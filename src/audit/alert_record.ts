import type { Actor } from './access_event.ts'
import type { AlertEvent, AlertSeverity, AlertSubject, Signal } from './alert_event.ts'
import { CLOSE, CREATE, DETECTION_FINDING, NEW, RESOLVED } from './ocsf_classes.ts'
import { type Head, headJson, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'

const SEVERITY: Readonly<Record<AlertSeverity, Head['severity']>> = { info: 1, low: 2, medium: 3, high: 4, critical: 5 }

/** What people read above an alert. */
const TITLES: Readonly<Record<Signal, string>> = {
  failed_logins_person: 'Failed logins under one name',
  failed_logins_address: 'Failed logins from one address',
  denied_statements: 'Statements denied in a row',
  bulk_read: 'Bulk read',
  export_attempt: 'Export',
  break_glass_start: 'Break-glass was started',
  outside_hours: 'Access outside of hours',
  grant_change: 'A grant was changed',
  policy_change: 'The policy was changed',
  overdue_review: 'A review is overdue',
  orphaned_account: 'An account could not be dropped',
  sink_failing: 'A sink does not deliver',
  dead_letters: 'A sink refuses records for good',
  log_unwritable: 'The audit log can not be written',
  chain_mismatch: 'The audit log does not match its chain',
  unrestricted_session: 'A session without restriction',
  clear_reads: 'Many clear reads of masked columns',
  volume: 'Far more rows than the role usually reads',
  bypass_login: 'A login that bypasses the proxy',
  database_change: 'Roles or grants were changed in the database',
}

/**
 * An alert as Detection Finding (events/findings/detection_finding.json). The finding's uid is the key that receivers
 * de-duplicate by, so that New and Resolved are of one finding; the record's own uid is in `metadata`.
 */
export function alertRecord(event: AlertEvent, product: Product): OcsfRecord {
  const { signal, state, key, summary, evidence, about } = event
  const activity = state === 'raised' ? CREATE : CLOSE
  const head = headJson({
    class: DETECTION_FINDING,
    activity,
    severity: SEVERITY[event.severity],
    time: event.time,
    ok: true,
    status: state === 'raised' ? NEW : RESOLVED,
  })
  const finding = {
    uid: key,
    title: titleOf(event),
    desc: summary,
    types: [signal],
    created_time: event.time,
    ...(evidence.length > 0 && { related_events: evidence.map((uid) => ({ uid })) }),
  }
  const remediation = { desc: 'The runbook says what to do first.', references: [event.runbook] }
  const rest = {
    is_alert: state === 'raised' && !event.test,
    finding_info: finding,
    evidences: [evidenceOf(about, event)],
    remediation,
  }
  return {
    body:
      `{${head},"message":${JSON.stringify(summary)},${JSON.stringify(rest).slice(1, -1)}` +
      `,"unmapped":{"jit":{${JSON.stringify({ record: 'alert', alert: ownFields(event) }).slice(1, -1)}`,
    metadata: metadataJson(event.id, `alert.${signal}`, product, false),
  }
}

function titleOf({ signal, state, test }: AlertEvent): string {
  return `${test ? '[TEST] ' : ''}${TITLES[signal]}${state === 'resolved' ? ': over' : ''}`
}

/** Who, from where, on what; and the counts, so that there is something to say in any case. */
function evidenceOf({ person, claimedUser, clientAddress, target }: AlertSubject, { count }: AlertEvent): object {
  const user = person === null ? (claimedUser === null ? null : { name: claimedUser }) : userOf(person)
  return {
    ...(user && { actor: { user } }),
    ...(clientAddress && { src_endpoint: { ip: clientAddress } }),
    ...(target && { dst_endpoint: { svc_name: target } }),
    data: { count },
  }
}

function ownFields(event: AlertEvent): object {
  const { signal, state, severity, key, count, threshold, windowMs, suppressed, owner, runbook, channels } = event
  const { claimedUser, clientAddress, target, role, grantId, sessionId, person } = event.about
  return {
    ...{ signal, state, severity, key, title: titleOf(event), count, threshold, window_ms: windowMs, suppressed },
    ...{ owner, runbook, channels, test: event.test, evidence: event.evidence },
    about: {
      person: person === null ? null : (person.email ?? person.subject),
      claimed_user: claimedUser,
      client_address: clientAddress,
      ...{ target, role, grant_id: grantId, session_id: sessionId },
    },
  }
}

function userOf({ issuer, subject, email, name }: Actor): object {
  return {
    uid: subject,
    ...(name === null ? {} : { name }),
    ...(email === null ? {} : { email_addr: email }),
    org: { name: issuer },
  }
}
