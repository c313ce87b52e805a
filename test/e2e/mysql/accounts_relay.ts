import { connect, createServer, type Socket } from 'node:net'

interface Cut {
  /** At the so many-th piece that the client sends, over all of its connections. */
  readonly count: number
  /** Whether the server still gets that piece. */
  readonly when: 'before' | 'behind'
}

export interface Relay {
  readonly port: number
  isCut(): boolean
  close(): Promise<void>
}

/** A way to the server that ends for good, as when the process at its other end is killed. */
export async function startRelay(to: number, { count, when }: Cut): Promise<Relay> {
  const sockets = new Set<Socket>()
  let seen = 0
  const isCut = () => seen >= count
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', destroyAll).on('close', () => sockets.delete(socket))
    }
    if (isCut()) destroyAll()
    upstream.pipe(client)
    client.on('end', () => upstream.end())
    client.on('data', (piece) => {
      seen++
      if (!isCut()) upstream.write(piece)
      else if (when === 'behind') upstream.write(piece, destroyAll)
      else destroyAll()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    isCut,
    close: async () => {
      destroyAll()
      await new Promise((closed) => server.close(closed))
    },
  }
}
