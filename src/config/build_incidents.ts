import type {
  HttpIncidentSettings,
  IncidentHeader,
  IncidentPointers,
  IncidentProviderSettings,
  WebhookSettings,
} from '../access/incident_settings.ts'
import { type Merged, type Place, problemAt } from './merge.ts'
import type { Path } from './problem.ts'
import type { Resolver } from './resolve.ts'
import type { IncidentsSection } from './schema_file.ts'

type Section = IncidentsSection[string]
type HttpSection = Extract<Section, { kind: 'http' }>
type Asked = Exclude<Section, { kind: 'static' }>

/** The settings keep references; that each can be read is seen now, so that it fails before an incident does. */
export async function buildIncidents(
  { incidents }: Merged,
  resolver: Resolver,
): Promise<ReadonlyMap<string, IncidentProviderSettings>> {
  const built = new Map<string, IncidentProviderSettings>()
  for (const [name, section] of Object.entries(incidents?.value ?? {})) {
    if (incidents !== null) built.set(name, await buildProvider(section, resolver, incidents.at, [name]))
  }
  return built
}

async function buildProvider(
  section: Section,
  resolver: Resolver,
  at: Place,
  below: Path,
): Promise<IncidentProviderSettings> {
  const everyone = {
    onUnverified: section.onUnverified,
    people: new Map(Object.entries(section.people)),
    services: new Map(Object.entries(section.services)),
  }
  if (section.kind === 'static') {
    return { kind: 'static', ...everyone, incidents: section.incidents.map(buildStatic) }
  }
  for (const [path, reference] of secretsOf(section)) await resolver.secret(reference, at, [...below, ...path])
  const { ca, timeout: timeoutMs } = section
  const asked = {
    ...everyone,
    ca: ca === undefined ? null : await resolver.certificates(ca, at, [...below, 'ca']),
    timeoutMs,
    webhook: buildWebhook(section),
  }
  switch (section.kind) {
    case 'pagerduty':
      return { kind: 'pagerduty', address: section.address, token: section.token, ...asked }
    case 'http': {
      if (sendsSecretsTwice(section)) resolver.problem(problemAt(at, [...below, 'headers'], 'a header stands twice'))
      const { url, idPattern } = section
      return { kind: 'http', url, idPattern, headers: buildHeaders(section), read: buildRead(section), ...asked }
    }
    default: {
      const { kind, address, user, token, idPattern } = section
      const read = withoutGaps(section.read)
      return { kind, address, user: user ?? null, token, idPattern: idPattern ?? null, read, ...asked }
    }
  }
}

function buildStatic({ closedAt, ...rest }: Extract<Section, { kind: 'static' }>['incidents'][number]) {
  return { ...rest, closedAt: closedAt === undefined ? null : Date.parse(closedAt) }
}

function secretsOf(section: Asked): [Path, string][] {
  const webhook = (section.webhook?.secrets ?? []).map((secret, index): [Path, string] => [
    ['webhook', 'secrets', index],
    secret,
  ])
  if (section.kind !== 'http') return [[['token'], section.token], ...webhook]
  const headers = Object.entries(section.headers).flatMap(([name, header]): [Path, string][] =>
    'secret' in header ? [[['headers', name, 'secret'], header.secret]] : [],
  )
  return [...headers, ...webhook]
}

function buildHeaders({ headers }: HttpSection): IncidentHeader[] {
  return Object.entries(headers).map(([name, header]) => {
    if ('text' in header) return { name, basicUser: null, prefix: header.text, secret: null }
    if ('basicUser' in header) return { name, basicUser: header.basicUser, prefix: '', secret: header.secret }
    return { name, basicUser: null, prefix: header.prefix, secret: header.secret }
  })
}

/** Names of headers have no case. */
function sendsSecretsTwice({ headers }: HttpSection): boolean {
  const names = Object.keys(headers)
  return new Set(names.map((name) => name.toLowerCase())).size < names.length
}

function buildRead({ read }: HttpSection): HttpIncidentSettings['read'] {
  return {
    found: read.found ?? null,
    id: read.id ?? null,
    status: read.status,
    active: read.active,
    closed: read.closed ?? null,
    assignees: read.assignees ?? [],
    onCall: read.onCall ?? [],
    services: read.services ?? [],
    title: read.title ?? null,
    url: read.url ?? null,
    closedAt: read.closedAt ?? null,
  }
}

function withoutGaps(read: { readonly [Name in keyof IncidentPointers]?: IncidentPointers[Name] | undefined }) {
  return Object.fromEntries(
    Object.entries(read).filter(([, value]) => value !== undefined),
  ) as Partial<IncidentPointers>
}

const PAGERDUTY = { signature: 'pagerduty', header: '', prefix: '', id: '/event/data/id' } as const

function buildWebhook(section: Asked): WebhookSettings | null {
  const { webhook } = section
  if (webhook === undefined) return null
  if (!('signature' in webhook)) {
    return { ...PAGERDUTY, status: '/event/data/status', event: '/event/id', secrets: webhook.secrets }
  }
  const { signature, header, prefix, secrets, id, status, event } = webhook
  return { signature, header: header.toLowerCase(), prefix, secrets, id, status, event: event ?? null }
}
