import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { decodeAuthSwitchRequest } from '../../../src/wire/mysql/auth-switch.ts'
import { CAPABILITY, OFFERED } from '../../../src/wire/mysql/capabilities.ts'
import { decodeColumn, decodeColumnCount } from '../../../src/wire/mysql/column.ts'
import { PacketFramer } from '../../../src/wire/mysql/framer.ts'
import { encodeHandshakeResponse, encodeSslRequest } from '../../../src/wire/mysql/handshake-response.ts'
import { decodeHandshakeV10, type HandshakeV10 } from '../../../src/wire/mysql/handshake-v10.ts'
import { decodeErr, type Err } from '../../../src/wire/mysql/outcome.ts'
import { encodePackets } from '../../../src/wire/mysql/packets.ts'

const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024
const UTF8MB4 = 45
const OK = 0x00
const SWITCH = 0xfe
const MORE_DATA = 0x01
const ERR = 0xff

/** What a plain client of today can, without CLIENT_QUERY_ATTRIBUTES. */
export const MODERN = ((OFFERED | CAPABILITY.ssl) & ~CAPABILITY.queryAttributes) >>> 0
export const WITHOUT_DEPRECATE_EOF = (MODERN & ~CAPABILITY.deprecateEof) >>> 0

export interface RawLogin {
  readonly port: number
  readonly user: string
  readonly token: string
  readonly database?: string
  readonly capabilities?: number
  readonly collation?: number
  readonly plugin?: string
  /** false: the login follows in clear. */
  readonly tls?: boolean
}

export interface RawResult {
  readonly columns: readonly ReturnType<typeof decodeColumn>[]
  readonly rows: readonly Uint8Array[]
  /** EOF packets, or the OK that stands in their place. */
  readonly ends: readonly Uint8Array[]
}

/** A client of our own on the wire, which sends what no driver would. */
export interface RawClient {
  readonly greeting: HandshakeV10
  /** Plugins that the server asked for on the way. */
  readonly switches: readonly string[]
  readonly capabilities: number
  /** The last packet of the login. */
  readonly outcome: Uint8Array
  /** `sequence` where the payload goes on in the conversation of a command. */
  send(payload: Uint8Array, sequence?: number): void
  /** The next payload; throws when the connection ends. */
  next(): Promise<Uint8Array>
  result(): Promise<RawResult>
  ended(): Promise<void>
  close(): void
}

export async function rawConnect(login: RawLogin): Promise<RawClient> {
  const tcp = connectTcp(login.port, '127.0.0.1')
  const plain = packetsOf(tcp)
  const greeting = decodeHandshakeV10(await plain.next())
  const capabilities = login.capabilities ?? (login.database ? MODERN : (MODERN & ~CAPABILITY.connectWithDb) >>> 0)
  const head = { capabilities, maxPacketBytes: MAX_PAYLOAD_BYTES, collation: login.collation ?? UTF8MB4, extended: 0 }
  const secured = login.tls === false ? plain : overTls(tcp, encodePackets(encodeSslRequest(head), 1))
  const answer = new TextEncoder().encode(`${login.token}\0`)
  const isClear = login.plugin === 'mysql_clear_password'
  const response = encodeHandshakeResponse({
    ...head,
    user: login.user,
    authResponse: isClear ? answer : new Uint8Array(20).fill(7),
    database: login.database ?? null,
    plugin: login.plugin ?? 'caching_sha2_password',
    attributes: [['program_name', 'raw-client']],
    zstdLevel: null,
  })
  secured.write(response, login.tls === false ? 1 : 2)
  const switches: string[] = []
  for (;;) {
    const payload = await secured.next()
    if (payload[0] === OK || payload[0] === ERR) {
      return { greeting, switches, capabilities, outcome: payload, ...session(secured, capabilities) }
    }
    if (payload[0] === SWITCH) {
      switches.push(decodeAuthSwitchRequest(payload).plugin)
      secured.write(new Uint8Array(20).fill(7), secured.sequence() + 1)
    } else if (payload[0] === MORE_DATA && payload[1] === 4) secured.write(answer, secured.sequence() + 1)
    else throw new Error(`an unexpected packet in the login: ${payload[0]}`)
  }
}

/** An ERR packet, decoded. */
export function errOf(payload: Uint8Array): Err {
  if (payload[0] !== ERR) throw new Error(`not an error: 0x${payload[0]?.toString(16)}`)
  return decodeErr(payload)
}

function session(packets: Packets, capabilities: number) {
  const deprecateEof = (capabilities & CAPABILITY.deprecateEof) !== 0
  const isEnd = (payload: Uint8Array) => payload[0] === 0xfe && (deprecateEof || payload.length < 9)
  const result = async (): Promise<RawResult> => {
    const first = await packets.next()
    if (first[0] === ERR) throw new Error(decodeErr(first).message)
    const columns = []
    const rows: Uint8Array[] = []
    const ends: Uint8Array[] = []
    for (let left = decodeColumnCount(first); left > 0; left--) columns.push(decodeColumn(await packets.next()))
    if (!deprecateEof) ends.push(await packets.next())
    for (;;) {
      const payload = await packets.next()
      if (payload[0] === ERR) throw new Error(decodeErr(payload).message)
      if (isEnd(payload)) return { columns, rows, ends: [...ends, payload] }
      rows.push(payload)
    }
  }
  return {
    send: (payload: Uint8Array, sequence = 0) => packets.write(payload, sequence),
    next: packets.next,
    result,
    ended: packets.ended,
    close: packets.close,
  }
}

type Packets = ReturnType<typeof packetsOf>

function packetsOf(stream: Duplex) {
  const framer = new PacketFramer({ maxPayloadBytes: MAX_PAYLOAD_BYTES })
  let sequence = 0
  let over: Error | null = null
  let wake = () => {}
  stream.on('data', (chunk: Uint8Array) => {
    framer.push(chunk)
    wake()
  })
  stream.on('error', () => undefined)
  const closed = new Promise<void>((done) => {
    stream.once('close', () => {
      over = new Error('the connection ended')
      wake()
      done()
    })
  })
  const next = async (): Promise<Uint8Array> => {
    for (;;) {
      const packet = framer.next()
      if (packet) {
        sequence = packet.sequence
        return packet.payload.slice()
      }
      if (over) throw over
      await new Promise<void>((done) => {
        wake = done
      })
    }
  }
  return {
    next,
    sequence: () => sequence,
    write: (payload: Uint8Array, first: number) => void stream.write(encodePackets(payload, first & 0xff)),
    ended: () => closed,
    close: () => void stream.destroy(),
  }
}

/** The SSLRequest and the ClientHello leave in one segment, as some clients send them. */
function overTls(tcp: Socket, request: Uint8Array): Packets {
  let ahead: Uint8Array | null = request
  tcp.removeAllListeners('data')
  const joined = new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => {
      const bytes = ahead ? Buffer.concat([ahead, chunk]) : chunk
      ahead = null
      tcp.write(bytes, done)
    },
    destroy: (_error, done) => {
      tcp.destroy()
      done(null)
    },
  })
  tcp.on('data', (chunk) => joined.push(chunk))
  tcp.on('close', () => joined.destroy())
  return packetsOf(connectTls({ socket: joined, rejectUnauthorized: false }))
}
