import { columnsSeen, partiesOf, type RecordView } from './record_view.ts'

type Field = readonly [key: string, value: string | number | null | undefined]

/** By `severity_id`: of CEF's ten, 0 to 3 are low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high. */
const SEVERITIES: readonly number[] = [0, 1, 3, 5, 8, 10, 10]

/**
 * A record of the log as ArcSight's Common Event Format, revision 25: what the dictionary has a key for, and in the
 * custom strings and numbers what a database's guard has to say beyond that.
 */
export function cefOf(record: object): string {
  const view = record as RecordView
  const { metadata, class_name: className, activity_name: activity, severity_id: severity = 0 } = view
  const header = [
    ...['Sallyport', 'Sallyport', metadata?.product?.version ?? ''],
    ...[metadata?.event_code ?? '', [className, activity].filter(Boolean).join(': ')],
    String(SEVERITIES[severity] ?? 0),
  ]
  const fields = [...whatOf(view), ...whoOf(view), ...customOf(view)]
  const extension = fields.flatMap(([key, value]) =>
    value === null || value === undefined || value === '' ? [] : [`${key}=${escapedValue(String(value))}`],
  )
  return `CEF:0|${header.map(escapedHeader).join('|')}|${extension.join(' ')}`
}

function whatOf(view: RecordView): Field[] {
  const { metadata, http_request: http, unmapped } = view
  const reason = view.status_detail ?? unmapped?.jit?.reason
  return [
    ['rt', view.time],
    ['externalId', metadata?.uid],
    ['cat', view.class_name],
    ['act', view.action ?? view.activity_name],
    ['outcome', view.status],
    ['reason', [view.status_code, reason].filter(Boolean).join(': ')],
    ['msg', view.query_info?.query_string ?? view.message],
    ['requestMethod', http?.http_method],
    ['request', http?.url?.path],
    ['requestClientApplication', http?.user_agent],
    ['out', view.query_info?.bytes],
    ['deviceExternalId', metadata?.product?.uid],
    ['rawEvent', view.raw_data],
  ]
}

function whoOf(view: RecordView): Field[] {
  const { user, concerns, application, source, destination } = partiesOf(view)
  const jit = view.unmapped?.jit
  const isV6 = source?.ip?.includes(':') === true
  return [
    ['suser', user?.email_addr ?? user?.name],
    ['suid', user?.uid],
    ['src', isV6 ? null : source?.ip],
    ...labelled('c6a2', 'Source IPv6 Address', isV6 ? source?.ip : null),
    ['spt', source?.port],
    ['sourceServiceName', application],
    ['dhost', destination?.hostname],
    ['dpt', destination?.port],
    ['duser', jit?.db_user ?? concerns?.email_addr ?? concerns?.name],
    ['duid', concerns?.uid],
    ['destinationServiceName', destination?.svc_name ?? jit?.target],
    ['app', jit?.protocol],
  ]
}

function customOf(view: RecordView): Field[] {
  const { raw_data: raw, unmapped } = view
  const piece = unmapped?.jit?.piece
  if (raw === undefined || piece === undefined) return ownOf(view)
  return [
    ...labelled('cs1', 'SHA-256 of the record', piece.sha256),
    ...labelled('cn1', 'part, from 0', piece.index),
    ...labelled('cn2', 'parts', piece.count),
  ]
}

function ownOf({ unmapped, metadata, entity, finding_info: finding, api, query_info: query }: RecordView): Field[] {
  const jit = unmapped?.jit ?? {}
  const { incident, objects = [], columns, rows } = jit
  const counts = typeof rows === 'number' ? { returned: rows } : rows
  const clear = columnsSeen(columns, ['clear'])
  const masked = columnsSeen(columns, ['masked', 'computed_masked'])
  const named = objects.map(({ schema, name }) => [schema, name].filter(Boolean).join('.'))
  const about = api?.operation ?? finding?.uid ?? (entity && `${entity.type ?? ''} ${entity.uid ?? ''}`)
  return [
    ...labelled('cs1', 'session', metadata?.correlation_uid),
    ...labelled('cs2', 'grant', jit.grant_id),
    ...labelled('cs3', 'statement', query?.uid ?? jit.statement?.id),
    ...labelled('cs4', 'objects', named.length > 0 ? named.join(',') : about),
    ...labelled('cs5', 'ticket', incident ? `${incident.provider} ${incident.id}` : jit.ticket),
    ...labelled('cs6', 'rule', [jit.role, jit.decision?.rule].filter(Boolean).join(' ')),
    ...labelled('flexString1', 'columns in clear', clear.join(',')),
    ...labelled('flexString2', 'columns masked', masked.join(',')),
    ...labelled('cn1', 'rows', counts?.returned),
    ...labelled('cn2', 'rows withheld', counts?.withheld),
    ...labelled('cn3', 'milliseconds', jit.duration_ms === undefined ? null : Math.round(jit.duration_ms)),
  ]
}

/** A custom field says in another what it is; neither comes alone. */
function labelled(key: string, label: string, value: Field[1]): Field[] {
  if (value === null || value === undefined || value === '') return []
  return [
    [`${key}Label`, label],
    [key, value],
  ]
}

/** Nothing stands for a line's end in the header. */
function escapedHeader(text: string): string {
  return text.replace(/[\\|]/g, '\\$&').replace(/[\r\n]+/g, ' ')
}

function escapedValue(text: string): string {
  return text.replace(/[\\=]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n')
}
