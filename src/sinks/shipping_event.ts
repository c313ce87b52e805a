import { APPLICATION_LIFECYCLE, OCSF_VERSION } from '../audit/ocsf_classes.ts'

/** What the shipping itself has to say: about the log, not about what anybody did. */
export interface ShippingEvent {
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

const OTHER = 99
const ACTIVITIES_PER_CLASS = 100

/** An Application Lifecycle event of OCSF as JSON, as what the log says of itself. */
export function shippingEvent({ uid, code, sequence, time, severity, message, raw, own }: ShippingEvent): string {
  const { uid: class_uid, name, category, categoryName } = APPLICATION_LIFECYCLE
  const product = { name: 'Sallyport', vendor_name: 'Sallyport' }
  return JSON.stringify({
    class_uid,
    class_name: name,
    category_uid: category,
    category_name: categoryName,
    activity_id: OTHER,
    activity_name: 'Log shipping',
    type_uid: class_uid * ACTIVITIES_PER_CLASS + OTHER,
    severity_id: severity,
    severity: SEVERITIES[severity],
    time,
    message,
    app: product,
    ...(raw === undefined ? {} : { raw_data: raw }),
    unmapped: { jit: { record: 'shipping', ...own } },
    metadata: { version: OCSF_VERSION, uid, event_code: code, product, sequence },
  })
}
