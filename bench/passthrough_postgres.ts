import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

/**
 * The yardstick: a bare Node proxy that ends TLS, cuts both directions into PostgreSQL messages, counts them and forwards
 * the bytes. It decides nothing and records nothing. Arguments: server port, certificate, key, and for the variant that
 * masks bytes the ordinal of the column that it overwrites with stars in every row.
 */
const [serverPort, cert, key, masked] = process.argv.slice(2) as [string, string, string, string?]
const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
const column = masked === undefined ? -1 : Number(masked)
const DATA_ROW = 0x44
const STAR = 0x2a
const HEADER_BYTES = 5
const EMPTY = Buffer.alloc(0)
let messages = 0

/** Cuts a stream into whole messages; what is left of a message waits for the next chunk. */
function framer(onMessage: (chunk: Buffer, at: number) => void): (chunk: Buffer) => Buffer {
  let rest: Buffer = EMPTY
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (at + HEADER_BYTES <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1)
      if (end > bytes.length) break
      messages++
      onMessage(bytes, at)
      at = end
    }
    rest = at === bytes.length ? EMPTY : bytes.subarray(at)
    return bytes.subarray(0, at)
  }
}

/** Overwrites one column of a DataRow where it stands: the least that any mask can do. */
function star(bytes: Buffer, at: number): void {
  if (bytes[at] !== DATA_ROW || bytes.readInt16BE(at + HEADER_BYTES) <= column) return
  let field = at + HEADER_BYTES + 2
  for (let n = 0; n < column; n++) field += 4 + Math.max(0, bytes.readInt32BE(field))
  const length = bytes.readInt32BE(field)
  if (length > 0) bytes.fill(STAR, field + 4, field + 4 + length)
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.once('data', () => {
    socket.write('S')
    const client = new TLSSocket(socket, { isServer: true, secureContext })
    const upstream = connect({ port: Number(serverPort), host: '127.0.0.1', noDelay: true })
    const up = framer(() => undefined)
    const down = framer(column < 0 ? () => undefined : star)
    let started = false
    client.on('data', (chunk: Buffer) => {
      // The startup message has no type byte; it passes as it is.
      const bytes = started ? up(chunk) : chunk
      started = true
      if (bytes.length > 0 && !upstream.write(bytes)) client.pause()
    })
    upstream.on('data', (chunk: Buffer) => {
      const bytes = down(chunk)
      if (bytes.length > 0 && !client.write(bytes)) upstream.pause()
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
