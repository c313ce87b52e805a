import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { AuditEvent } from './audit/event.ts'
import { type Config, diffConfigs } from './config/config.ts'
import { loadConfig } from './config/load.ts'
import { asSallyportError } from './errors.ts'
import { LiveConfig } from './live_config.ts'
import { createAuthority } from './proxy/authority.ts'
import { ownAuthority } from './proxy/authority_files.ts'
import type { ProxyContext } from './proxy/context.ts'
import { createEngines } from './proxy/engines.ts'
import { type HealthServer, serveHealth } from './proxy/health.ts'
import { createIds } from './proxy/ids.ts'
import { ConnectionCounts, FailedLogins } from './proxy/limits.ts'
import { createMetrics } from './proxy/metrics.ts'
import { readVersions } from './proxy/mysql_front.ts'
import { serveMysql } from './proxy/mysql_session.ts'
import { servePostgres } from './proxy/postgres_session.ts'
import { type Proxy as RunningProxy, SecureContexts, startProxy } from './proxy/proxy.ts'
import { Sessions } from './proxy/sessions.ts'
import { NO_CREDENTIALS, NO_LIVE_SESSIONS, NO_LOCKS, NO_REFUSALS, NO_USES } from './proxy/without_store.ts'
import { createSecrets, type Secrets } from './secrets/live_secrets.ts'
import { Gate } from './session/gate.ts'
import type { AuditLog, Clock, Ids, SecretReading } from './session/ports.ts'
import { secretEvent } from './session/secret_event.ts'
import { createFileAuditLog } from './sinks/file_audit_log.ts'
import { createFileGrants, type FileGrants } from './store/file_grants.ts'
import { MemoryQuota } from './store/memory_quota.ts'
import { createNamesFile } from './store/names_file.ts'
import { createStaticAccounts } from './store/static_accounts.ts'
import { VERSION } from './version.ts'

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Starts the proxy from a configuration directory. Rejects with `SP-CONFIG` or what kept a port from being bound. */
export async function serve(configDir: string): Promise<Service> {
  const readings = new Readings()
  const secrets = createSecrets({ baseDir: configDir, clock, onReading: (reading) => readings.tell(reading) })
  const config = await loadConfig(configDir, secrets.resolve)
  await secrets.configure(config.secrets)
  const log = pino({ level: config.node.logLevel, base: { node: config.node.name } })
  const audit = openAuditLog(config, log)
  const ids = createIds(clock.now)
  const record = recorder(audit, ids)
  await record({ kind: 'process', what: 'start' })
  readings.recordWith(record, log)
  await record({ kind: 'config_loaded', digest: config.digest, previous: null, changes: [] })
  const sessions = new Sessions()
  // What waits for the catalog goes on as soon as there is one.
  const notes = createNamesFile(join(config.node.dataDir, 'former-names.json'))
  const live = new LiveConfig(config, secrets, clock, log, notes, (target) => sessions.tick(target))
  live.warm()
  const grants = createFileGrants(config.grants, clock)
  const secureContexts = new SecureContexts()
  const { certificates, node } = config
  const authority = createAuthority(certificates.authority ?? (await ownAuthority(node.dataDir, clock.now())), clock)
  const context: ProxyContext = {
    settings: () => live.settings,
    secureContextOf: (listener) => secureContexts.of(live.listener(listener), authority.chain),
    tokens: live.tokens,
    credentials: NO_CREDENTIALS,
    authority,
    liveCheck: live.liveCheck,
    locks: NO_LOCKS,
    refusals: NO_REFUSALS,
    uses: NO_USES,
    liveSessions: NO_LIVE_SESSIONS,
    grants,
    policy: live.policy,
    catalogs: live.catalogs,
    accounts: createStaticAccounts((target, role) => live.accountOf(target, role)),
    audit,
    clock,
    ids,
    gate: new Gate({ catalogs: live.catalogs, policy: live.policy, grants, ids, quota: new MemoryQuota(clock) }),
    engineFor: createEngines(),
    sessions,
    counts: new ConnectionCounts(),
    failures: new FailedLogins(),
    metrics: createMetrics(),
    log,
  }
  const proxy = await startProxy(context, config.node.listeners, { postgres: servePostgres, mysql: serveMysql })
  readVersions(context)
  const health = config.node.metrics ? await startHealth(config.node.metrics, context, proxy) : null
  for (const { settings, port } of proxy.listening) {
    log.info({ engine: settings.engine, host: settings.host, port }, 'listening')
  }
  return new Service({ configDir, context, proxy, health, live, grants, secureContexts, secrets, record })
}

