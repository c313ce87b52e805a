import { type RequestOptions, request } from 'node:https'
import { SallyportError } from '../errors.ts'

export interface FetchOptions {
  readonly signal?: AbortSignal
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Fetch = (url: string, options: FetchOptions) => Promise<Response>

const MAX_BODY_BYTES = 1024 * 1024
const TIMEOUT_MS = 5000

/** Node's own, which follows no redirect; or, with authorities of one's own, a small one that trusts those. */
export function fetchBy(ca: string | null): Fetch {
  return ca === null ? (url, options) => fetch(url, { ...options, redirect: 'error' }) : fetchWithAuthorities(ca)
}

/** Node's fetch trusts the built-in authorities alone, and can't be told otherwise at a reload: so an own small one. */
export function fetchWithAuthorities(ca: string): Fetch {
  return (url, { signal, method = 'GET', headers = {}, body }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const accepts = { accept: 'application/json', ...headers }
    const options: RequestOptions = { ca, method, timeout: TIMEOUT_MS, headers: accepts }
    if (signal !== undefined) options.signal = signal
    const sent = request(url, options, (response) => {
      const chunks: Uint8Array[] = []
      let size = 0
      response.on('data', (chunk: Uint8Array) => {
        size += chunk.length
        if (size > MAX_BODY_BYTES) sent.destroy(unreachable('answered with too much'))
        else chunks.push(chunk)
      })
      response.on('end', () => resolve(new Response(Buffer.concat(chunks), { status: response.statusCode ?? 500 })))
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(unreachable('did not answer in time')))
    sent.on('error', reject)
    sent.end(body)
    return promise
  }
}

/** JSON of a document of the provider. A redirect is refused: the document is where the issuer says, or nowhere. */
export async function fetchJson(fetch: Fetch, url: string): Promise<unknown> {
  const response = await asked(fetch, url, {})
  if (response.status !== 200) throw unreachable(`answered with status ${response.status}`)
  return jsonOf(response)
}

/** An answer of the provider, within the time limit. */
export async function asked(fetch: Fetch, url: string, options: FetchOptions): Promise<Response> {
  return fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => {
    throw unreachable('can not be reached')
  })
}

export async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text.length > MAX_BODY_BYTES) throw unreachable('answered with too much')
  try {
    return JSON.parse(text)
  } catch {
    throw unreachable('answered with something other than JSON')
  }
}

export function unreachable(what: string): SallyportError {
  return new SallyportError('SP-AUTH', `the identity provider ${what}`)
}
