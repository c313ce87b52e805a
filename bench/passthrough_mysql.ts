import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

/**
 * The yardstick for MySQL: a bare Node proxy that ends TLS, cuts both directions into packets, counts them and forwards
 * the bytes. It decides nothing and records nothing. The server is reached without TLS, so the request for TLS stays
 * here and the numbers of the login's packets differ by one. Arguments: server port, certificate, key, and for the
 * variant that masks bytes the ordinal of the column that it overwrites with stars in every text row.
 */
const [serverPort, cert, key, masked] = process.argv.slice(2) as [string, string, string, string?]
const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
const column = masked === undefined ? -1 : Number(masked)
const STAR = 0x2a
const HEADER_BYTES = 4
const SSL_REQUEST_BYTES = HEADER_BYTES + 32
/** CLIENT_SSL is bit 11 of the flags. */
const SSL_BYTE = 1
const SSL_BIT = 0x08
const COM_QUERY = 0x03
const END = 0xfe
const EMPTY = Buffer.alloc(0)
let packets = 0

/** Cuts a stream into whole packets; what is left of one waits for the next chunk. */
function framer(onPacket: (chunk: Buffer, at: number) => void): (chunk: Buffer) => Buffer {
  let rest: Buffer = EMPTY
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (at + HEADER_BYTES <= bytes.length) {
      const end = at + HEADER_BYTES + bytes.readUIntLE(at, 3)
      if (end > bytes.length) break
      packets++
      onPacket(bytes, at)
      at = end
    }
    rest = at === bytes.length ? EMPTY : bytes.subarray(at)
    return bytes.subarray(0, at)
  }
}

/** Overwrites one column of each row of an answer to COM_QUERY where it stands: the least that any mask can do. */
function stars() {
  let phase: 'idle' | 'head' | 'rows' = 'idle'
  let definitions = 0
  let columns = 0
  return {
    asked: (bytes: Buffer, at: number) => {
      if (bytes[at + HEADER_BYTES] === COM_QUERY) phase = 'head'
    },
    answered: (bytes: Buffer, at: number) => {
      const first = bytes[at + HEADER_BYTES] ?? 0
      if (definitions > 0) definitions--
      else if (phase === 'head') {
        // A result with too few columns is counted through, too: its rows are left as they are.
        phase = first === 0 || first >= END ? 'idle' : 'rows'
        definitions = phase === 'rows' ? first : 0
        columns = definitions
      } else if (phase === 'rows') {
        if (first >= END) phase = 'idle'
        else if (columns > column) overwrite(bytes, at + HEADER_BYTES)
      }
    },
  }
}

/** The values of the bench's tables are shorter than 251 bytes: one byte says how long each is. */
function overwrite(bytes: Buffer, row: number): void {
  let field = row
  for (let n = 0; n < column; n++) field += 1 + (bytes[field] ?? 0)
  const length = bytes[field] ?? 0
  bytes.fill(STAR, field + 1, field + 1 + length)
}

const NOTHING = { asked: () => undefined, answered: () => undefined }

/** From the client's login on; until the server's OK every packet's number is moved by one. */
function relay(client: TLSSocket, upstream: Socket): void {
  let started = false
  let loggedIn = false
  const mask = column < 0 ? NOTHING : stars()
  const up = framer((bytes, at) => {
    if (loggedIn) return mask.asked(bytes, at)
    bytes[at + 3] = (bytes[at + 3] ?? 0) - 1
    const flags = at + HEADER_BYTES + SSL_BYTE
    if (!started) bytes[flags] = (bytes[flags] ?? 0) & ~SSL_BIT
    started = true
  })
  const down = framer((bytes, at) => {
    if (loggedIn) return mask.answered(bytes, at)
    bytes[at + 3] = (bytes[at + 3] ?? 0) + 1
    loggedIn = bytes[at + HEADER_BYTES] === 0
  })
  client.on('data', (chunk: Buffer) => {
    const bytes = up(chunk)
    if (bytes.length > 0 && !upstream.write(bytes)) client.pause()
  })
  upstream.on('data', (chunk: Buffer) => {
    const bytes = down(chunk)
    if (bytes.length > 0 && !client.write(bytes)) upstream.pause()
  })
  upstream.on('drain', () => client.resume())
  client.on('drain', () => upstream.resume())
}

const server = createServer({ noDelay: true }, (socket) => {
  const upstream = connect({ port: Number(serverPort), host: '127.0.0.1', noDelay: true })
  const drop = () => {
    socket.destroy()
    upstream.destroy()
  }
  socket.on('error', drop)
  upstream.on('error', drop)
  upstream.once('data', (greeting: Buffer) => {
    upstream.pause()
    socket.write(greeting)
    socket.once('data', (request: Buffer) => {
      if (request.length < SSL_REQUEST_BYTES) return drop()
      // A client does not wait for an answer to its request: TLS may have begun in the same chunk.
      socket.pause()
      if (request.length > SSL_REQUEST_BYTES) socket.unshift(request.subarray(SSL_REQUEST_BYTES))
      const client = new TLSSocket(socket, { isServer: true, secureContext })
      const close = () => {
        client.destroy()
        upstream.destroy()
      }
      for (const end of [client, upstream]) end.on('error', close).on('close', close)
      relay(client, upstream)
      upstream.resume()
    })
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('SIGTERM', () => process.exit(packets >= 0 ? 0 : 1))
