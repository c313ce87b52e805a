import type { Credential, Target } from '../session/ports.ts'
import { buildApi } from './build_api.ts'
import { buildAudit } from './build_audit.ts'
import { buildRecordings } from './build_recordings.ts'
import { buildStore } from './build_store.ts'
import type { NodeConfig, TargetLogins } from './config.ts'
import type { Merged, Place, Placed } from './merge.ts'
import type { Path } from './problem.ts'
import type { Resolver } from './resolve.ts'
import type { TargetSection } from './schema_file.ts'

const DEFAULT_PORT = { postgres: 5432, mysql: 3306 } as const
const DEFAULT_DATABASE = { postgres: 'postgres', mysql: '' } as const
/** What stands for a secret that could not be read: the configuration is refused then, and this never used. */
const UNREAD = ''

export async function buildNode(merged: Merged, resolver: Resolver): Promise<NodeConfig> {
  const { value, at } = merged.node
  const dataDir = resolver.path(value.dataDir)
  const listeners = await Promise.all(
    value.listeners.map(async (listener, index) => ({
      engine: listener.engine,
      host: listener.host,
      port: listener.port,
      target: listener.target ?? null,
      sniSuffix: listener.sniSuffix ?? null,
      auth: listener.auth,
      serverNames: listener.serverNames,
      proxyProtocolFrom: listener.proxyProtocolFrom,
      tls: (await resolver.keyPair(listener.tls, at, ['listeners', index, 'tls'])) ?? { cert: UNREAD, key: UNREAD },
    })),
  )
  const { maxConnections, perAddress, perPerson, authDeadline, drainTimeout } = value.limits
  return {
    name: value.name,
    dataDir,
    listeners,
    metrics: value.metrics ?? null,
    api: await buildApi(merged, resolver),
    store: await buildStore(value.store, dataDir, resolver, at),
    limits: { maxConnections, perAddress, perPerson, authDeadlineMs: authDeadline, drainTimeoutMs: drainTimeout },
    audit: await buildAudit(value, dataDir, resolver, at),
    recordings: buildRecordings(value, dataDir),
    postureEveryMs: value.posture?.every ?? null,
    logLevel: value.logLevel,
  }
}

export async function buildTarget({ value, at }: Placed<TargetSection>, resolver: Resolver): Promise<Target> {
  const { tls } = value
  return {
    name: value.name,
    engine: value.engine,
    host: value.host,
    port: value.port ?? DEFAULT_PORT[value.engine],
    tls: {
      mode: tls.mode,
      ca: tls.ca === undefined ? null : await resolver.certificates(tls.ca, at, ['tls', 'ca']),
      serverName: tls.serverName ?? null,
    },
    labels: value.labels,
    defaultDatabase: value.defaultDatabase ?? DEFAULT_DATABASE[value.engine],
    admin: await credential(value.admin, resolver, at, ['admin']),
    maxConnections: value.maxConnections,
    capture: value.capture,
    durability: value.durability,
    catalogPollMs: value.catalogPoll,
  }
}

export function loginsOf({ value }: Placed<TargetSection>): TargetLogins {
  const { user, password } = value.admin
  return { admin: { user: user ?? null, reference: password } }
}

interface LoginSection {
  readonly user?: string | undefined
  readonly password: string
}

async function credential(section: LoginSection, resolver: Resolver, at: Place, below: Path): Promise<Credential> {
  const login = await resolver.login(section.password, section.user ?? null, at, below)
  return login ?? { user: UNREAD, password: UNREAD }
}
