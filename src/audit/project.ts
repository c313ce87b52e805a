import { accessRecords } from './access_record.ts'
import { alertRecord } from './alert_record.ts'
import { apiCallRecord } from './api_record.ts'
import { REASON_CHARS, shortened } from './claims.ts'
import type { AuditEvent } from './event.ts'
import { bulkReadRecord } from './finding_record.ts'
import {
  APPLICATION_LIFECYCLE,
  AUTHENTICATION,
  CONNECT,
  CREATE,
  DATASTORE_ACTIVITY,
  ENTITY_MANAGEMENT,
  LOGOFF,
  LOGON,
  other,
  START,
  STOP,
  UPDATE,
} from './ocsf_classes.ts'
import { headJson, metadataJson, type OcsfRecord, type Product, productJson } from './ocsf_record.ts'
import { sessionFragment } from './session_fragment.ts'
import { completionRecord, decisionRecords, type SealerSource } from './statement_records.ts'
import { StoredTexts } from './stored_texts.ts'

type Of<K extends AuditEvent['kind']> = Extract<AuditEvent, { readonly kind: K }>

const OPEN_ID = '"auth_protocol_id":4,"auth_protocol":"OpenID","is_cleartext":false,"is_remote":true'
const POLICY_ENTITY = 5
/** Of all that MySQL's connection attributes say. */
const ATTRIBUTES_CHARS = 3_000
const DATABASE_TYPE = '"type_id":1,"type":"Database"'

/**
 * The records of an event in OCSF 1.8.0, in order: one, and before it what does not fit in one. `sealer` makes what seals
 * the statements of targets that ask for it.
 */
export function recordsOf(event: AuditEvent, product: Product, sealer?: SealerSource): readonly OcsfRecord[] {
  return recordsApart(event, product, sealer).flatMap((record) => new StoredTexts().withTexts(record))
}

/** The same where long texts are left to `StoredTexts`, which writes each of them once a segment. */
export function recordsApart(event: AuditEvent, product: Product, sealer?: SealerSource): readonly OcsfRecord[] {
  switch (event.kind) {
    case 'decision':
      return decisionRecords(event, product, sealer)
    case 'completion':
      return [completionRecord(event, product)]
    case 'login':
    case 'login_failed':
    case 'logout':
      return [authentication(event, product)]
    case 'connect':
      return [connection(event, product)]
    case 'api_call':
      return [apiCallRecord(event, product)]
    case 'bulk_read':
      return [bulkReadRecord(event, product)]
    case 'cancel':
      return [cancellation(event, product)]
    case 'access':
      return accessRecords(event, product)
    case 'alert':
      return [alertRecord(event, product)]
    case 'config_loaded':
      return configRecords(event, product)
    case 'log':
      return [logRecord(event, product)]
    case 'process':
      return [lifecycle(event, product)]
  }
}

/** The object of a record, without its chain: for tests, and sinks that want one. */
export function toOcsf(record: OcsfRecord): Record<string, unknown> {
  return JSON.parse(`${record.body}}},"metadata":{${record.metadata}}}`) as Record<string, unknown>
}

function authentication(event: Of<'login' | 'login_failed' | 'logout'>, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const failed = event.kind === 'login_failed'
  const head = headJson({
    class: AUTHENTICATION,
    activity: event.kind === 'logout' ? LOGOFF : LOGON,
    severity: failed ? 3 : 1,
    time: event.time,
    ok: !failed,
  })
  return {
    body: `{${head},${outcome(event)},${OPEN_ID},${facts.actor},${facts.user},${facts.session},${facts.endpoints}${facts.enrichments},"unmapped":{"jit":{${facts.jit}${ending(event)}`,
    metadata: `${metadataJson(event.id, `session.${event.kind}`, product, false)},${facts.metadata}`,
  }
}

function outcome(event: Of<'login' | 'login_failed' | 'logout'>): string {
  switch (event.kind) {
    case 'login':
      return '"message":"login"'
    case 'login_failed':
      return `"message":"login refused","status_code":${text(event.code)},"status_detail":${text(shortened(event.detail, REASON_CHARS))}`
    case 'logout':
      return `"message":"logout","status_detail":${text(event.cause)}`
  }
}

function ending(event: Of<'login' | 'login_failed' | 'logout'>): string {
  const { attributes } = event.session
  const claims = attributes && event.kind !== 'logout' ? attributesJson(attributes) : ''
  return event.kind === 'login' ? `,"grant_end":${event.grantEnd}${claims}` : claims
}

