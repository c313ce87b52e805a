import { connect, createServer, type Socket } from 'node:net'

/** What stands between the proxy and its database, and spoils the answer to a statement that asks for it. */

export interface Relay {
  readonly port: number
  /** Where to; known once the database is. */
  upstream: number
  /** Answers that were spoiled so far. */
  spoiled(): number
  /** Connections that the proxy holds open. */
  open(): number
  stop(): Promise<void>
}

/** The answer of the server to the marked statement, whole; returns what is sent instead, null to close at once. */
export type Spoil = (answer: Buffer) => { readonly bytes: Buffer; readonly close: boolean }

const READY = 0x5a

/** `spoils` by the marker that a statement's text holds. Only connections without TLS can be read along. */
export async function startRelay(spoils: Readonly<Record<string, Spoil>>): Promise<Relay> {
  const sockets = new Set<Socket>()
  const relay = { port: 0, upstream: 0 }
  let count = 0
  const server = createServer((client) => {
    const upstream = connect({ port: relay.upstream, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    let spoil: Spoil | null = null
    let held = Buffer.alloc(0)
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      const marker = Object.keys(spoils).find((name) => text.includes(name))
      if (marker !== undefined) spoil = spoils[marker] as Spoil
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!spoil) return void client.write(chunk)
      held = Buffer.concat([held, chunk])
      if (held.at(-6) !== READY) return
      const { bytes, close } = spoil(held)
      spoil = null
      count++
      held = Buffer.alloc(0)
      client.write(bytes, () => close && client.destroy())
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  relay.port = (server.address() as { port: number }).port
  return Object.assign(relay, {
    spoiled: () => count,
    open: () => sockets.size / 2,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  })
}
