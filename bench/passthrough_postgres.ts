import { connect, createServer } from 'node:net'
import { TLSSocket } from 'node:tls'
import { framer, join, listen, relayArguments } from './relay.ts'

/**
 * The yardstick: a bare Node proxy that ends TLS, cuts both directions into PostgreSQL messages, counts them and forwards
 * the bytes. It decides nothing and records nothing. Arguments: server port, certificate, key, and for the variant that
 * masks bytes the ordinal of the column that it overwrites with stars in every row.
 */
const { serverPort, secureContext, column } = relayArguments()
const DATA_ROW = 0x44
const STAR = 0x2a
const HEADER_BYTES = 5

const endOf = (bytes: Buffer, at: number) => at + 1 + bytes.readInt32BE(at + 1)

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
    const upstream = connect({ port: serverPort, host: '127.0.0.1', noDelay: true })
    const up = framer(HEADER_BYTES, endOf, () => undefined)
    let started = false
    // The startup message has no type byte; it passes as it is.
    const first = (chunk: Buffer) => {
      if (started) return up(chunk)
      started = true
      return chunk
    }
    join(client, upstream, first, framer(HEADER_BYTES, endOf, column < 0 ? () => undefined : star))
  })
})
listen(server)
