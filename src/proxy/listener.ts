import { createServer, type Server, type Socket } from 'node:net'
import { asSallyportError } from '../errors.ts'
import type { Arrival, ListenerSettings, ProxyContext } from './context.ts'
import { pull } from './inbox.ts'
import { addressKey } from './limits.ts'
import { networkMatcher, plainAddress } from './networks.ts'
import { parseProxyHeader } from './proxy_protocol.ts'

export type Serve = (context: ProxyContext, arrival: Arrival, socket: Socket, accepted: number) => Promise<void>

export interface Listening {
  readonly settings: ListenerSettings
  /** The port that was bound, where 0 was asked for. */
  readonly port: number
  /** Stops accepting; live connections go on. */
  readonly close: () => void
}

/** Bytes that may come before a PROXY header is whole. */
const MAX_HEADER_BYTES = 8 * 1024

export async function listen(context: ProxyContext, settings: ListenerSettings, serve: Serve): Promise<Listening> {
  const trusted = networkMatcher(settings.proxyProtocolFrom)
  const server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => {
    accept(context, settings, trusted, serve, socket).catch((error: unknown) => {
      // Before anyone has said who they are there is nobody to tell and nothing to record.
      context.log.debug({ code: asSallyportError(error).code }, 'a connection ended before its login')
      socket.destroy()
    })
  })
  await bound(server, settings)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : settings.port
  return { settings, port, close: () => server.close() }
}

function bound(server: Server, { host, port }: ListenerSettings): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port }, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}

async function accept(
  context: ProxyContext,
  settings: ListenerSettings,
  trusted: (address: string) => boolean,
  serve: Serve,
  socket: Socket,
): Promise<void> {
  const accepted = context.clock.now()
  const { limits } = context.settings()
  socket.on('error', () => socket.destroy())
  const deadline = setTimeout(() => socket.destroy(), limits.authDeadlineMs)
  socket.once('close', () => clearTimeout(deadline))
  const releases: (() => void)[] = []
  socket.once('close', () => {
    for (const release of releases) release()
  })
  releases.push(context.counts.take('all', limits.maxConnections, 'to the proxy'))
  const arrival = await arrivalOf(settings, trusted, socket)
  releases.push(context.counts.take(addressKey(arrival.address), limits.perAddress, 'from this address'))
  await serve(context, arrival, socket, accepted)
  clearTimeout(deadline)
}

/** Where a trusted balancer stands in front, its header is demanded: without it the address would be the balancer's. */
async function arrivalOf(
  settings: ListenerSettings,
  trusted: (address: string) => boolean,
  socket: Socket,
): Promise<Arrival> {
  const direct = { listener: settings, address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }
  if (settings.proxyProtocolFrom.length === 0 || !trusted(direct.address)) return direct
  let bytes: Uint8Array = new Uint8Array(0)
  for (;;) {
    bytes = Buffer.concat([bytes, await pull(socket)])
    const header = parseProxyHeader(bytes)
    if (header) {
      const rest = bytes.subarray(header.length)
      if (rest.length > 0) socket.unshift(rest)
      if (!header.source) return direct
      return { ...direct, address: plainAddress(header.source.address), port: header.source.port }
    }
    if (bytes.length > MAX_HEADER_BYTES) throw new Error('no PROXY header')
  }
}
