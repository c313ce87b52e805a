import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const READY_TIMEOUT_MS = 30_000
const PROBE_INTERVAL_MS = 50

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
  })
  return promise
}

export async function waitForPort(port: number): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < until) {
    if (await answers(port)) return
    await wait(PROBE_INTERVAL_MS)
  }
  throw new Error(`nothing answers on port ${port}`)
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host: '127.0.0.1' })
  socket.once('connect', () => {
    socket.destroy()
    resolve(true)
  })
  socket.once('error', () => resolve(false))
  return promise
}
