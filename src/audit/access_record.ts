import { hash } from 'node:crypto'
import { ACCESS_CLASSES, type AccessClass } from './access_classes.ts'
import type { AccessEvent, Actor } from './access_event.ts'
import { DETECTION_FINDING, ENTITY_MANAGEMENT, NEW, other, verdictJson } from './ocsf_classes.ts'
import { type Head, headJson, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'

const SEVERITY: Readonly<Record<AccessEvent['severity'], Head['severity']>> = { info: 1, low: 2, medium: 3, high: 4 }
const UNKNOWN_USER = { name: '(unknown)', type_id: 0, type: 'Unknown' }
const OTHER = 99
const POLICY_ENTITY = 5
const OPEN_ID = { auth_protocol_id: 4, auth_protocol: 'OpenID', is_remote: true }
const API = { name: 'Sallyport admin API' }

/**
 * A record has at most 65,535 bytes (C2SP tlog-tiles, entries). Of a detail this many UTF-16 units, of three bytes each,
 * leave room for the rest; a part of one is quoted once more.
 */
const DETAIL_CHARS = 8_000
const PART_CHARS = 6_000
const DETAIL_PART = other('Detail')

/**
 * An act of the lifecycle, in the class that `ACCESS_CLASSES` gives it; before it the parts of a detail that is too long
 * for one record, such as what a request asks for table by table.
 */
export function accessRecords(event: AccessEvent, product: Product): readonly OcsfRecord[] {
  const detail = JSON.stringify(event.detail)
  if (detail.length <= DETAIL_CHARS) return [accessRecord(event, detail, product)]
  const count = Math.ceil(detail.length / PART_CHARS)
  const parts = Array.from({ length: count }, (_, index) => {
    const text = detail.slice(index * PART_CHARS, (index + 1) * PART_CHARS)
    return partRecord(event, { index, count, text }, product)
  })
  const kept = { parts: count, chars: detail.length, sha256: hash('sha256', detail, 'hex') }
  return [...parts, accessRecord(event, JSON.stringify(kept), product)]
}

interface DetailPart {
  readonly index: number
  readonly count: number
  readonly text: string
}

/** The texts of all parts, one after the other, are the JSON of the detail. */
function partRecord(event: AccessEvent, part: DetailPart, product: Product): OcsfRecord {
  const head = headJson({ class: ENTITY_MANAGEMENT, activity: DETAIL_PART, severity: 1, time: event.time, ok: true })
  const rest = { message: `detail of ${event.activity}`, entity: entityOf(event) }
  const own = { event_id: event.id, activity: event.activity, detail_part: part }
  return {
    body: `{${head},${JSON.stringify(rest).slice(1, -1)},"unmapped":{"jit":{${JSON.stringify(own).slice(1, -1)}`,
    metadata: metadataJson(`${event.id}#${part.index}`, 'access.detail', product, false),
  }
}

function accessRecord(event: AccessEvent, detail: string, product: Product): OcsfRecord {
  const as = ACCESS_CLASSES[event.activity]
  const head = headJson({
    class: as.of,
    activity: as.activity,
    severity: SEVERITY[event.severity],
    time: event.time,
    ok: as.failed !== true,
    ...(as.of === DETECTION_FINDING && { status: NEW }),
  })
  const isControl = as.verdict !== undefined || as.alert === true
  const verdict = as.verdict === undefined ? '' : `,${verdictJson(as.verdict)}`
  const alert = isControl || as.of === DETECTION_FINDING ? `,"is_alert":${as.alert === true}` : ''
  const rest = { ...outcomeOf(event), ...whoOf(event, as), ...MEMBERS[as.shape](event), ...incidentOf(event) }
  const labels = event.activity.startsWith('break_glass.') ? ',"labels":["break_glass"]' : ''
  return {
    body: `{${head}${verdict}${alert},${JSON.stringify(rest).slice(1, -1)},"unmapped":{"jit":{${JSON.stringify(ownOf(event)).slice(1, -1)},"detail":${detail}`,
    metadata: `${metadataJson(event.id, event.activity, product, isControl)}${labels}`,
  }
}

function outcomeOf({ activity, detail: { code, why } }: AccessEvent): object {
  return {
    message: activity,
    ...(typeof code === 'string' && { status_code: code }),
    ...(typeof why === 'string' && { status_detail: why }),
  }
}

/** Nobody is Sallyport itself, but for a call: that was a stranger's. */
function whoOf({ actor, clientAddress }: AccessEvent, { shape }: AccessClass): object {
  const isCall = shape === 'call'
  const nobody = isCall ? { user: UNKNOWN_USER } : { app_name: 'Sallyport' }
  const from = clientAddress === null ? (isCall ? { name: '(unknown)' } : null) : { ip: clientAddress }
  const who = actor === null ? nobody : { user: userOf(actor) }
  if (shape === 'finding') return {}
  return { actor: who, ...(from && { src_endpoint: from }) }
}

/** What each class demands, and has a place for. */
const MEMBERS: Readonly<Record<AccessClass['shape'], (event: AccessEvent) => object>> = {
  entity: (event) => ({ entity: entityOf(event), ...(event.reason !== null && { comment: event.reason }) }),
  privileges: ({ person, role, target, grantId }) => ({
    user: person === null ? UNKNOWN_USER : userOf(person),
    privileges: [role ?? '(none)'],
    ...(target !== null && { resources: [{ type: 'target', uid: target, ...(grantId && { labels: [grantId] }) }] }),
  }),
  account: ({ entity, target }) => ({
    user: {
      uid: entity.id,
      name: entity.id,
      type_id: OTHER,
      type: 'Database account',
      ...(target && { domain: target }),
    },
  }),
  login: ({ person, actor, detail: { issuer, subject } }) => {
    const user = person ?? actor
    const named = typeof subject === 'string' ? { uid: subject, org: { name: String(issuer) } } : UNKNOWN_USER
    return { user: user === null ? named : userOf(user), service: API, ...OPEN_ID }
  },
  call: ({ entity, detail: { method, route } }) => ({
    api: { operation: entity.id, service: API },
    ...(typeof method === 'string' &&
      typeof route === 'string' && { http_request: { http_method: method, url: { path: route } } }),
  }),
  finding: (event) => ({ finding_info: findingOf(event), evidences: [evidenceOf(event)] }),
}

function evidenceOf({ entity, target, detail: { object } }: AccessEvent): object {
  const data = { object: typeof object === 'string' ? object : `${entity.type} ${entity.id}` }
  return { ...(target !== null && { dst_endpoint: { svc_name: target } }), data }
}

function entityOf({ entity: { id, type }, detail: { digest } }: AccessEvent): object {
  const named = { uid: id, name: id }
  if (type !== 'policy') return { ...named, type_id: OTHER, type: type === 'request' ? 'access_request' : type }
  const version = typeof digest === 'string' ? { version: digest } : {}
  return { ...named, ...version, type_id: POLICY_ENTITY, type: 'Policy', policy: { ...named, ...version } }
}

function findingOf({ id, activity, time, target, detail: { text } }: AccessEvent): object {
  const said = typeof text === 'string' ? { desc: text } : {}
  const title = target === null ? activity : `${activity} on ${target}`
  return { uid: id, title, ...said, types: [activity], created_time: time }
}

/** The events name an incident as its provider and its id there, with a space between. */
function incidentOf({ incident }: AccessEvent): object {
  return incident === null ? {} : { enrichments: [incidentEnrichment(incidentRef(incident))] }
}

export function incidentEnrichment({ provider, id }: { readonly provider: string; readonly id: string }): object {
  return { name: 'incident.id', value: id, type: 'ticket', provider, data: {} }
}

function incidentRef(incident: string): { readonly provider: string; readonly id: string } {
  const space = incident.indexOf(' ')
  return { provider: incident.slice(0, Math.max(0, space)), id: incident.slice(space + 1) }
}

/** The fields of our own. */
function ownOf({ activity, target, role, grantId, requestId, reason, ticket, incident, person }: AccessEvent) {
  const jit = { activity, target, role, grant_id: grantId, request_id: requestId, reason, ticket }
  const ref = incident === null ? null : incidentRef(incident)
  return { ...jit, incident: ref, person: person === null ? null : userOf(person) }
}

export function userOf({ issuer, subject, email, name }: Actor): Record<string, unknown> {
  return {
    uid: subject,
    ...(name === null ? {} : { name }),
    ...(email === null ? {} : { email_addr: email }),
    org: { name: issuer },
  }
}
