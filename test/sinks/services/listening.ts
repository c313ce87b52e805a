import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { makeCertificates } from '../../../certs/make.ts'

/** A request with its body as it was before compression. */
export interface Heard {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export interface Told {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** As JSON, or as it is where it is a text. */
  readonly body?: unknown
}

/** What a server does instead of an answer. */
export type Fault = 'slow' | 'cut' | 'reset' | 'garbage' | 'redirect' | 'huge'
export const FAULTS: readonly Fault[] = ['slow', 'cut', 'reset', 'garbage', 'redirect', 'huge']

export interface Listening {
  readonly url: string
  /** PEM of the authority of an https server. */
  readonly ca: string
  readonly heard: Heard[]
  /** How many connections were made. */
  connections: number
  /** These are done first, one for each request; then the service answers. */
  readonly instead: (Fault | Told)[]
}

const HUGE_BYTES = 16 * 1024 * 1024

/** A service of the test's own on a free port of loopback. It ends with the test. */
export async function listen(
  service: (heard: Heard) => Told,
  { tls = false }: { readonly tls?: boolean } = {},
): Promise<Listening> {
  const { ca, ...pair } = tls ? certificates() : { ca: '', cert: '', key: '' }
  const listening: Listening = { url: '', ca, heard: [], connections: 0, instead: [] }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const heard = await whole(request)
    listening.heard.push(heard)
    const instead = listening.instead.shift()
    if (typeof instead === 'string') return misbehave(response, instead)
    tell(response, instead ?? service(heard))
  }
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy())
  }
  const server = tls ? createHttps(pair, listener) : createHttp(listener)
  server.on(tls ? 'secureConnection' : 'connection', () => listening.connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(listening, { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}` })
}

async function whole(request: IncomingMessage): Promise<Heard> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method = '', url = '/', headers } = request
  const sent = Buffer.concat(chunks)
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
  return { method, url: new URL(url, 'http://service'), headers: headers as Heard['headers'], body }
}

function tell(response: ServerResponse, { status, headers, body }: Told): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
}

function misbehave(response: ServerResponse, fault: Fault): void {
  switch (fault) {
    case 'slow':
      response.writeHead(200, { 'content-length': '100' }).write('{')
      return
    case 'cut':
      response.writeHead(200, { 'content-length': '100' }).write('{"items":')
      setImmediate(() => response.destroy())
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>s3cr3t</html>')
      return
    case 'redirect':
      response.writeHead(302, { location: '/elsewhere' }).end()
      return
    case 'huge':
      response.writeHead(200).end(JSON.stringify({ text: 'x'.repeat(HUGE_BYTES) }))
  }
}

export function certificates(): { readonly ca: string; readonly cert: string; readonly key: string } {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-sink-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const files = makeCertificates(dir)
  const read = (path: string) => readFileSync(path, 'utf8')
  return { ca: read(files.ca), cert: read(files.cert), key: read(files.key) }
}
