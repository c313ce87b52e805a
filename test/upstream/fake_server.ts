import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** One connection of a scripted server: what came so far can be awaited, and bytes sent. */
export class Peer {
  readonly socket: Socket
  #received: Uint8Array = new Uint8Array(0)
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk: Uint8Array) => {
      const joined = new Uint8Array(this.#received.length + chunk.length)
      joined.set(this.#received)
      joined.set(chunk, this.#received.length)
      this.#received = joined
      this.#wake()
    })
    socket.on('close', () => this.#wake())
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  async take(length: number): Promise<Uint8Array> {
    while (this.#received.length < length) {
      if (this.socket.destroyed) throw new Error('the client went away')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken
  }
}

export interface FakeServer extends AsyncDisposable {
  readonly port: number
}

/** Runs `script` for each connection; a script that throws ends its connection. */
export async function fakeServer(script: (peer: Peer) => Promise<void>): Promise<FakeServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    script(new Peer(socket)).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
