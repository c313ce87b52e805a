import { OCSF_VERSION } from '../audit/ocsf_classes.ts'

/** What the shipping itself has to say: about the log, not about what anybody did. */
export interface BasicEvent {
  readonly uid: string
  readonly code: string
  readonly sequence: number
  readonly time: number
  readonly severity: number
  readonly message: string
  /** The text that it carries. */
  readonly raw?: string
  readonly own?: object
}

const SEVERITIES = ['', 'Informational', 'Low', 'Medium', 'High', 'Critical', 'Fatal']

/** A Base Event of OCSF (events/base_event.json) as JSON. */
export function basicEvent({ uid, code, sequence, time, severity, message, raw, own }: BasicEvent): string {
  return JSON.stringify({
    class_uid: 0,
    class_name: 'Base Event',
    category_uid: 0,
    category_name: 'Uncategorized',
    activity_id: 99,
    activity_name: 'Log shipping',
    type_uid: 99,
    severity_id: severity,
    severity: SEVERITIES[severity],
    time,
    message,
    ...(raw === undefined ? {} : { raw_data: raw }),
    unmapped: { jit: { record: 'shipping', ...own } },
    metadata: {
      version: OCSF_VERSION,
      uid,
      event_code: code,
      product: { name: 'Sallyport', vendor_name: 'Sallyport' },
      sequence,
    },
  })
}
