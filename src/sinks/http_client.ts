import { Agent as AgentHttp, type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { Agent as AgentHttps, request as requestHttps } from 'node:https'
import { SallyportError } from '../errors.ts'
import { createAddressGuard, PRIVATE_NETWORKS } from '../outbound/address.ts'
import type { NetworkSink } from '../session/sink_settings.ts'
import { type SenderDeps, SinkError } from './sender.ts'

export interface HttpPost {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** At most `MAX_ANSWER_BYTES`; a longer answer is cut off there. */
  readonly text: string
}

/** Requests to one sink, over connections that stay open. */
export interface HttpClient {
  /** The whole answer, whatever its status. Rejects with `SinkError` where there is none. */
  send(post: HttpPost): Promise<HttpAnswer>
  close(): void
}

/** Bulk answers name each record. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const MAX_HEADER_BYTES = 32 * 1024
/** Connections that nobody used for so long are closed: most receivers close theirs after a minute. */
const IDLE_MS = 30_000

export function createHttpClient(
  { tls, allowNetworks }: Pick<NetworkSink, 'tls' | 'allowNetworks'>,
  { secret }: Pick<SenderDeps, 'secret'>,
): HttpClient {
  const guard = createAddressGuard(allowNetworks ?? PRIVATE_NETWORKS, 'allowNetworks of the sink')
  const { ca, cert, key, serverName } = tls
  const pooled = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS, lookup: guard.lookup }
  const agents = { http: new AgentHttp(pooled), https: new AgentHttps(pooled) }
  return {
    send: async (post) => {
      const url = checked(() => guard.check(post.url))
      const ownKey = key === null ? null : await secret(key)
      const options = {
        method: post.method ?? 'POST',
        headers: { 'user-agent': 'Sallyport', 'accept-encoding': 'identity', ...post.headers, ...lengthOf(post) },
        signal: post.signal,
        maxHeaderSize: MAX_HEADER_BYTES,
        lookup: guard.lookup,
        ...(ca === null ? {} : { ca }),
        ...(cert === null || ownKey === null ? {} : { cert, key: ownKey }),
        ...(serverName === null ? {} : { servername: serverName }),
      }
      const request = () =>
        url.protocol === 'https:'
          ? requestHttps(url, { ...options, agent: agents.https })
          : requestHttp(url, { ...options, agent: agents.http })
      return (await answered(request(), post.body)) ?? (await answered(request(), post.body)) ?? broken()
    },
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

/** Null where a connection that was kept broke before any answer: the receiver closed it as the request went out. */
function answered(sent: ReturnType<typeof requestHttp>, body: string | Uint8Array): Promise<HttpAnswer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer | null>()
  sent.on('error', (error) => {
    if (sent.reusedSocket && isBroken(error)) resolve(null)
    else reject(new SinkError(reasonOf(error)))
  })
  sent.on('response', (response) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const done = () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
    }
    response.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= MAX_ANSWER_BYTES) return
      done()
      sent.destroy()
    })
    response.on('end', () => (response.complete ? done() : reject(new SinkError('the answer was cut off'))))
    response.on('error', (error) => reject(new SinkError(reasonOf(error))))
  })
  sent.end(body)
  return promise
}

/**
 * What a sink asks to be left alone for, in milliseconds: seconds or a date (RFC 9110, 10.2.3). Undefined where it says
 * nothing, or nothing that can be read.
 */
export function retryAfterMs({ headers }: Pick<HttpAnswer, 'headers'>, now: number): number | undefined {
  const text = headers['retry-after']
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function checked(check: () => URL): URL {
  try {
    return check()
  } catch (error) {
    throw new SinkError(error instanceof SallyportError ? error.detail : 'the address can not be used')
  }
}

function lengthOf({ body }: HttpPost): Record<string, number> {
  return { 'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length }
}

function isBroken(error: Error & { readonly code?: unknown }): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

function broken(): never {
  throw new SinkError('the connection broke')
}

/** A code, or a sentence of ours: texts of the network may hold anything. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'did not answer in time'
  return typeof error.code === 'string' && /^[A-Z_0-9]{1,64}$/.test(error.code)
    ? `can not be reached (${error.code})`
    : 'can not be reached, or may not be'
}
