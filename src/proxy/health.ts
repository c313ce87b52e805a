import { createServer, type Server } from 'node:http'
import type { Registry } from 'prom-client'

export interface HealthInput {
  readonly host: string
  readonly port: number
  readonly registry: Registry
  /** Reasons why no new session should come here; none when ready. */
  readonly notReady: () => readonly string[]
}

export interface HealthServer {
  readonly url: string
  readonly close: () => void
}

/** `/metrics` (Prometheus), `/healthz` (the process answers) and `/readyz` (new sessions are welcome). */
export async function serveHealth(input: HealthInput): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]
    if (path === '/metrics') {
      input.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': input.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
      return
    }
    if (path === '/healthz') return void response.writeHead(200, PLAIN).end('ok\n')
    if (path === '/readyz') {
      const reasons = input.notReady()
      return void response.writeHead(reasons.length === 0 ? 200 : 503, PLAIN).end(`${reasons.join('\n') || 'ready'}\n`)
    }
    response.writeHead(404, PLAIN).end('not found\n')
  })
  await listening(server, input)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : input.port
  const host = input.host.includes(':') ? `[${input.host}]` : input.host
  return {
    url: `http://${host}:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }

function listening(server: Server, { host, port }: HealthInput): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port }, () => resolve())
  return promise
}
