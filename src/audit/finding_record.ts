import type { AuditEvent } from './event.ts'
import { CREATE, DETECTION_FINDING, NEW } from './ocsf_classes.ts'
import { headJson, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'
import { sessionFragment } from './session_fragment.ts'

type BulkRead = Extract<AuditEvent, { readonly kind: 'bulk_read' }>

const MINUTE_MS = 60_000

/**
 * A person has read much of one table: class 2004, whose status 1 is New, with who and where as its evidence. Who has to
 * hear of it is said by the alert that follows.
 */
export function bulkReadRecord(event: BulkRead, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const head = headJson({
    class: DETECTION_FINDING,
    activity: CREATE,
    severity: 3,
    time: event.time,
    ok: true,
    status: NEW,
  })
  const { table, rows, threshold, windowMs } = event
  const name = table.schema === '' ? table.name : `${table.schema}.${table.name}`
  const message = `${rows} rows of ${name} within ${windowMs / MINUTE_MS} min; the alert is set at ${threshold}`
  const finding = { uid: event.id, title: 'Bulk read', desc: message, types: ['bulk_read'], created_time: event.time }
  const jit = { record: 'finding', statement: { id: event.statementId }, table, rows, threshold, window_ms: windowMs }
  return {
    body:
      `{${head},"message":${JSON.stringify(message)},"is_alert":false,` +
      `"finding_info":${JSON.stringify(finding)},"evidences":[{${facts.actor},${facts.endpoints},${facts.database}}],` +
      `"unmapped":{"jit":{${facts.jit},${JSON.stringify(jit).slice(1, -1)}`,
    metadata: `${metadataJson(event.id, 'db.bulk_read', product, false)},${facts.metadata}`,
  }
}