type Unstamped<T> = T extends AuditEvent ? Omit<T, 'id' | 'time'> : never
type Recorder = (event: Unstamped<AuditEvent>) => Promise<void>

interface Parts {
  readonly configDir: string
  readonly context: ProxyContext
  readonly proxy: RunningProxy
  readonly health: HealthServer | null
  readonly live: LiveConfig
  readonly grants: FileGrants
  readonly secureContexts: SecureContexts
  readonly secrets: Secrets
  readonly record: Recorder
}

/** Readings of secrets on their way to the audit log, which opens after the first of them. */
class Readings {
  #waiting: SecretReading[] = []
  #record: ((reading: SecretReading) => void) | null = null

  tell(reading: SecretReading): void {
    if (this.#record === null) this.#waiting.push(reading)
    else this.#record(reading)
  }

  recordWith(record: Recorder, log: Logger): void {
    this.#record = (reading) => {
      if (!reading.ok) log.warn({ reference: reading.reference, detail: reading.detail }, 'a secret can not be read')
      record(secretEvent(reading)).catch((error: unknown) => log.error({ err: error }, 'a reading was not recorded'))
    }
    for (const reading of this.#waiting.splice(0)) this.#record(reading)
  }
}

/** The running program. */
class Service {
  readonly context: ProxyContext
  readonly #parts: Parts
  readonly #stopWatching: () => void

  constructor(parts: Parts) {
    this.#parts = parts
    this.context = parts.context
    this.#stopWatching = parts.grants.onChange(() => parts.proxy.endWithoutGrant())
  }

  /** Reads the configuration again: all of it comes into force, or nothing. Rejects with `SP-CONFIG`. */
  async reload(): Promise<void> {
    const { configDir, context, live, grants, secureContexts, secrets, record } = this.#parts
    const { log, metrics } = context
    try {
      const next = await loadConfig(configDir, secrets.resolve)
      // Edited or revived grants are refused here, before anything has changed.
      grants.check(next.grants)
      const changes = diffConfigs(live.config, next)
      // Recorded before it is in force: a policy that is not on record decides nothing.
      await record({ kind: 'config_loaded', digest: next.digest, previous: live.config.digest, changes })
      live.swap(next)
      await secrets.configure(next.secrets)
      secureContexts.clear()
      grants.replace(next.grants)
      metrics.reloads.inc({ outcome: 'ok' })
      log.info({ digest: next.digest }, 'the configuration was reloaded')
    } catch (error) {
      metrics.reloads.inc({ outcome: 'failed' })
      log.error({ detail: asSallyportError(error).detail }, 'the configuration was not reloaded; the old one stays')
      throw error
    }
  }

  /** Ends gracefully: sessions finish within the drain timeout, then the audit log is flushed. */
  async shutDown(): Promise<void> {
    const { context, proxy, health, live, secrets, record } = this.#parts
    await record({ kind: 'process', what: 'drain' })
    await proxy.drain(context.settings().limits.drainTimeoutMs)
    this.#stopWatching()
    live.close()
    await secrets.close()
    health?.close()
    await record({ kind: 'process', what: 'stop' })
    await context.audit.close()
  }
}

function openAuditLog({ node }: Config, log: Logger): AuditLog {
  const audit = createFileAuditLog({
    path: node.audit.path,
    durability: node.audit.durability,
    writerId: node.name,
    product: { version: VERSION, uid: node.name },
  })
  if (audit.cutBytes > 0) log.warn({ bytes: audit.cutBytes }, 'the audit log ended in a torn line, which was cut')
  return audit
}

function recorder(audit: AuditLog, ids: Ids): Recorder {
  return (event) => audit.append([{ ...event, id: ids.uuid(), time: clock.now() } as AuditEvent])
}

function startHealth(
  address: { readonly host: string; readonly port: number },
  { metrics, audit }: ProxyContext,
  proxy: RunningProxy,
): Promise<HealthServer> {
  return serveHealth({
    ...address,
    registry: metrics.registry,
    notReady: () => [
      ...(proxy.draining ? ['draining'] : []),
      ...(audit.healthy ? [] : ['the audit log can not be written']),
    ],
  })
}
