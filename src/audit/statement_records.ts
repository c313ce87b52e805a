import type { AuditEvent } from './event.ts'
import {
  ALLOWED,
  DATASTORE_ACTIVITY,
  DENIED,
  datastoreActivity,
  MODIFIED,
  other,
  type Verdict,
  verdictJson,
} from './ocsf_classes.ts'
import { headJson, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'
import { mayHoldSecret, redactSecrets } from './redact.ts'
import { sessionFragment } from './session_fragment.ts'
import { activityOfKind } from './statement_activity.ts'

type Decision = Extract<AuditEvent, { readonly kind: 'decision' }>
type Completion = Extract<AuditEvent, { readonly kind: 'completion' }>

/**
 * A record has at most 65,535 bytes (C2SP tlog-tiles, entries). JSON makes up to six bytes of a UTF-16 unit, so these
 * many units of text, and these many bytes of lists, leave room for the rest.
 */
const TEXT_CHARS = 3000
const CHUNK_CHARS = 8000
const LIST_ITEMS = 32
const BYTES_PER_KIB = 1024
const TABLE = '"type_id":3,"type":"Table"'
const DATABASE = '"type_id":1,"type":"Database"'

/** The decision; before it, in pieces that share its statement's uid, what does not fit in one record. */
export function decisionRecords(event: Decision, product: Product): readonly OcsfRecord[] {
  const { statement } = event
  const query = redactSecrets(statement.full ?? statement.normalized)
  const fits = query.length <= TEXT_CHARS && event.columns.length <= LIST_ITEMS && event.objects.length <= LIST_ITEMS
  if (fits) return [decisionRecord(event, query, 0, product)]
  const pieces = overflow(event, query)
  const records = pieces.map((piece, index) => pieceRecord(event, piece, index, pieces.length, product))
  records.push(decisionRecord(event, query, pieces.length, product))
  return records
}

/** Pieces of what is too long, as members of `unmapped.jit.piece`. */
function overflow(event: Decision, query: string): string[] {
  const pieces: string[] = []
  for (let from = 0; query.length > TEXT_CHARS && from < query.length; from += CHUNK_CHARS) {
    pieces.push(`"text":${JSON.stringify(query.slice(from, from + CHUNK_CHARS))}`)
  }
  for (let from = LIST_ITEMS; from < event.columns.length; from += LIST_ITEMS) {
    pieces.push(`"columns":${JSON.stringify(event.columns.slice(from, from + LIST_ITEMS))}`)
  }
  for (let from = LIST_ITEMS; from < event.objects.length; from += LIST_ITEMS) {
    pieces.push(`"objects":${JSON.stringify(event.objects.slice(from, from + LIST_ITEMS))}`)
  }
  return pieces
}

function pieceRecord(event: Decision, piece: string, index: number, count: number, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const activity = other('Statement text')
  const head = headJson({ class: DATASTORE_ACTIVITY, activity, severity: 1, time: event.time, ok: true })
  return {
    body: `{${head},${facts.actor},${facts.endpoints},${facts.database},${DATABASE},"unmapped":{"jit":{"statement_id":"${event.statementId}","piece":{"index":${index},"count":${count},${piece}}`,
    metadata: `${metadataJson(`${event.id}#${index}`, 'db.statement.piece', product, false)},${facts.metadata}`,
  }
}

function decisionRecord(event: Decision, query: string, pieces: number, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const denied = event.effect === 'deny'
  const head = headJson({
    class: DATASTORE_ACTIVITY,
    activity: datastoreActivity(event.activity ?? activityOfKind(event.statementKind), event.statementKind),
    severity: denied ? 2 : 1,
    time: event.time,
    ok: !denied,
  })
  const fixed = fixedOf(event, query, pieces)
  return {
    body:
      `{${head}${fixed.outcome},${facts.actor},${facts.endpoints},${facts.database},${fixed.table}${facts.enrichments}` +
      `,"query_info":{"uid":"${event.statementId}",${fixed.query},"unmapped":{"jit":{${facts.jit},${fixed.decision}` +
      `,"statement":{"id":"${event.statementId}",${fixed.statement}`,
    metadata: `${metadataJson(event.id, 'db.decision', product, true)},${facts.metadata}${truncation(query, pieces)}`,
  }
}

/** The parts of a decision that are the same each time that a statement runs under the same verdict, as JSON text. */
interface Fixed {
  readonly of: Decision
  /** `,"status_code":..,"message":..` and the verdict. */
  readonly outcome: string
  readonly table: string
  /** The rest of `query_info`, and `policy`. */
  readonly query: string
  readonly decision: string
  /** The rest of `statement`, and what follows it. */
  readonly statement: string
}

/** By the list of objects, which the same statement always brings along; making these texts was 5 % of a point query. */
const known = new WeakMap<Decision['objects'], Fixed>()

function fixedOf(event: Decision, query: string, pieces: number): Fixed {
  const last = known.get(event.objects)
  if (last !== undefined && isAlike(last.of, event)) return last
  const made = makeFixed(event, query, pieces)
  known.set(event.objects, made)
  return made
}

function isAlike(a: Decision, b: Decision): boolean {
  return (
    a.columns === b.columns &&
    a.digests === b.digests &&
    a.effect === b.effect &&
    a.code === b.code &&
    a.rule === b.rule &&
    a.reason === b.reason &&
    a.verbs === b.verbs &&
    a.statementKind === b.statementKind &&
    a.session.role === b.session.role &&
    a.statement.sha256 === b.statement.sha256 &&
    a.statement.full === b.statement.full &&
    a.statement.normalized === b.statement.normalized
  )
}

function makeFixed(event: Decision, query: string, pieces: number): Fixed {
  const code = event.code === null ? '' : `,"status_code":"${event.code}"`
  const shown = query.length > TEXT_CHARS ? query.slice(0, TEXT_CHARS) : query
  return {
    of: event,
    outcome: `${code},"message":${JSON.stringify(event.reason)},${verdictJson(verdictOf(event))}`,
    table: tableJson(event),
    query:
      `"query_string":${JSON.stringify(shown)}},"policy":{"uid":${JSON.stringify(event.session.role ?? '(none)')},` +
      `"version":"${event.digests.role}","is_applied":true}`,
    decision: `"record":"decision","decision":{"effect":"${event.effect}","rule":${JSON.stringify(event.rule)},"code":${JSON.stringify(event.code)}}`,
    statement: statementJson(event, pieces),
  }
}

/** OCSF counts in kilobytes. */
function truncation(query: string, pieces: number): string {
  if (pieces === 0) return ''
  return `,"is_truncated":true,"untruncated_size":${Math.ceil(query.length / BYTES_PER_KIB)}`
}

function verdictOf(event: Decision): Verdict {
  if (event.effect === 'deny') return DENIED
  return event.columns.some(({ seen }) => seen === 'masked' || seen === 'computed_masked') ? MODIFIED : ALLOWED
}

function tableJson(event: Decision): string {
  const [first] = event.objects
  return first === undefined ? DATABASE : `"table":{"name":${JSON.stringify(`${first.schema}.${first.name}`)}},${TABLE}`
}

function statementJson(event: Decision, pieces: number): string {
  const { statement, digests } = event
  const secret = mayHoldSecret(statement.full ?? statement.normalized)
  return (
    `"kind":"${event.statementKind}","verbs":${JSON.stringify(event.verbs)},` +
    `"capture":"${statement.full === null ? 'normalized' : 'full'}","sha256":${secret ? 'null' : `"${statement.sha256}"`},` +
    `"bytes":${statement.bytes},"pieces":${pieces}},` +
    `"objects":${JSON.stringify(event.objects.slice(0, LIST_ITEMS))},"columns":${JSON.stringify(event.columns.slice(0, LIST_ITEMS))},` +
    `"digests":{"config":"${digests.config}","role":"${digests.role}","masking":"${digests.masking}","catalog":"${digests.catalog}"}`
  )
}

/**
 * How a statement ended. Who, from where and under which grant stands in full in the decision of the same uid, and here
 * only as far as the schema demands it or a search for a person needs it: this line is written for every statement.
 * `query_string` is demanded by the schema too.
 */
export function completionRecord(event: Completion, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const ok = event.outcome === 'ok'
  const head = headJson({
    class: DATASTORE_ACTIVITY,
    activity: datastoreActivity(event.activity ?? activityOfKind(event.statementKind), event.statementKind),
    severity: 1,
    time: event.time,
    ok,
  })
  const status = event.status === null ? '' : `,"status_code":${JSON.stringify(event.status)}`
  return {
    body:
      `{${head}${status},${facts.who},${facts.database},${DATABASE},` +
      `"query_info":{"uid":"${event.statementId}","query_string":"(in the decision of this uid)","bytes":${event.bytes}},` +
      `"unmapped":{"jit":{"record":"completion","statement":{"id":"${event.statementId}","kind":"${event.statementKind}"},` +
      `"outcome":"${event.outcome}","rows":{"returned":${event.rows},"withheld":${event.rowsWithheld}},"duration_ms":${event.durationMs}`,
    metadata: `${metadataJson(event.id, 'db.completion', product, false)},${facts.metadata}`,
  }
}
