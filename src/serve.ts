import { type Logger, pino } from 'pino'
import { type Config, diffConfigs } from './config/config.ts'
import { loadConfig } from './config/load.ts'
import { asSallyportError, SallyportError } from './errors.ts'
import { createTokenVerifier } from './oidc/token_verifier.ts'
import type { ProxyContext } from './proxy/context.ts'
import { createEngines } from './proxy/engines.ts'
import { type HealthServer, serveHealth } from './proxy/health.ts'
import { createIds } from './proxy/ids.ts'
import { ConnectionCounts, FailedLogins } from './proxy/limits.ts'
import { createMetrics } from './proxy/metrics.ts'
import { serveMysql } from './proxy/mysql_session.ts'
import { servePostgres } from './proxy/postgres_session.ts'
import { type Proxy as RunningProxy, SecureContexts, startProxy } from './proxy/proxy.ts'
import { Sessions } from './proxy/sessions.ts'
import { resolveSecret } from './secrets/resolve_secret.ts'
import { Gate } from './session/gate.ts'
import type { AuditLog, Clock, PolicySource, Target } from './session/ports.ts'
import { createFileAuditLog } from './sinks/file_audit_log.ts'
import { createFileGrants } from './store/file_grants.ts'
import { createStaticAccounts } from './store/static_accounts.ts'
import { createCatalogs } from './upstream/catalogs.ts'
import { VERSION } from './version.ts'

export interface Served {
  readonly context: ProxyContext
  readonly proxy: RunningProxy
  readonly health: HealthServer | null
  /** Reads the configuration again: all of it, or nothing. */
  reload(): Promise<void>
  /** Ends gracefully: sessions finish within the drain timeout, then the audit log is flushed. */
  shutDown(): Promise<void>
}

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Starts the proxy from a configuration directory. Rejects with `SP-CONFIG` or what kept a port from being bound. */
export async function serve(configDir: string): Promise<Served> {
  let config = await loadConfig(configDir, resolveSecret)
  const log = pino({ level: config.node.logLevel, base: { node: config.node.name } })
  const ids = createIds(clock.now)
  const audit = createFileAuditLog({
    path: config.node.audit.path,
    durability: config.node.audit.durability,
    writerId: config.node.name,
    product: { version: VERSION, uid: config.node.name },
  })
  const record = (event: Parameters<AuditLog['append']>[0][number]) => audit.append([event])
  await record({ kind: 'process', id: ids.uuid(), time: clock.now(), what: 'start' })
  await record(loaded(null, config))
  const grants = createFileGrants(config.grants, clock)
  const policy: PolicySource = {
    get configDigest() {
      return config.digest
    },
    role: (name) => config.roles.get(name),
    masking: () => config.masking,
  }
  let catalogs = catalogsOf(config, log)
  let tokens = createTokenVerifier(config.oidc, { clock })
  let targets = targetsOf(config)
  const secureContexts = new SecureContexts()
  const context: ProxyContext = {
    settings: () => ({ targets, limits: config.node.limits }),
    secureContextOf: (listener) => {
      // The certificate in force is the one of the newest configuration for that address.
      const current = config.node.listeners.find(({ host, port }) => host === listener.host && port === listener.port)
      return secureContexts.of(current ?? listener)
    },
    tokens: { verify: (token) => tokens.verify(token) },
    grants,
    policy,
    catalogs: {
      current: (target, database) => catalogs.current(target, database),
      ensure: (target, database) => catalogs.ensure(target, database),
      invalidate: (target, reason) => catalogs.invalidate(target, reason),
    },
    accounts: createStaticAccounts((target, role) => accountOf(config, target, role)),
    audit,
    clock,
    ids,
    gate: new Gate({
      catalogs: { current: (target, database) => catalogs.current(target, database) },
      policy,
      ids,
    }),
    engineFor: createEngines(),
    sessions: new Sessions(),
    counts: new ConnectionCounts(),
    failures: new FailedLogins(),
    metrics: createMetrics(),
    log,
  }
  const proxy = await startProxy(context, config.node.listeners, { postgres: servePostgres, mysql: serveMysql })
  const health = config.node.metrics && (await startHealth(config, context, proxy))
  const stopWatching = grants.onChange(() => endEnded(context, proxy))
  for (const { settings, port } of proxy.listening)
    log.info({ engine: settings.engine, host: settings.host, port }, 'listening')

  function loaded(previous: Config | null, now: Config): Parameters<AuditLog['append']>[0][number] {
    const changes = previous ? diffConfigs(previous, now) : []
    const base = { id: ids.uuid(), time: clock.now() }
    return { kind: 'config_loaded', ...base, digest: now.digest, previous: previous?.digest ?? null, changes }
  }

  async function reload(): Promise<void> {
    try {
      const next = await loadConfig(configDir, resolveSecret)
      // Recorded before it is in force: a policy that is not on record decides nothing.
      await record(loaded(config, next))
      const sameTargets = JSON.stringify(config.tree.targets) === JSON.stringify(next.tree.targets)
      config = next
      targets = targetsOf(next)
      if (!sameTargets) {
        catalogs.close()
        catalogs = catalogsOf(next, log)
      }
      tokens = createTokenVerifier(next.oidc, { clock })
      secureContexts.clear()
      grants.replace(next.grants)
      context.metrics.reloads.inc({ outcome: 'ok' })
      log.info({ digest: next.digest }, 'the configuration was reloaded')
    } catch (error) {
      context.metrics.reloads.inc({ outcome: 'failed' })
      log.error({ detail: asSallyportError(error).detail }, 'the configuration was not reloaded; the old one stays')
      throw error
    }
  }

  async function shutDown(): Promise<void> {
    await record({ kind: 'process', id: ids.uuid(), time: clock.now(), what: 'drain' })
    await proxy.drain(config.node.limits.drainTimeoutMs)
    stopWatching()
    catalogs.close()
    health?.close()
    await record({ kind: 'process', id: ids.uuid(), time: clock.now(), what: 'stop' })
    await audit.close()
  }

  return { context, proxy, health, reload, shutDown }
}

function catalogsOf(config: Config, log: Logger) {
  return createCatalogs({
    targets: config.targets,
    clock,
    account: ({ name }) => config.staticAccounts.get(name)?.default.user ?? null,
    log: (event) => log.warn(event, 'reading a catalog failed'),
  })
}

function targetsOf(config: Config): ReadonlyMap<string, Target> {
  return new Map(config.targets.map((target) => [target.name, target]))
}

function accountOf(config: Config, target: string, role: string) {
  const account = config.staticAccounts.get(target)
  const credential = account?.byRole.get(role) ?? account?.default
  if (!credential) throw new SallyportError('SP-UPSTREAM', `no account is configured for ${target}`)
  return credential
}

function startHealth(config: Config, context: ProxyContext, proxy: RunningProxy): Promise<HealthServer> {
  const { host, port } = config.node.metrics as { host: string; port: number }
  return serveHealth({
    host,
    port,
    registry: context.metrics.registry,
    notReady: () => [
      ...(proxy.draining ? ['draining'] : []),
      ...(context.audit.healthy ? [] : ['the audit log can not be written']),
    ],
  })
}

/** After a change of grants: sessions whose grant is gone or over end now. */
function endEnded({ grants, clock: time }: ProxyContext, proxy: RunningProxy): void {
  const now = time.now()
  const active = new Set(
    grants
      .snapshot()
      .grants.filter(({ start, end }) => now >= start && now < end)
      .map(({ id }) => id),
  )
  proxy.endWithoutGrant((id) => active.has(id))
}
