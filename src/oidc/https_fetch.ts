import { type RequestOptions, request } from 'node:https'
import { SallyportError } from '../errors.ts'

export type Fetch = (url: string, options: { readonly signal?: AbortSignal }) => Promise<Response>

const MAX_BODY_BYTES = 1024 * 1024
const TIMEOUT_MS = 5000

/** Node's fetch trusts the built-in authorities alone, and can't be told otherwise at a reload: so an own small one. */
export function fetchWithAuthorities(ca: string): Fetch {
  return (url, { signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const options: RequestOptions = { ca, timeout: TIMEOUT_MS, headers: { accept: 'application/json' } }
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
    sent.end()
    return promise
  }
}

/** JSON of a document of the provider. A redirect is refused: the document is where the issuer says, or nowhere. */
export async function fetchJson(fetch: Fetch, url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => {
    throw unreachable('can not be reached')
  })
  if (response.status !== 200) throw unreachable(`answered with status ${response.status}`)
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