/** As many as fit, and how many were left out. */
function attributesJson(attributes: Readonly<Record<string, string>>): string {
  let room = ATTRIBUTES_CHARS
  const all = Object.entries(attributes)
  const fit = all.filter(([name, value]) => {
    room -= name.length + value.length
    return room >= 0
  })
  const left = fit.length < all.length ? `,"client_attributes_left":${all.length - fit.length}` : ''
  return `,"client_attributes":${JSON.stringify(Object.fromEntries(fit))}${left}`
}

/** The database's side of a session: under which account it is there, which the facts say. */
function connection(event: Of<'connect'>, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const head = headJson({ class: DATASTORE_ACTIVITY, activity: CONNECT, severity: 1, time: event.time, ok: true })
  return {
    body: `{${head},"message":"connected to the database",${facts.actor},${facts.endpoints},${facts.database},${DATABASE_TYPE}${facts.enrichments},"unmapped":{"jit":{${facts.jit}${event.superuser ? ',"db_superuser":true' : ''}`,
    metadata: `${metadataJson(event.id, 'db.connect', product, false)},${facts.metadata}`,
  }
}

function cancellation(event: Of<'cancel'>, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const head = headJson({
    class: DATASTORE_ACTIVITY,
    activity: other('Cancel'),
    severity: 1,
    time: event.time,
    ok: true,
  })
  return {
    body: `{${head},"message":"statement cancelled",${facts.actor},${facts.endpoints},${facts.database},${DATABASE_TYPE},"unmapped":{"jit":{${facts.jit},"cancelled_by":${text(event.by)}`,
    metadata: `${metadataJson(event.id, 'db.cancel', product, false)},${facts.metadata}`,
  }
}

/** How many changed paths one record holds: a path is at most a few hundred bytes. */
const CHANGES_PER_RECORD = 100

function configRecords(event: Of<'config_loaded'>, product: Product): OcsfRecord[] {
  const records: OcsfRecord[] = []
  const { changes } = event
  for (let from = 0; from === 0 || from < changes.length; from += CHANGES_PER_RECORD) {
    const part = from === 0 ? '' : `#${from / CHANGES_PER_RECORD}`
    records.push(configRecord(event, changes.slice(from, from + CHANGES_PER_RECORD), `${event.id}${part}`, product))
  }
  return records
}

function configRecord(
  event: Of<'config_loaded'>,
  changes: readonly string[],
  id: string,
  product: Product,
): OcsfRecord {
  const head = headJson({
    class: ENTITY_MANAGEMENT,
    activity: event.previous === null ? CREATE : UPDATE,
    severity: 1,
    time: event.time,
    ok: true,
  })
  const policy = { uid: 'config', name: 'configuration', version: event.digest }
  const entity = { ...policy, type_id: POLICY_ENTITY, type: 'Policy', policy }
  const jit = { digest: event.digest, previous: event.previous, changes, changes_total: event.changes.length }
  return {
    body: `{${head},"message":"configuration loaded","entity":${JSON.stringify(entity)},"unmapped":{"jit":{${JSON.stringify(jit).slice(1, -1)}`,
    metadata: metadataJson(id, 'config.loaded', product, false),
  }
}

function lifecycle(event: Of<'process'>, product: Product): OcsfRecord {
  const activity = { start: START, stop: STOP, drain: other('Drain') }[event.what]
  const head = headJson({ class: APPLICATION_LIFECYCLE, activity, severity: 1, time: event.time, ok: true })
  const app = productJson(product).replace('"product"', '"app"')
  return {
    body: `{${head},"message":"process ${event.what}",${app},"unmapped":{"jit":{"what":"${event.what}"`,
    metadata: metadataJson(event.id, `process.${event.what}`, product, false),
  }
}

/** What the log could not hold, or lost, is no routine. */
const LOG_SEVERITY = { started: 1, recovered: 3, resumed: 4, key_rotated: 2, segment_deleted: 1, broken: 4 } as const

function logRecord({ id, time, what, detail }: Of<'log'>, product: Product): OcsfRecord {
  const activity = other(`Log ${what.replaceAll('_', ' ')}`)
  const ok = what !== 'broken'
  const head = headJson({ class: APPLICATION_LIFECYCLE, activity, severity: LOG_SEVERITY[what], time, ok })
  const app = productJson(product).replace('"product"', '"app"')
  return {
    body: `{${head},"message":${text(`audit log ${what.replaceAll('_', ' ')}`)},${app},"unmapped":{"jit":{"what":"${what}","log":${JSON.stringify(detail)}`,
    metadata: metadataJson(id, `log.${what}`, product, false),
  }
}

function text(value: string): string {
  return JSON.stringify(value)
}
