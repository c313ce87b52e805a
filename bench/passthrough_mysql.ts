import { connect, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { framer, join, listen, relayArguments } from './relay.ts'

/**
 * The yardstick for MySQL: a bare Node proxy that ends TLS and cuts both directions into packets, which it
 * forwards. It decides nothing and records nothing. The server is reached without TLS, so the request for TLS stays
 * here and the numbers of the login's packets differ by one. Arguments: server port, certificate, key, and for the
 * variant that masks bytes the ordinal of the column that it overwrites with stars in every text row.
 */
const { serverPort, secureContext, column } = relayArguments()
const STAR = 0x2a
const HEADER_BYTES = 4
const SSL_REQUEST_BYTES = HEADER_BYTES + 32
/** CLIENT_SSL is bit 11 of the flags. */
const SSL_BYTE = 1
const SSL_BIT = 0x08
const COM_QUERY = 0x03
const END = 0xfe

const endOf = (bytes: Buffer, at: number) => at + HEADER_BYTES + bytes.readUIntLE(at, 3)

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
  const up = framer(HEADER_BYTES, endOf, (bytes, at) => {
    if (loggedIn) return mask.asked(bytes, at)
    bytes[at + 3] = (bytes[at + 3] ?? 0) - 1
    const flags = at + HEADER_BYTES + SSL_BYTE
    if (!started) bytes[flags] = (bytes[flags] ?? 0) & ~SSL_BIT
    started = true
  })
  const down = framer(HEADER_BYTES, endOf, (bytes, at) => {
    if (loggedIn) return mask.answered(bytes, at)
    bytes[at + 3] = (bytes[at + 3] ?? 0) + 1
    loggedIn = bytes[at + HEADER_BYTES] === 0
  })
  join(client, upstream, up, down)
}

const server = createServer({ noDelay: true }, (socket) => {
  const upstream = connect({ port: serverPort, host: '127.0.0.1', noDelay: true })
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
      relay(client, upstream)
      upstream.resume()
    })
  })
})
listen(server)
