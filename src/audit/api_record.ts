import { userOf } from './access_record.ts'
import type { AuditEvent } from './event.ts'
import { API_ACTIVITY, apiActivity } from './ocsf_classes.ts'
import { headJson, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'

type ApiCall = Extract<AuditEvent, { readonly kind: 'api_call' }>

/** What a client says of itself is kept as far as this, in characters. */
const MAX_USER_AGENT = 256

/** A call of the admin API as API Activity, written before anything is done: who, what, on what, from where. */
export function apiCallRecord(event: ApiCall, product: Product): OcsfRecord {
  const { by, operation, method, path, requestId, clientAddress, clientPort, userAgent } = event
  const resources = Object.entries(event.resources)
  const activity = apiActivity(method, resources.length > 0)
  const head = headJson({ class: API_ACTIVITY, activity, severity: 1, time: event.time, ok: true })
  const rest = {
    message: `${method} ${path}`,
    actor: { user: userOf(by) },
    api: { operation, service: { name: 'Sallyport admin API' }, request: { uid: requestId } },
    http_request: {
      http_method: method,
      url: { path },
      uid: requestId,
      ...(userAgent === null ? {} : { user_agent: userAgent.slice(0, MAX_USER_AGENT) }),
    },
    src_endpoint: {
      ...(clientAddress === null ? { name: '(unknown)' } : { ip: clientAddress }),
      ...(clientPort === null ? {} : { port: clientPort }),
    },
    ...(resources.length === 0 ? {} : { resources: resources.map(([type, uid]) => ({ type, uid })) }),
  }
  const jit = { record: 'api_call', operation, resources: event.resources, request_id: requestId }
  return {
    body: `{${head},${JSON.stringify(rest).slice(1, -1)},"unmapped":{"jit":{${JSON.stringify(jit).slice(1, -1)}`,
    metadata: metadataJson(event.id, 'api.call', product, false),
  }
}
