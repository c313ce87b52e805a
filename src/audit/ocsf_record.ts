import { type Activity, OCSF_VERSION, type OcsfClass, OTHER_ACTIVITY } from './ocsf_classes.ts'

/**
 * A record as JSON text, open where the chain's fields go: `body` ends within `unmapped.jit`, after at least one
 * member; `metadata` is the members of `metadata`. Text instead of objects, since two are written per statement.
 */
export interface OcsfRecord {
  readonly body: string
  readonly metadata: string
  /** What has to stand before it in the same segment; see `StoredTexts`. */
  readonly texts?: readonly LongText[]
}

/** A text that is too long for the record that it belongs to. */
export interface LongText {
  /** Equal keys have equal texts: one that stands in the open segment isn't written again. Null: it comes once. */
  readonly key: string | null
  readonly records: () => readonly OcsfRecord[]
}

export interface Product {
  readonly version: string
  /** Which process of the product. */
  readonly uid: string
}

/** What every class has in common. */
export interface Head {
  readonly class: OcsfClass
  readonly activity: Activity
  readonly severity: 1 | 2 | 3 | 4 | 5
  readonly time: number
  readonly ok: boolean
  /** Where the class has statuses of its own. */
  readonly status?: Status
}

interface Status {
  readonly id: number
  readonly name: string
}

const SUCCESS: Status = { id: 1, name: 'Success' }
const FAILURE: Status = { id: 2, name: 'Failure' }

const SEVERITIES = ['', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const
const ACTIVITIES_PER_CLASS = 100

/** The members that the base event demands (events/base_event.json), without braces. */
export function headJson(head: Head): string {
  const { class: of, activity, severity } = head
  const status = head.status ?? (head.ok ? SUCCESS : FAILURE)
  if (activity.id === OTHER_ACTIVITY) return `${kindJson(of, activity, severity, status)}"time":${head.time}`
  // A number instead of a text, since two are asked for per statement.
  const key =
    ((of.uid * ACTIVITIES_PER_CLASS + activity.id) * ACTIVITIES_PER_CLASS + status.id) * SEVERITIES.length + severity
  let kind = kinds.get(key)
  if (kind === undefined) {
    kind = kindJson(of, activity, severity, status)
    kinds.set(key, kind)
  }
  return `${kind}"time":${head.time}`
}

/** What kind of event it is, as text: as many as there are activities, severities and statuses. */
const kinds = new Map<number, string>()

function kindJson(of: OcsfClass, activity: Activity, severity: Head['severity'], status: Status): string {
  return (
    `"class_uid":${of.uid},"class_name":"${of.name}","category_uid":${of.category},` +
    `"category_name":"${of.categoryName}","activity_id":${activity.id},"activity_name":${JSON.stringify(activity.name)},` +
    `"type_uid":${of.uid * ACTIVITIES_PER_CLASS + activity.id},"severity_id":${severity},` +
    `"severity":"${SEVERITIES[severity]}","status_id":${status.id},"status":"${status.name}",`
  )
}

const products = new WeakMap<Product, string>()

export function metadataJson(id: string, code: string, product: Product, profiles: boolean): string {
  const listed = profiles ? ',"profiles":["security_control"]' : ''
  return `"version":"${OCSF_VERSION}","uid":${JSON.stringify(id)},"event_code":"${code}"${listed},${productJson(product)}`
}

export function productJson(product: Product): string {
  const known = products.get(product)
  if (known !== undefined) return known
  const { version, uid } = product
  const made = `"product":${JSON.stringify({ name: 'Sallyport', vendor_name: 'Sallyport', version, uid })}`
  products.set(product, made)
  return made
}
