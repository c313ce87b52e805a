import type {
  HttpIncidentSettings,
  IncidentHeader,
  IncidentPointers,
  PresetSettings,
} from '../access/incident_settings.ts'

/** What is known of a provider's API: where it answers, how it is paid respect to, and where its answers have what. */
interface Preset {
  readonly path: string
  /** Before the key in `Authorization`, where no user is given. */
  readonly scheme: string
  readonly idPattern: string
  readonly read: IncidentPointers
}

const PRESETS: Readonly<Record<PresetSettings['kind'], Preset>> = {
  // Opsgenie Incident API, "Get Incident": it names people and services by their ids.
  opsgenie: {
    path: '/v1/incidents/{id}?identifierType=id',
    scheme: 'GenieKey ',
    idPattern: '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    read: {
      found: '/data',
      id: '/data/id',
      status: '/data/status',
      active: ['open'],
      closed: ['resolved', 'closed'],
      assignees: ['/data/responders/*/id'],
      onCall: [],
      services: ['/data/impactedServices/*'],
      title: '/data/message',
      url: '/data/links/web',
      closedAt: '/data/updatedAt',
    },
  },
  // ServiceNow Table API: a query, so an unknown number is an empty list; dotted fields are keys of that name.
  servicenow: {
    path:
      '/api/now/table/incident?sysparm_query=number={id}&sysparm_limit=1&sysparm_exclude_reference_link=true' +
      '&sysparm_fields=number,state,short_description,assigned_to.email,business_service.name,cmdb_ci.name,closed_at,resolved_at',
    scheme: 'Bearer ',
    idPattern: 'INC\\d{7,20}',
    read: {
      found: '/result/0',
      id: '/result/0/number',
      status: '/result/0/state',
      // New, in progress, on hold; resolved, closed, cancelled.
      active: ['1', '2', '3'],
      closed: ['6', '7', '8'],
      assignees: ['/result/0/assigned_to.email'],
      onCall: [],
      services: ['/result/0/business_service.name', '/result/0/cmdb_ci.name'],
      title: '/result/0/short_description',
      url: null,
      closedAt: '/result/0/resolved_at',
    },
  },
  // Jira REST API 3, "Get issue". The email may be hidden by the person: then the account id is mapped.
  jira: {
    path: '/rest/api/3/issue/{id}?fields=summary,status,assignee,components,resolutiondate',
    scheme: 'Bearer ',
    idPattern: '[A-Z][A-Z0-9_]{1,30}-[1-9]\\d{0,9}',
    read: {
      found: null,
      id: '/key',
      status: '/fields/status/statusCategory/key',
      active: ['new', 'indeterminate'],
      closed: ['done'],
      assignees: ['/fields/assignee/emailAddress', '/fields/assignee/accountId'],
      onCall: [],
      services: ['/fields/components/*/name'],
      title: '/fields/summary',
      url: null,
      closedAt: '/fields/resolutiondate',
    },
  },
  // incident.io API, "Show Incidents V2".
  incident_io: {
    path: '/v2/incidents/{id}',
    scheme: 'Bearer ',
    idPattern: '[0-9A-HJKMNP-TV-Z]{26}',
    read: {
      found: '/incident',
      id: '/incident/id',
      status: '/incident/incident_status/category',
      active: ['triage', 'live'],
      closed: ['paused', 'learning', 'closed', 'declined', 'merged', 'canceled'],
      assignees: ['/incident/incident_role_assignments/*/assignee/email'],
      onCall: [],
      services: ['/incident/custom_field_entries/*/values/*/value_catalog_entry/name'],
      title: '/incident/name',
      url: '/incident/permalink',
      closedAt: null,
    },
  },
}

/** A preset with what the configuration says of it, as the general provider takes it. */
export function expandPreset(settings: PresetSettings): HttpIncidentSettings {
  const preset = PRESETS[settings.kind]
  const { onUnverified, people, services, ca, timeoutMs, webhook } = settings
  return {
    kind: 'http',
    url: `${settings.address.replace(/\/$/, '')}${preset.path}`,
    headers: [authorization(settings, preset.scheme)],
    idPattern: settings.idPattern ?? preset.idPattern,
    read: { ...preset.read, ...settings.read },
    onUnverified,
    people,
    services,
    ca,
    timeoutMs,
    webhook,
  }
}

function authorization({ user, token }: PresetSettings, scheme: string): IncidentHeader {
  return { name: 'authorization', basicUser: user, prefix: user === null ? scheme : '', secret: token }
}
