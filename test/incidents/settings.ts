import type {
  HttpIncidentSettings,
  IncidentProviderSettings,
  PagerDutySettings,
  WebhookSettings,
} from '../../src/access/incident_settings.ts'
import { createIncidents, type LiveIncidents } from '../../src/incidents/incidents.ts'

export const NOW = Date.parse('2026-03-01T12:00:00Z')

const SECRETS: Readonly<Record<string, string>> = {
  'env:TOKEN': 'pd-s3cr3t',
  'env:OLD': 'old-signing-s3cr3t',
  'env:NEW': 'new-signing-s3cr3t',
  'env:STANDARD': `whsec_${Buffer.from('standard-s3cr3t').toString('base64')}`,
}

export function incidentsWith(providers: Readonly<Record<string, IncidentProviderSettings>>): LiveIncidents {
  return createIncidents({
    providers: () => new Map(Object.entries(providers)),
    secret: async (reference) => {
      const found = SECRETS[reference]
      if (found === undefined) throw new Error('internal words that nobody should see')
      return found
    },
    clock: { now: () => NOW, monotonic: () => 0 },
  })
}

export const EVERYONE = {
  onUnverified: 'deny',
  people: new Map<string, string>(),
  services: new Map<string, string>(),
} as const
export const ASKED = { ...EVERYONE, ca: null, timeoutMs: 400, webhook: null } as const

export function pagerDuty(address: string, changes: Partial<PagerDutySettings> = {}): PagerDutySettings {
  return { kind: 'pagerduty', address, token: 'env:TOKEN', ...ASKED, ...changes }
}

export const PAGERDUTY_WEBHOOK: WebhookSettings = {
  signature: 'pagerduty',
  header: '',
  prefix: '',
  secrets: ['env:OLD', 'env:NEW'],
  id: '/event/data/id',
  status: '/event/data/status',
  event: '/event/id',
}

export function http(url: string, changes: Partial<HttpIncidentSettings> = {}): HttpIncidentSettings {
  return {
    kind: 'http',
    url,
    headers: [{ name: 'Authorization', basicUser: null, prefix: 'Bearer ', secret: 'env:TOKEN' }],
    idPattern: 'INC-\\d{1,9}',
    read: {
      found: null,
      id: '/id',
      status: '/state/name',
      active: ['open', 'true'],
      closed: ['done', 'false'],
      assignees: ['/owner/email', '/helpers/*/email'],
      onCall: ['/on_call/*'],
      services: ['/services/*/name'],
      title: '/title',
      url: '/link',
      closedAt: '/closed',
    },
    ...ASKED,
    ...changes,
  }
}
