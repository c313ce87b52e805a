import {
  ACCOUNT_CHANGE,
  API_ACTIVITY,
  APPLICATION_LIFECYCLE,
  AUTHENTICATION,
  DATASTORE_ACTIVITY,
  DETECTION_FINDING,
  ENTITY_MANAGEMENT,
  OTHER_ACTIVITY,
  USER_ACCESS,
} from './ocsf_classes.ts'
import { partiesOf, type RecordView, type User } from './record_view.ts'

const ECS_VERSION = '9.4.0'
const NS_PER_MS = 1_000_000

type Categories = { readonly category: readonly string[]; readonly type: readonly string[] }

/** Kinds of access by `activity_id` of class 6005; what is not there changes data. */
const READS: ReadonlySet<number> = new Set([1, 3, 4, 8])
/** By `activity_id` of the classes 6003 and 3004, which have the first four alike but in another order. */
const API_TYPES: Readonly<Record<number, string>> = { 1: 'creation', 2: 'access', 3: 'change', 4: 'deletion' }
const ENTITY_TYPES: Readonly<Record<number, string>> = { 1: 'creation', 2: 'info', 3: 'change', 4: 'deletion' }
const POLICY_TYPES: Readonly<Record<number, string>> = { ...ENTITY_TYPES, 2: 'access' }
const ACCOUNT_TYPES: Readonly<Record<number, string>> = { 1: 'creation', 6: 'deletion' }
const SESSION_TYPES: Readonly<Record<number, string>> = { 1: 'start', 2: 'end' }
const PROCESS_TYPES: Readonly<Record<number, string>> = { 3: 'start', 4: 'end' }
const OUTCOMES: Readonly<Record<number, string>> = { 1: 'success', 2: 'failure' }
const DENIED = 2
const FAILURE = 2

/**
 * A record of the log as Elastic Common Schema (github.com/elastic/ecs, v9.4.0). It has no fields of databases: what it
 * has no place for stands whole under `sallyport`.
 */
export function ecsOf(record: object): object {
  const view = record as RecordView
  const { metadata, unmapped, query_info: query, http_request: http } = view
  const jit = unmapped?.jit ?? {}
  const parties = partiesOf(view)
  const { source, destination } = parties
  const tls = jit.client?.tls_version
  return {
    '@timestamp': new Date(view.time ?? 0).toISOString(),
    ecs: { version: ECS_VERSION },
    ...given({ message: view.message, tags: metadata?.labels, labels: labelsOf(view) }),
    event: eventOf(view),
    observer: { vendor: 'Sallyport', product: 'Sallyport', type: 'proxy', ...observerOf(view) },
    ...given({
      user: usersOf(view),
      source: given({ ip: source?.ip, address: source?.ip, port: source?.port }),
      destination: given({
        address: destination?.hostname,
        port: destination?.port,
        user: given({ name: jit.db_user ?? undefined }),
      }),
      service: given({ target: given({ name: destination?.svc_name ?? jit.target ?? undefined }) }),
      rule: given({ name: jit.decision?.rule, ruleset: view.policy?.uid, version: view.policy?.version }),
      http: given({ request: given({ method: http?.http_method, id: http?.uid }) }),
      url: given({ path: http?.url?.path }),
      user_agent: given({ original: http?.user_agent }),
      tls: tls ? { version: tls.replace(/^TLSv?/, ''), version_protocol: 'tls', established: true } : undefined,
      error: view.status_id === FAILURE ? given({ code: view.status_code, message: view.status_detail }) : undefined,
      related: relatedOf(view),
    }),
    sallyport: {
      ...jit,
      ...given({ query: given({ ...query }), ocsf: given({ class: view.class_name, activity: view.activity_name }) }),
    },
  }
}

