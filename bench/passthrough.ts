import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

/**
 * The yardstick: a bare Node proxy that ends TLS, cuts both directions into PostgreSQL messages, counts them and forwards
 * the bytes. It decides nothing, records nothing and masks nothing. Arguments: server port, certificate, key.
 */
const [serverPort, cert, key] = process.argv.slice(2) as [string, string, string]
const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
let messages = 0

/** Walks the whole messages of a chunk; `carry` is how many bytes of the last one are still to come. */
function frame(chunk: Buffer, carry: number): number {
  let at = carry
  while (at + 5 <= chunk.length) {
    messages++
    at += 1 + chunk.readInt32BE(at + 1)
  }
  return Math.max(0, at - chunk.length)
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.once('data', () => {
    socket.write('S')
    const client = new TLSSocket(socket, { isServer: true, secureContext })
    const upstream = connect({ port: Number(serverPort), host: '127.0.0.1', noDelay: true })
    let carryUp = 0
    let carryDown = 0
    let started = false
    client.on('data', (chunk: Buffer) => {
      // The startup message has no type byte; it passes as it is.
      if (started) carryUp = frame(chunk, carryUp)
      started = true
      if (!upstream.write(chunk)) client.pause()
    })
    upstream.on('data', (chunk: Buffer) => {
      carryDown = frame(chunk, carryDown)
      if (!client.write(chunk)) upstream.pause()
    })
    upstream.on('drain', () => client.resume())
    client.on('drain', () => upstream.resume())
    const close = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const end of [client, upstream]) end.on('error', close).on('close', close)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('SIGTERM', () => process.exit(messages >= 0 ? 0 : 1))
