import type { Logger } from 'pino'
import { composeAccounts } from './compose/accounts_part.ts'
import { type ApiPartDeps, composeApi } from './compose/api_part.ts'
import { composeControl } from './compose/control_part.ts'
import { type Foundations, layFoundations, type Seams } from './compose/foundations.ts'
import { startHealth } from './compose/health_part.ts'
import { fileEntries } from './compose/policy_files.ts'
import { composeQuestions } from './compose/questions_part.ts'
import { composeRecordings } from './compose/recordings_part.ts'
import { composeReports } from './compose/reports_part.ts'
import { RunningProgram } from './compose/running_program.ts'
import { type SessionEnds, sessionEnder } from './compose/session_ends.ts'
import { composeSinks } from './compose/sinks_part.ts'
import { composeUpkeep } from './compose/upkeep_part.ts'
import type { Config } from './config/config.ts'
import type { ControlPlane } from './control/control.ts'
import { asSallyportError } from './errors.ts'
import { createAuthority } from './proxy/authority.ts'
import { ownAuthority } from './proxy/authority_files.ts'
import type { ProxyContext } from './proxy/context.ts'
import { createEngines } from './proxy/engines.ts'
import { ConnectionCounts, FailedLogins } from './proxy/limits.ts'
import { readVersions } from './proxy/mysql_front.ts'
import { serveMysql } from './proxy/mysql_session.ts'
import { servePostgres } from './proxy/postgres_session.ts'
import { type Proxy as RunningProxy, SecureContexts, startProxy } from './proxy/proxy.ts'
import type { Recordings } from './recording/recordings.ts'
import { Gate } from './session/gate.ts'
import type { Accounts, CertificateAuthority, Clock, Tokens } from './session/ports.ts'

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/**
 * Starts the proxy with its control plane from a configuration directory. Rejects with `SP-CONFIG`, `SP-STORE`, or what
 * kept a port from being bound.
 */
export async function serve(configDir: string, seams: Seams = {}): Promise<RunningProgram> {
  const base = await layFoundations(configDir, clock, seams)
  const { config, live, log, stored, sessions, ids, audit, secrets, made } = base
  const { store } = stored
  const { catalogs } = live
  live.warm()
  const sinks = composeSinks(base)
  const upkeep = composeUpkeep({ ...base, delivered: () => sinks.deliveredUpTo() })
  const engineFor = createEngines()
  const accounts = composeAccounts({
    ...{ ...base, catalogs, engineFor },
    adminOf: (target) => live.loginOf(target),
    ledger: stored.ledger,
    grants: stored.grants,
    record: (event) => audit.append([event]).catch((err: unknown) => log.error({ err }, 'an event was not recorded')),
    newId: () => ids.uuid(),
  })
  const own = config.authority ?? (await ownAuthority(config.node.dataDir, clock.now()))
  const authority = createAuthority(own, clock)
  const ends = sessionEnder({ store, sessions, node: config.node.name, log })
  const secret = (reference: string) => secrets.text(reference)
  const plane = composeControl({
    ...{ ...base, catalogs, engineFor, secret, store, authority },
    resolve: secrets.resolve,
    endSession: ends.end,
    usageKnownSince: () => stored.usageKnown.since,
  })
  const { control } = plane
  await control.noteFilePolicies(fileEntries(config, made))
  const secureContexts = new SecureContexts()
  const recordings = composeRecordings(base)
  const parts = { control, authority, secureContexts, engineFor, accounts: accounts.accounts }
  const context = contextOf(base, { ...parts, recordings: recordings.recordings })
  accounts.start()
  const proxy = await startProxy(context, config.node.listeners, { postgres: servePostgres, mysql: serveMysql })
  plane.start()
  readVersions(context)
  const reports = composeReports(base)
  const api = await composeApi({
    ...{ ...base, control, incidents: plane.incidents, store, authority, secret },
    tokens: context.tokens,
    locks: stored.locks,
    credentials: stored.credentials,
    config: () => live.config,
    onEvents: (listener) => plane.onEvents(listener),
    listening: proxy.listening.map(({ settings, port }) => ({ settings: live.listener(settings), port })),
    questions: composeQuestions({ ...base, ...stored, catalogs, engineFor, resolve: secrets.resolve }),
    ...reports,
    recordings: recordings.shelf,
    sinks,
    loggedOut: loggedOutBy(control, ends, log),
  })
  const health = config.node.metrics ? await startHealth(config.node.metrics, context, proxy, stored) : null
  sayListening(proxy, api, log)
  const running = { context, proxy, sinks, upkeep, health, accounts, plane, api, reports, ends }
  return new RunningProgram({ ...base, ...running, secureContexts, recordings })
}

function sayListening({ listening }: RunningProxy, api: { readonly port: number } | null, log: Logger): void {
  for (const { settings, port } of listening) {
    log.info({ engine: settings.engine, host: settings.host, port }, 'listening')
  }
  if (api) log.info({ port: api.port }, 'the admin API is listening')
}

/** In this order: nobody comes back by a password between the two. */
function loggedOutBy(control: ControlPlane, ends: SessionEnds, log: Logger): ApiPartDeps['loggedOut'] {
  return (who) => {
    void control
      .loggedOut(who)
      .catch((err: unknown) => log.error({ err }, 'what a person held could not be revoked'))
      .finally(() => ends.endOf(who))
  }
}

interface Parts {
  readonly control: ControlPlane
  readonly authority: CertificateAuthority
  readonly secureContexts: SecureContexts
  readonly engineFor: ProxyContext['engineFor']
  readonly accounts: Accounts
  readonly recordings: Recordings
}

/** What every connection needs. */
function contextOf(
  base: Foundations,
  { control, authority, secureContexts, engineFor, accounts, recordings }: Parts,
): ProxyContext {
  const { live, stored, audit, ids, log, sessions, metrics } = base
  const { grants, locks, credentials, uses, plans, quota } = stored
  const { catalogs, policy, liveCheck } = live
  const refusals = { ...control.refusals, linkTo: (id: string) => linkTo(live.config, id) }
  return {
    settings: () => live.settings,
    secureContextOf: (listener) => secureContexts.of(live.listener(listener), authority.chain),
    tokens: seenBy(control.seen, live.tokens, (error) => {
      log.warn({ code: asSallyportError(error).code }, 'a person could not be noted as seen')
    }),
    ...{ credentials, authority, locks, refusals, uses, grants, catalogs, policy, liveCheck, engineFor, accounts },
    ...{ audit, clock, ids, log, sessions, metrics, recordings },
    liveSessions: stored.sessions,
    gate: new Gate({ catalogs, policy, grants, ids, quota, refusals, plans }),
    counts: new ConnectionCounts(),
    failures: new FailedLogins(),
  }
}

/** Who comes with a good token is known from then on: by their groups, they may be asked to approve. */
function seenBy(seen: ControlPlane['seen'], tokens: Tokens, failed: (error: unknown) => void): Tokens {
  const noted = (identity: Awaited<ReturnType<Tokens['verify']>>) => {
    seen(identity).catch(failed)
    return identity
  }
  return { verify: async (token) => noted(await tokens.verify(token)) }
}

/** Where browsers log in there is a page that opens a request from a refusal. */
function linkTo({ node: { api } }: Config, id: string): string | null {
  if (api === null || api.login === null) return null
  return new URL(`/requests/new?from=${encodeURIComponent(id)}`, api.publicUrl).href
}
