import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions, request as requestHttps } from 'node:https'

/** One bounded request to a server that the configuration names: no redirects, no proxy, no second try. */
export interface Outgoing {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** PEM: the authorities that the server is trusted by, instead of the built-in ones. */
  readonly ca?: string | null
  /** From the first byte out to the last byte in. */
  readonly timeoutMs: number
  readonly maxBytes?: number
  /** Connections that are kept between requests. Default: one of its own. */
  readonly connections?: Connections
  /** Ends the request before its time. */
  readonly signal?: AbortSignal
}

export interface Incoming {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Connections to one server that stay open between requests. */
export type Connections = HttpAgent | HttpsAgent

/** Why there is no answer. The words hold nothing of what was sent or received. */
export class NoAnswer extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'NoAnswer'
  }
}

const MAX_BODY_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 32 * 1024
/** A free connection is closed after so long, in milliseconds: below what balancers allow, mostly a minute. */
const IDLE_MS = 30_000
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** At most `atOnce` connections to the server of a URL; `destroy()` closes them. */
export function keepConnections(url: string, atOnce: number): Connections {
  const options = { keepAlive: true, maxSockets: atOnce, maxFreeSockets: atOnce, timeout: IDLE_MS }
  return url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
}

/** A kept connection that the server closed as the request went out (RFC 9112, 9.3.1). */
class ClosedMeanwhile extends Error {}

/**
 * The answer with its whole text, whatever its status. Rejects with `NoAnswer` alone. What went out on a kept connection
 * that broke before any answer is sent once more on one of its own, so with `connections` the server may see it twice.
 */
export async function send(outgoing: Outgoing): Promise<Incoming> {
  const url = destination(outgoing.url)
  const signal = deadline(outgoing)
  try {
    return await exchange(url, outgoing, signal).catch((error: unknown) => {
      if (!(error instanceof ClosedMeanwhile)) throw error
      const { connections: _, ...alone } = outgoing
      return exchange(url, alone, signal)
    })
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer(reason(error))
  }
}

function destination(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw new NoAnswer('the address is not a URL')
  const clear = url.protocol === 'http:' && LOOPBACK.has(url.hostname)
  if (url.protocol !== 'https:' && !clear) throw new NoAnswer('the address is not an https URL')
  if (url.username !== '' || url.password !== '') throw new NoAnswer('the address holds a password')
  return url
}

function exchange(url: URL, outgoing: Outgoing, signal: AbortSignal): Promise<Incoming> {
  const { promise, resolve, reject } = Promise.withResolvers<Incoming>()
  const options: RequestOptions = {
    method: outgoing.method ?? 'GET',
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...outgoing.headers, ...lengthOf(outgoing) },
    signal,
    maxHeaderSize: MAX_HEADER_BYTES,
    agent: outgoing.connections ?? false,
  }
  if (typeof outgoing.ca === 'string') options.ca = outgoing.ca
  const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, (response) => {
    const chunks: Uint8Array[] = []
    let size = 0
    response.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size > (outgoing.maxBytes ?? MAX_BODY_BYTES)) sent.destroy(new NoAnswer('answered with too much'))
      else chunks.push(chunk)
    })
    response.on('end', () => {
      if (!response.complete) reject(new NoAnswer('was cut off in its answer'))
      else resolve(incoming(response, chunks))
    })
    response.on('error', reject)
  })
  sent.on('error', (error) => reject(sent.reusedSocket && isClosed(error) ? new ClosedMeanwhile() : error))
  sent.end(outgoing.body)
  return promise
}

function deadline({ timeoutMs, signal }: Outgoing): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs)
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal])
}

function incoming(response: IncomingMessage, chunks: readonly Uint8Array[]): Incoming {
  const { statusCode = 0, headers } = response
  return { status: statusCode, headers, text: Buffer.concat(chunks).toString('utf8') }
}

function isClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function lengthOf({ body }: Outgoing): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
}

/** The system's own code names no secret; a message may. */
function reason(error: unknown): string {
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return 'did not answer in time'
  }
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code)
    ? `can not be reached: ${code}`
    : 'can not be reached'
}
