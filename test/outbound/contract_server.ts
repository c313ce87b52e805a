import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { makeCertificates } from '../../certs/make.ts'

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** What a server does instead of an answer. */
export type Fault = 'slow' | 'cut' | 'huge' | 'garbage' | 'redirect' | 'hang up'

export type Reply =
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly fault: Fault }

export interface ContractServer {
  readonly url: string
  /** PEM of the authority of an https server. */
  readonly ca: string
  readonly asked: Asked[]
}

/** A server of the test's own, on a free port of loopback, that ends with the test. */
export async function serveContract(
  answer: (asked: Asked) => Reply,
  { tls = false }: { readonly tls?: boolean } = {},
): Promise<ContractServer> {
  const asked: Asked[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', url: path = '' } = request
    const one = { method, path, headers: request.headers as Record<string, string | undefined>, body }
    asked.push(one)
    reply(response, answer(one))
  }
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => response.destroy())
  }
  const { ca, ...pair } = tls ? certificates() : { ca: '', cert: '', key: '' }
  const server = tls ? createHttps(pair, listener) : createHttp(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`, ca, asked }
}

function certificates(): { readonly ca: string; readonly cert: string; readonly key: string } {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-contract-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const files = makeCertificates(dir)
  return {
    ca: readFileSync(files.ca, 'utf8'),
    cert: readFileSync(files.cert, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  }
}

const HUGE_BYTES = 8 * 1024 * 1024

function reply(response: ServerResponse, given: Reply): void {
  if (!('fault' in given)) {
    const body = given.json === undefined ? '' : JSON.stringify(given.json)
    response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers }).end(body)
    return
  }
  switch (given.fault) {
    case 'slow':
      // Something comes at once, and nothing after it.
      response.writeHead(200, { 'content-length': '100' }).write('{')
      return
    case 'cut':
      response.writeHead(200, { 'content-length': '100' }).write('{"value":')
      setImmediate(() => response.destroy())
      return
    case 'huge':
      response.writeHead(200).end(JSON.stringify({ value: 'x'.repeat(HUGE_BYTES) }))
      return
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end('<html>s3cr3t</html>')
      return
    case 'redirect':
      response.writeHead(302, { location: '/elsewhere' }).end()
      return
    case 'hang up':
      response.destroy()
  }
}

export const FAULTS: readonly Fault[] = ['slow', 'cut', 'huge', 'garbage', 'redirect', 'hang up']
