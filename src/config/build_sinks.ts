import { resolve } from 'node:path'
import type { NetworkSink, SinkBase, SinkHeader, SinkSettings, SinkTls } from '../session/sink_settings.ts'
import { alertSettings } from './build_sink_alerts.ts'
import { remoteSettings } from './build_sink_remote.ts'
import type { Place } from './merge.ts'
import type { Path } from './problem.ts'
import type { Resolver } from './resolve.ts'
import { SEVERITY_IDS } from './schema_sink_values.ts'
import type { SinkSection } from './schema_sinks.ts'

type NetworkSection = Extract<SinkSection, { readonly tls: unknown }>

/** RFC 5424, table 1. */
const FACILITIES: Readonly<Record<string, number>> = { authpriv: 10, audit: 13 }
const LOCAL0 = 16

/** Secrets stay references: each is read once here, so that one that can't be had is a problem of the configuration. */
export async function buildSinks(
  sections: readonly SinkSection[],
  dataDir: string,
  resolver: Resolver,
  at: Place,
): Promise<readonly SinkSettings[]> {
  return await Promise.all(
    sections.map(async (section, index) => {
      const below = ['audit', 'sinks', index]
      for (const [path, reference] of secretsIn(section)) await resolver.secret(reference, at, [...below, ...path])
      return await buildSink(section, dataDir, resolver, at, below)
    }),
  )
}

async function buildSink(
  section: SinkSection,
  dataDir: string,
  resolver: Resolver,
  at: Place,
  below: Path,
): Promise<SinkSettings> {
  switch (section.kind) {
    case 'file': {
      const { kind, path, maxBytes, keep, fsync } = section
      return { ...baseOf(section), kind, path: resolve(dataDir, path), maxBytes: maxBytes ?? null, keep, fsync }
    }
    case 'stdout':
      return { ...baseOf(section), kind: 'stdout' }
  }
  const network = await networkOf(section, resolver, at, below)
  switch (section.kind) {
    case 'syslog': {
      const { kind, host, port, transport, hostname, appName, sdId, maxMessageBytes, confirm } = section
      const facility = FACILITIES[section.facility] ?? LOCAL0 + Number(section.facility.slice(-1))
      const rest = { host, port, transport, facility, appName, sdId, maxMessageBytes, confirm }
      return { ...network, kind, ...rest, hostname: hostname ?? null }
    }
    case 'webhook': {
      const { kind, url, body, secret, headers, maxItemBytes } = section
      return { ...network, kind, url, body, secret: secret ?? null, headers: headersOf(headers), maxItemBytes }
    }
    case 'slack':
    case 'pagerduty':
      return alertSettings(section, network)
    default:
      return remoteSettings(section, network, 'headers' in section ? headersOf(section.headers) : {})
  }
}

function baseOf(section: SinkSection): SinkBase {
  const { name, batch, backlog, from, timeout } = section
  return {
    name,
    format: 'format' in section ? section.format : 'ocsf',
    filter: filterOf(section),
    batch: { maxItems: batch.maxItems, maxBytes: batch.maxBytes, maxWaitMs: batch.maxWait },
    backlog: { maxRecords: backlog.maxRecords, maxAgeMs: backlog.maxAge },
    from,
    timeoutMs: timeout,
  }
}

function filterOf({ name, filter }: SinkSection): SinkBase['filter'] {
  const { events, targets, classes, minSeverity, alerts } = filter
  const ids = { events, targets, classes, minSeverity: SEVERITY_IDS[minSeverity] }
  return alerts === 'own' ? { ...ids, alertsFor: name } : ids
}

async function networkOf(section: NetworkSection, resolver: Resolver, at: Place, below: Path): Promise<NetworkSink> {
  const { tls, allowNetworks } = section
  const certificates = async (path: string | undefined, name: string) =>
    path === undefined ? null : await resolver.certificates(path, at, [...below, 'tls', name])
  const built: SinkTls = {
    ca: await certificates(tls.ca, 'ca'),
    cert: await certificates(tls.cert, 'cert'),
    key: tls.key ?? null,
    serverName: tls.serverName ?? null,
  }
  return { ...baseOf(section), tls: built, allowNetworks: allowNetworks ?? null }
}

type HeadersSection = Extract<SinkSection, { kind: 'webhook' }>['headers']

function headersOf(headers: HeadersSection): Readonly<Record<string, SinkHeader>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, header]) => [
      name,
      'secret' in header
        ? { prefix: header.prefix, secret: header.secret, text: null }
        : { prefix: '', secret: null, text: header.text },
    ]),
  )
}

type Found = readonly (readonly [Path, string])[]

/** The references of secrets in a section, with where they stand in it. */
function secretsIn(section: SinkSection): Found {
  const key: Found = 'tls' in section && section.tls.key !== undefined ? [[['tls', 'key'], section.tls.key]] : []
  return [...key, ...ownSecrets(section)]
}

function ownSecrets(section: SinkSection): Found {
  switch (section.kind) {
    case 'file':
    case 'stdout':
    case 'syslog':
      return []
    case 'webhook':
      return [...given(section, 'secret'), ...inHeaders(section.headers)]
    case 'splunk':
      return given(section, 'token')
    case 'elasticsearch':
      return given(section.auth, 'key', 'auth').concat(given(section.auth, 'password', 'auth'))
    case 'kafka':
      return given(section.sasl ?? {}, 'password', 'sasl')
    case 'otlp':
      return inHeaders(section.headers)
    case 's3': {
      const { credentials = {} } = section
      return given(credentials, 'accessKeyId', 'credentials').concat(
        given(credentials, 'secretAccessKey', 'credentials'),
      )
    }
    case 'slack':
      return given(section, 'webhook').concat(given(section, 'token'))
    case 'pagerduty':
      return given(section, 'routingKey')
  }
}

function given(section: object, name: string, ...below: string[]): (readonly [Path, string])[] {
  const reference = (section as Readonly<Record<string, unknown>>)[name]
  return typeof reference === 'string' ? [[[...below, name], reference]] : []
}

function inHeaders(headers: HeadersSection): Found {
  return Object.entries(headers).flatMap(([name, header]) => given(header, 'secret', 'headers', name))
}
