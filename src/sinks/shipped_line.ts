import { APPLICATION_LIFECYCLE } from '../audit/ocsf_classes.ts'
import { shippingEvent } from './shipping_event.ts'

/** A line of the log, with what decides where it goes. */
export interface ShippedLine {
  readonly sequence: number
  /** JSON without its newline, as it stands in the log. */
  readonly text: string
  readonly bytes: number
  readonly uid: string
  readonly time: number
  readonly code: string
  readonly severity: number
  readonly class: number
  readonly target: string | null
  /** Of an alert, the sinks that bring it to people. */
  readonly channels?: readonly unknown[]
}

interface Place {
  readonly dst_endpoint?: { readonly svc_name?: unknown }
  readonly database?: { readonly uid?: unknown }
}

interface Shown extends Place {
  readonly class_uid?: unknown
  readonly severity_id?: unknown
  readonly time?: unknown
  readonly metadata?: { readonly uid?: unknown; readonly event_code?: unknown }
  readonly evidences?: readonly Place[]
  readonly unmapped?: { readonly jit?: { readonly alert?: { readonly channels?: unknown } } }
}

/**
 * What records of statements begin and end with (audit/ocsf_record.ts, audit/chain.ts). A text of theirs can't imitate
 * it: within a string of JSON each quote has a backslash before it.
 */
const HEAD =
  /^\{"class_uid":(\d{1,9}),[^\\]*?"severity_id":(\d),"severity":"[^"\\]*","status_id":\d+,"status":"[^"\\]*","time":(\d{1,16}),/
const METADATA = ',"metadata":{'
const TAIL = /^,"metadata":\{"version":"[^"\\]*","uid":"([^"\\]*)","event_code":"(db\.[^"\\]*)"/
const TARGET = /"dst_endpoint":\{"svc_name":"([^"\\]*)"/
/** Of the end of a statement, which says no more of where it ran. */
const DATABASE = /"database":\{"name":"(?:[^"\\]|\\.)*","uid":"([^"\\]*)"/

/** What is no record is sent too, wrapped in one: that it stands there is what its readers want to know. */
export function shippedLine(sequence: number, bytes: Buffer): ShippedLine {
  const text = bytes.toString('utf8')
  return ofStatement(sequence, text, bytes.length) ?? ofAny(sequence, text, bytes.length)
}

/** Without parsing all of it, which is most of what a sink costs: 10 of 12 us a line. Null where it is something else. */
function ofStatement(sequence: number, text: string, bytes: number): ShippedLine | null {
  if (!text.endsWith('}}')) return null
  const tail = TAIL.exec(text.slice(text.lastIndexOf(METADATA)))
  const head = tail && HEAD.exec(text)
  if (!head) return null
  const [, uid = '', code = ''] = tail
  const target = (TARGET.exec(text) ?? DATABASE.exec(text))?.[1] ?? null
  const [of, severity, time] = [Number(head[1]), Number(head[2]), Number(head[3])]
  return { sequence, text, bytes, uid, time, code, severity, class: of, target }
}

function ofAny(sequence: number, text: string, bytes: number): ShippedLine {
  const { class_uid, severity_id, time, metadata, unmapped, ...shown } = parsed(text) ?? {}
  const uid = metadata?.uid
  const code = metadata?.event_code
  if (typeof uid !== 'string' || typeof code !== 'string' || typeof time !== 'number') return unreadable(sequence, text)
  // A finding has what it is about as its evidence.
  const target = targetOf(shown) ?? targetOf(shown.evidences?.[0])
  const channels = unmapped?.jit?.alert?.channels
  return {
    ...{ sequence, text, bytes, uid, time, code },
    severity: typeof severity_id === 'number' ? severity_id : 1,
    class: typeof class_uid === 'number' ? class_uid : 0,
    target: typeof target === 'string' ? target : null,
    ...(Array.isArray(channels) && { channels }),
  }
}

function targetOf(place: Place | undefined): unknown {
  return place?.dst_endpoint?.svc_name ?? place?.database?.uid
}

function unreadable(sequence: number, line: string): ShippedLine {
  const uid = `line-${sequence}`
  const code = 'log.unreadable'
  const event = { uid, code, sequence, time: 0, severity: 4, message: 'a line of the log is no record', raw: line }
  const text = shippingEvent(event)
  return {
    sequence,
    text,
    bytes: Buffer.byteLength(text),
    uid,
    time: 0,
    code,
    severity: 4,
    class: APPLICATION_LIFECYCLE.uid,
    target: null,
  }
}

function parsed(text: string): Shown | null {
  try {
    const record: unknown = JSON.parse(text)
    return typeof record === 'object' && record !== null ? record : null
  } catch {
    return null
  }
}
