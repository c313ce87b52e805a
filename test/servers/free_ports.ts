import { createServer, type Server } from 'node:net'

/** Below those that systems give to clients (from 32768 on Linux): none of these is taken by a connection in between. */
const FIRST = 12_000
const COUNT = 20_000

/** Ports of loopback that nobody listens on. Each process begins elsewhere, and gives no port twice. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = []
  while (found.length < count) {
    const port = FIRST + next
    next = (next + 1) % COUNT
    if (await isFree(port)) found.push(port)
  }
  return found
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

let next = Math.floor(Math.random() * COUNT)

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server: Server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
