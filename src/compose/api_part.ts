import type { Logger } from 'pino'
import type { AccessEvent } from '../audit/access_event.ts'
import { CheckpointProofs } from '../auditlog/proof_thread.ts'
import type { ApiConfig, Config } from '../config/config.ts'
import type { ControlPlane } from '../control/control.ts'
import { asSallyportError } from '../errors.ts'
import { createOutgoing } from '../http/outgoing/deliveries.ts'
import type { ApiDeps, ApiSettings } from '../http/ports.ts'
import { type Api, startApi } from '../http/server.ts'
import { connectSlack } from '../http/slack/client.ts'
import { slackMessage } from '../http/slack/message.ts'
import type { LiveIncidents } from '../incidents/incidents.ts'
import { fetchBy } from '../oidc/https_fetch.ts'
import { createLogoutVerifier } from '../oidc/logout_token.ts'
import type { CertificateAuthority, Clock, Credentials, Ids, Locks, Tokens } from '../session/ports.ts'
import type { SqlStore } from '../store/sql_store.ts'
import { VERSION } from '../version.ts'
import type { Onward } from './foundations.ts'

const SEND_EVERY_MS = 1_000

export interface ApiPartDeps
  extends Pick<
    ApiDeps,
    | 'questions'
    | 'evidence'
    | 'history'
    | 'auditSearch'
    | 'alerts'
    | 'sinks'
    | 'recordings'
    | 'posture'
    | 'usage'
    | 'loggedOut'
  > {
  readonly config: () => Config
  readonly control: ControlPlane
  readonly incidents: LiveIncidents
  readonly onward: Onward
  readonly onEvents: (listener: (events: readonly AccessEvent[]) => void) => void
  readonly store: SqlStore
  readonly audit: ApiDeps['audit']
  readonly tokens: Tokens
  readonly locks: Locks
  readonly credentials: Credentials
  readonly authority: CertificateAuthority
  readonly secret: (reference: string) => Promise<string>
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Logger
  /** The listeners with the ports that they got. */
  readonly listening: readonly { readonly settings: Config['node']['listeners'][number]; readonly port: number }[]
}

/** The admin API with its webhooks out; null where the configuration has none. */
export async function composeApi(deps: ApiPartDeps): Promise<Pick<Api, 'port' | 'close'> | null> {
  const { node, oidc } = deps.config()
  if (node.api === null) return null
  const settings = settingsOf(node.api, oidc.issuer)
  const logger = deps.log.child({ part: 'api' })
  const apiDeps: ApiDeps = {
    ...deps,
    settings,
    version: VERSION,
    log: {
      info: (detail, text) => logger.info(detail, text),
      warn: (detail, text) => logger.warn(detail, text),
      error: (detail, text) => logger.error(detail, text),
    },
    certificates: { authority: deps.authority, live: deps.credentials },
    logoutTokens: createLogoutVerifier(oidc, clientsOf(node.api), { clock: deps.clock }),
    providerFetch: oidc.ca === null ? null : fetchBy(oidc.ca),
    clientSettings: clientSettingsOf(node.api, oidc.issuer, deps.listening),
    incidentWebhooks: deps.incidents,
    checkpoints: new CheckpointProofs(() => deps.config().node.audit.directory),
    fileGrants: () => deps.config().grants,
  }
  const stop = sendOut(apiDeps, deps)
  const api = await startApi(apiDeps)
  return {
    port: api.port,
    close: async () => {
      await stop()
      await api.close()
    },
  }
}

function settingsOf(api: ApiConfig, issuer: string): ApiSettings {
  const { slack, login, client: _, ...rest } = api
  return {
    ...rest,
    login: login === null ? null : { ...login, issuer },
    slack: slack === null ? null : connectSlack(slack),
  }
}

function clientsOf({ login, client }: ApiConfig): string[] {
  return [login?.clientId, client?.clientId].filter((id) => id !== undefined)
}

function clientSettingsOf(
  api: ApiConfig,
  issuer: string,
  listening: ApiPartDeps['listening'],
): ApiDeps['clientSettings'] {
  if (api.client === null) return null
  const { clientId, scopes, token, resource, addresses } = api.client
  const { hostname } = new URL(api.publicUrl)
  const asTheyAre = listening.map(({ settings, port }) => {
    const { engine, auth, target } = settings
    return { engine, host: hostname, port, auth, target }
  })
  const listeners = addresses.length > 0 ? addresses : asTheyAre
  return { issuer, clientId, scopes: scopes.join(' '), token, resource, listeners }
}

/** Webhooks and Slack hear of what happened; a message that fails never holds up what it tells of. */
function sendOut(api: ApiDeps, { onEvents, onward, config, store, log }: ApiPartDeps): () => Promise<void> {
  const outgoing = createOutgoing(api)
  const sending = new Set<Promise<void>>()
  const guarded = (work: () => Promise<void>) => {
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        const { code, detail } = asSallyportError(error)
        log.warn({ code, detail }, 'a message about an event could not be sent')
      })
      .finally(() => sending.delete(running))
    sending.add(running)
  }
  // Noted before the event leaves the outbox, so that no crash loses a webhook; what is noted twice is sent once.
  onward.deliver = (events) => outgoing.enqueue(events)
  onEvents((events) => {
    for (const event of events) if (event.activity === 'request.created') guarded(() => askInSlack(api, event))
  })
  const askInSlack = async ({ settings }: ApiDeps, { requestId }: AccessEvent) => {
    const channel = config().node.api?.slack?.channel ?? null
    if (settings.slack === null || channel === null || requestId === null) return
    const request = await store.read((tx) => tx.requests.get(requestId))
    if (request?.state !== 'pending') return
    await settings.slack.send(channel, slackMessage(request, settings.publicUrl))
  }
  const timer = setInterval(() => guarded(() => outgoing.tick()), SEND_EVERY_MS)
  return async () => {
    clearInterval(timer)
    await Promise.all(sending)
  }
}
