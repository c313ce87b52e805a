import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import { type FastifyInstance, fastify } from 'fastify'
import { SallyportError } from '../errors.ts'
import { ConsoleSessions } from './console_sessions.ts'
import { answerUnread, answerUnrouted, registerAnswers } from './failures.ts'
import { handlersOf } from './handlers.ts'
import { sweepAnswers } from './idempotency.ts'
import { ConsoleLogin } from './login.ts'
import { registerPages } from './pages/pages.ts'
import type { ApiDeps } from './ports.ts'
import { createRates, MAX_COUNTED } from './rates.ts'
import { registerBodies } from './raw_body.ts'
import { registerRoutes } from './routes.ts'
import { limitSockets } from './sockets.ts'

const MAX_BODY_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 64 * 1024
const REQUEST_TIMEOUT_MS = 30_000
const HEADERS_TIMEOUT_MS = 10_000
/** Node looks at half a minute's distance else, which is what a slow sender is given then. */
const CHECK_MS = 2_000
const IDLE_TIMEOUT_MS = 60_000
const MAX_PARAM_CHARACTERS = 512
const SWEEP_MS = 3_600_000
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

export interface Api {
  readonly port: number
  close(): Promise<void>
}

/** Serves the admin API. Rejects with `SP-CONFIG` where tokens would travel in clear. */
export async function startApi(deps: ApiDeps): Promise<Api> {
  const { settings, log } = deps
  if (settings.tls === null && !LOOPBACK.has(settings.host))
    throw new SallyportError('SP-CONFIG', `node.api: ${settings.host} is no loopback address, so it needs tls`)
  const app = createApp(deps)
  const sessions = new ConsoleSessions(deps.clock)
  const login = settings.login === null ? null : new ConsoleLogin(deps, settings.login, sessions)
  await app.register(cookie)
  await app.register(rateLimit, { global: false, cache: MAX_COUNTED })
  registerBodies(app)
  registerAnswers(app, deps)
  const rates = createRates(app, settings.rates)
  registerRoutes(app, { deps, sessions, rates, handlers: handlersOf(deps, sessions, login) })
  if (login !== null) registerPages(app, { deps, sessions, rates })
  await app.listen({ host: settings.host, port: settings.port })
  const address = app.server.address()
  const sweep = setInterval(() => {
    sweepAnswers(deps).catch(() => log.warn({}, 'old answers could not be removed'))
  }, SWEEP_MS)
  sweep.unref()
  return {
    port: typeof address === 'object' && address !== null ? address.port : settings.port,
    close: async () => {
      clearInterval(sweep)
      await app.close()
    },
  }
}

function createApp({ settings, certificates, ids }: ApiDeps): FastifyInstance {
  const { tls, trustedProxies } = settings
  const options = {
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: () => ids.uuid(),
    requestIdHeader: false,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    frameworkErrors: answerUnrouted,
    clientErrorHandler: answerUnread,
    routerOptions: { maxParamLength: MAX_PARAM_CHARACTERS },
  } as const
  const http = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_MS,
  }
  const app: FastifyInstance =
    tls === null
      ? fastify({ ...options, http })
      : (fastify({
          ...options,
          https: {
            ...http,
            cert: tls.cert,
            key: tls.key,
            minVersion: 'TLSv1.2',
            // Any certificate may be shown: our own authority judges it, not the built-in ones.
            requestCert: certificates !== null,
            rejectUnauthorized: false,
          },
        }) as unknown as FastifyInstance)
  limitSockets(app.server, trustedProxies)
  return app
}
