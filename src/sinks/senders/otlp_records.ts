import { parseJson } from '../../outbound/json_answer.ts'
import type { Item } from '../sender.ts'
import { identityOf } from './identity.ts'
import { firstOf } from './record_fields.ts'

/**
 * OTLP in JSON (opentelemetry-proto, "JSON Protobuf Encoding"): names in lowerCamelCase, 64-bit integers as texts,
 * enumerations as numbers.
 */
type AnyValue =
  | Record<string, never>
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }

interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

const NS_PER_MS = 1_000_000n

/** `severity_id` of OCSF to SeverityNumber of OpenTelemetry, with its short name. */
const SEVERITIES: readonly (readonly [number, string])[] = [
  [0, ''],
  [9, 'INFO'],
  [13, 'WARN'],
  [14, 'WARN2'],
  [17, 'ERROR'],
  [18, 'ERROR2'],
  [21, 'FATAL'],
]

/**
 * Attributes of the semantic conventions (database, server, client, user, session, log), and where they are in OCSF and
 * in ECS. The text of the statement is in the body alone: attributes are often indexed and kept short.
 */
const ATTRIBUTES: Attributes = [
  ['server.address', ['dst_endpoint/hostname', 'destination/address']],
  ['server.port', ['dst_endpoint/port', 'destination/port']],
  ['client.address', ['src_endpoint/ip', 'source/ip']],
  ['client.port', ['src_endpoint/port', 'source/port']],
  ['session.id', ['actor/session/uid', 'session/uid', 'labels/session_id']],
  ['user.id', ['actor/user/uid', 'user/uid', 'user/id']],
  ['user.name', ['actor/user/name', 'user/name']],
  ['user.email', ['actor/user/email_addr', 'user/email_addr', 'user/email']],
]
/** Of records about databases alone: all classes have activities and status codes. */
const DATABASE_ATTRIBUTES: Attributes = [
  ['db.namespace', ['database/name']],
  ['db.collection.name', ['table/name']],
  ['db.operation.name', ['activity_name', 'sallyport/ocsf/activity']],
  ['db.response.status_code', ['status_code', 'error/code']],
]
const DATASTORE_ACTIVITY: ReadonlySet<unknown> = new Set([6005, 'Datastore Activity'])
/** db.system.name, by what the record calls the protocol. */
const SYSTEMS: Readonly<Record<string, string>> = { postgres: 'postgresql', postgresql: 'postgresql', mysql: 'mysql' }

type Attributes = readonly (readonly [string, readonly string[]])[]

export interface LogRecord {
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly severityText: string
  readonly eventName: string
  readonly attributes: readonly KeyValue[]
  readonly body: AnyValue
}

export function logRecord(item: Item, body: 'kvlist' | 'string', observedMs: number): LogRecord {
  const record = parseJson(item.text)
  const [severityNumber, severityText] = SEVERITIES[item.severity] ?? [0, '']
  return {
    timeUnixNano: nanoseconds(item.time),
    observedTimeUnixNano: nanoseconds(observedMs),
    severityNumber,
    severityText,
    eventName: item.code,
    attributes: attributesOf(item, record),
    body: body === 'string' || record === undefined ? { stringValue: item.text } : anyValue(record),
  }
}

export function attribute(key: string, value: unknown): KeyValue {
  return { key, value: anyValue(value) }
}

function attributesOf(item: Item, record: unknown): KeyValue[] {
  const attributes = [attribute('log.record.uid', identityOf(item))]
  if (item.piece !== undefined) {
    const { index, count } = item.piece
    attributes.push(attribute('sallyport.record.uid', item.uid))
    attributes.push(attribute('sallyport.piece.index', index), attribute('sallyport.piece.count', count))
  }
  const system = SYSTEMS[firstOf(record, ['unmapped/jit/protocol', 'sallyport/protocol']) ?? '']
  if (system !== undefined) attributes.push(attribute('db.system.name', system))
  const isDatabase = DATASTORE_ACTIVITY.has(firstOf(record, ['class_uid', 'sallyport/ocsf/class']))
  for (const [key, paths] of isDatabase ? [...ATTRIBUTES, ...DATABASE_ATTRIBUTES] : ATTRIBUTES) {
    const found = firstOf(record, paths)
    if (found !== undefined) attributes.push(attribute(key, found))
  }
  return attributes
}

function anyValue(value: unknown): AnyValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  if (typeof value === 'object' && value !== null) {
    return { kvlistValue: { values: Object.entries(value).map(([key, inner]) => attribute(key, inner)) } }
  }
  return {}
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.trunc(ms)) * NS_PER_MS)
}
