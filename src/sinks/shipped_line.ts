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

interface Shown {
  readonly class_uid?: unknown
  readonly severity_id?: unknown
  readonly time?: unknown
  readonly metadata?: { readonly uid?: unknown; readonly event_code?: unknown }
  readonly dst_endpoint?: { readonly svc_name?: unknown }
  readonly unmapped?: { readonly jit?: { readonly alert?: { readonly channels?: unknown } } }
}

/** What is no record is sent too, wrapped in one: that it stands there is what its readers want to know. */
export function shippedLine(sequence: number, bytes: Buffer): ShippedLine {
  const text = bytes.toString('utf8')
  const { class_uid, severity_id, time, metadata, dst_endpoint, unmapped } = parsed(text) ?? {}
  const uid = metadata?.uid
  const code = metadata?.event_code
  if (typeof uid !== 'string' || typeof code !== 'string' || typeof time !== 'number') return unreadable(sequence, text)
  const target = dst_endpoint?.svc_name
  const channels = unmapped?.jit?.alert?.channels
  return {
    ...{ sequence, text, bytes: bytes.length, uid, time, code },
    severity: typeof severity_id === 'number' ? severity_id : 1,
    class: typeof class_uid === 'number' ? class_uid : 0,
    target: typeof target === 'string' ? target : null,
    ...(Array.isArray(channels) && { channels }),
  }
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
