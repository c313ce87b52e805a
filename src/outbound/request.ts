import { request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'

/** One bounded request to a server that the configuration names: no redirects, no proxy, no second try. */
export interface Outgoing {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** PEM: the authorities that the server is trusted by, instead of the built-in ones. */
  readonly ca?: string | null
  /** From the first byte out to the last byte in. */
  readonly timeoutMs: number
  readonly maxBytes?: number
}

export interface Incoming {
  readonly status: number
  readonly text: string
}

/** Why there is no answer. The words hold nothing of what was sent or received. */
export class NoAnswer extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'NoAnswer'
  }
}

const MAX_BODY_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 32 * 1024
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The answer with its whole text, whatever its status. Rejects with `NoAnswer` alone. */
export async function send(outgoing: Outgoing): Promise<Incoming> {
  const url = destination(outgoing.url)
  try {
    return await exchange(url, outgoing)
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

function exchange(url: URL, outgoing: Outgoing): Promise<Incoming> {
  const { promise, resolve, reject } = Promise.withResolvers<Incoming>()
  const options: RequestOptions = {
    method: outgoing.method ?? 'GET',
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...outgoing.headers, ...lengthOf(outgoing) },
    signal: AbortSignal.timeout(outgoing.timeoutMs),
    maxHeaderSize: MAX_HEADER_BYTES,
    agent: false,
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
      else resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
    })
    response.on('error', reject)
  })
  sent.on('error', reject)
  sent.end(outgoing.body)
  return promise
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
