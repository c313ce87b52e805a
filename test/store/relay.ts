import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut: connections stay open, and nothing comes through, until it is healed. */
export interface Relay {
  readonly port: number
  cut(): void
  heal(): void
  close(): Promise<void>
}

export async function startRelay(to: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let whole = true
  const hold = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (!whole) socket.pause()
  }
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => client.write(bytes))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    for (const socket of [client, upstream]) hold(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut: () => {
      whole = false
      for (const socket of sockets) socket.pause()
    },
    heal: () => {
      whole = true
      for (const socket of sockets) socket.resume()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}
