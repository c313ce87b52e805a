import type { AccessActivity, AccessEvent, Actor } from './access_event.ts'
import { ENTITY_MANAGEMENT, other } from './ocsf_classes.ts'
import { type Head, headJson, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'

const SEVERITY: Readonly<Record<AccessEvent['severity'], Head['severity']>> = { info: 1, low: 2, medium: 3, high: 4 }

/** Activities that say that something was refused or went wrong. */
const FAILURES: ReadonlySet<AccessActivity> = new Set([
  'break_glass.refused',
  'policy.refused',
  'api.refused',
  'secret.failed',
  'account.orphaned',
])

/** An act of the lifecycle as Entity Management: the entity is what it happened to (events/iam/entity_management.json). */
export function accessRecord(event: AccessEvent, product: Product): OcsfRecord {
  const head = headJson({
    class: ENTITY_MANAGEMENT,
    activity: other(event.activity),
    severity: SEVERITY[event.severity],
    time: event.time,
    ok: !FAILURES.has(event.activity),
  })
  const { target, role, grantId, requestId, reason, ticket, incident, detail } = event
  const entity = { uid: event.entity.id, type: event.entity.type, name: event.entity.id }
  const actor = event.actor === null ? '' : `,"actor":${JSON.stringify({ user: userOf(event.actor) })}`
  const from = event.clientAddress === null ? '' : `,"src_endpoint":${JSON.stringify({ ip: event.clientAddress })}`
  const person = event.person === null ? null : userOf(event.person)
  const jit = {
    activity: event.activity,
    target,
    role,
    grant_id: grantId,
    request_id: requestId,
    reason,
    ticket,
    incident,
  }
  return {
    body: `{${head},"message":${JSON.stringify(event.activity)}${actor}${from},"entity":${JSON.stringify(entity)},"unmapped":{"jit":{${JSON.stringify({ ...jit, person, detail }).slice(1, -1)}`,
    metadata: metadataJson(event.id, event.activity, product, false),
  }
}

export function userOf({ issuer, subject, email, name }: Actor): Record<string, unknown> {
  return {
    uid: subject,
    ...(name === null ? {} : { name }),
    ...(email === null ? {} : { email_addr: email }),
    org: { name: issuer },
  }
}