function eventOf(view: RecordView): object {
  const { metadata, unmapped, class_uid: uid = 0 } = view
  const { category, type } = categoriesOf(view)
  const denied = view.action_id === DENIED ? ['denied'] : []
  const duration = unmapped?.jit?.duration_ms
  return {
    kind: uid === DETECTION_FINDING.uid || view.is_alert === true ? 'alert' : 'event',
    ...(category.length > 0 && { category }),
    type: [...type, ...denied],
    outcome: OUTCOMES[uid === DETECTION_FINDING.uid ? 0 : (view.status_id ?? 0)] ?? 'unknown',
    module: 'sallyport',
    dataset: 'sallyport.audit',
    ...given({
      action: metadata?.event_code,
      id: metadata?.uid,
      sequence: metadata?.sequence,
      severity: view.severity_id,
      original: view.raw_data,
      reason: view.status_detail ?? unmapped?.jit?.reason ?? undefined,
      duration: duration === undefined ? undefined : Math.round(duration * NS_PER_MS),
    }),
  }
}

function categoriesOf({
  class_uid: uid,
  activity_id: activity = 0,
  entity,
  status_id: status,
}: RecordView): Categories {
  switch (uid) {
    case DETECTION_FINDING.uid:
      return { category: ['intrusion_detection'], type: ['info'] }
    case ACCOUNT_CHANGE.uid:
      return { category: ['iam'], type: ['user', ACCOUNT_TYPES[activity] ?? 'info'] }
    case AUTHENTICATION.uid:
      return { category: ['authentication'], type: [SESSION_TYPES[activity] ?? 'info'] }
    case ENTITY_MANAGEMENT.uid:
      if (entity?.policy) return { category: ['configuration'], type: [POLICY_TYPES[activity] ?? 'change'] }
      return { category: ['iam'], type: ['admin', ENTITY_TYPES[activity] ?? 'change'] }
    case USER_ACCESS.uid:
      return { category: ['iam'], type: ['user', 'change'] }
    case APPLICATION_LIFECYCLE.uid:
      return { category: ['process'], type: [PROCESS_TYPES[activity] ?? 'info'] }
    case API_ACTIVITY.uid:
      return { category: ['api'], type: ['admin', API_TYPES[activity] ?? 'info'] }
    case DATASTORE_ACTIVITY.uid:
      return { category: ['database'], type: [databaseType(activity), ...(status === FAILURE ? ['error'] : [])] }
    default:
      return { category: [], type: ['info'] }
  }
}

function databaseType(activity: number): string {
  if (activity === OTHER_ACTIVITY) return 'info'
  return READS.has(activity) ? 'access' : 'change'
}

function observerOf({ metadata }: RecordView): object {
  return given({ version: metadata?.product?.version, name: metadata?.product?.uid }) ?? {}
}

function usersOf(view: RecordView): object | undefined {
  const { user, concerns } = partiesOf(view)
  const role = view.unmapped?.jit?.role
  const groups = user?.groups?.flatMap(({ name }) => name ?? [])
  return given({
    ...namesOf(user),
    roles: role ? [role] : undefined,
    group: given({ name: groups?.[0] }),
    target: given(namesOf(concerns)),
  })
}

function namesOf(user: User | undefined): Readonly<Record<string, string | undefined>> {
  return { id: user?.uid, name: user?.name ?? user?.email_addr, email: user?.email_addr }
}

/** Keywords, by which records are found together. */
function labelsOf({ metadata, unmapped, query_info: query }: RecordView): object | undefined {
  const { grant_id: grant, request_id: request, ticket, incident, statement } = unmapped?.jit ?? {}
  return given({
    session_id: metadata?.correlation_uid,
    statement_id: query?.uid ?? statement?.id,
    grant_id: grant ?? undefined,
    request_id: request ?? undefined,
    ticket: ticket ?? undefined,
    incident: incident ? `${incident.provider} ${incident.id}` : undefined,
  })
}

function relatedOf(view: RecordView): object | undefined {
  const { user, concerns, source, destination } = partiesOf(view)
  const names = [user, concerns].flatMap((one) => [one?.uid, one?.name, one?.email_addr])
  const users = [...names, view.unmapped?.jit?.db_user].filter((name) => name !== undefined && name !== null)
  return given({
    user: users.length > 0 ? [...new Set(users)] : undefined,
    ip: source?.ip === undefined ? undefined : [source.ip],
    hosts: destination?.hostname === undefined ? undefined : [destination.hostname],
  })
}

/** Without what is undefined; undefined where nothing is left. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const some = Object.entries(fields).filter(([, value]) => value !== undefined)
  return some.length === 0 ? undefined : Object.fromEntries(some)
}
