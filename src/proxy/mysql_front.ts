import { randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import { SallyportError } from '../errors.ts'
import { errPayload } from '../session/mysql/words.ts'
import { CACHING_SHA2_BYTE } from '../wire/mysql/auth/caching-sha2.ts'
import { readClearPassword } from '../wire/mysql/auth/clear-password.ts'
import { PLUGIN } from '../wire/mysql/auth/plugin.ts'
import { encodeAuthMoreData, encodeAuthSwitchRequest } from '../wire/mysql/auth-switch.ts'
import { CAPABILITY, negotiate, OFFERED } from '../wire/mysql/capabilities.ts'
import { type Packet, PacketFramer } from '../wire/mysql/framer.ts'
import { decodeLogin, type HandshakeResponse } from '../wire/mysql/handshake-response.ts'
import { encodeHandshakeV10, SCRAMBLE_BYTES } from '../wire/mysql/handshake-v10.ts'
import { encodePackets } from '../wire/mysql/packets.ts'
import { STATUS } from '../wire/mysql/server-status.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { pull } from './inbox.ts'
import { recordUnheard } from './login_flow.ts'
import { type Secured, secureServer } from './tls.ts'

/** Asks a `caching_sha2_password` client for its whole password, which it sends in clear inside TLS. */
const FULL_AUTHENTICATION = Uint8Array.of(CACHING_SHA2_BYTE.fullWanted)
/** utf8mb4_general_ci, which every server and client knows. */
const UTF8MB4 = 45
const MAX_LOGIN_PACKET_BYTES = 256 * 1024
/** Clients ask new servers for more and old ones for less; this says MySQL 8.4 where the target is not known yet. */
const ANY_VERSION = '8.4.0-sallyport'
/** Query attributes would have to be the same towards the server, which MariaDB does not know. */
const OURS = ((OFFERED | CAPABILITY.ssl) & ~CAPABILITY.queryAttributes) | CAPABILITY.compress | CAPABILITY.zstd

/** A client that has said who it is and shown its token. */
export interface MysqlKnock {
  readonly socket: Socket
  readonly tls: Secured
  readonly login: HandshakeResponse
  readonly token: string
  readonly capabilities: number
  readonly number: number
  /** Number of the packet that ends the login. */
  readonly sequence: number
}

/** The start of a MySQL connection, from our greeting to the client's token. TLS is demanded before anything is said. */
export async function greetMysql(context: ProxyContext, arrival: Arrival, socket: Socket): Promise<MysqlKnock> {
  const number = context.sessions.newNumber()
  const scramble = newScramble()
  const version = versionFor(context, arrival)
  const status = STATUS.autocommit
  const greeting = {
    kind: 'handshakeV10',
    version,
    connectionId: number,
    scramble,
    capabilities: OURS,
    collation: UTF8MB4,
    status,
    plugin: PLUGIN.cachingSha2,
  } as const
  socket.write(encodePackets(encodeHandshakeV10(greeting), 0))
  const first = await readPacket(socket)
  const request = decodeLogin(first.payload)
  if (request.kind !== 'sslRequest') {
    const error = new SallyportError('SP-TLS-REQUIRED', 'this listener takes TLS only')
    return recordUnheard(context, arrival, { user: request.user, tlsVersion: null, error })
  }
  // Clients may send their ClientHello in one segment with the SSLRequest: readPacket has put it back.
  const tls = await secureServer(socket, context.secureContextOf(arrival.listener), [])
  try {
    return await insideTls(tls, scramble, number)
  } catch (error) {
    if (error instanceof SallyportError && !tls.socket.destroyed) refuseMysql(tls.socket, error, 3)
    throw error
  }
}

async function insideTls(tls: Secured, scramble: Uint8Array, number: number): Promise<MysqlKnock> {
  const { socket } = tls
  const second = await readPacket(socket)
  const login = decodeLogin(second.payload)
  if (login.kind !== 'handshakeResponse') throw new SallyportError('SP-PROTOCOL', 'a second SSLRequest')
  const capabilities = negotiate(login.capabilities, OURS)
  if (login.plugin === PLUGIN.clear) {
    return { ...base(), token: tokenOf(login.authResponse), sequence: second.sequence + 1 }
  }
  let sequence = second.sequence
  if (login.plugin !== PLUGIN.cachingSha2) {
    const request = encodeAuthSwitchRequest(PLUGIN.cachingSha2, Buffer.concat([scramble, Uint8Array.of(0)]))
    sequence = (await ask(socket, request, sequence)).sequence
  }
  const answer = await ask(socket, encodeAuthMoreData(FULL_AUTHENTICATION), sequence)
  return { ...base(), token: tokenOf(answer.payload), sequence: answer.sequence + 1 }

  function base() {
    return { socket, tls, login: login as HandshakeResponse, capabilities, number }
  }
}

async function ask(socket: Socket, payload: Uint8Array, sequence: number): Promise<Packet> {
  socket.write(encodePackets(payload, sequence + 1))
  return readPacket(socket)
}

/** One packet; what came after it goes back to the socket, for whoever reads next. */
async function readPacket(socket: Socket): Promise<Packet> {
  const framer = new PacketFramer({ maxPayloadBytes: MAX_LOGIN_PACKET_BYTES })
  for (;;) {
    const chunk = await pull(socket)
    framer.push(chunk)
    const packet = framer.next()
    if (!packet) continue
    // The packet ends in this chunk, so all that is left of the bytes is left of the chunk.
    if (framer.buffered > 0) socket.unshift(chunk.subarray(chunk.length - framer.buffered))
    return packet
  }
}

export function refuseMysql(socket: Socket, error: SallyportError, sequence: number): void {
  if (socket.destroyed || socket.writableEnded) return
  socket.end(encodePackets(errPayload(error), sequence))
}

/** Printable bytes: clients of several languages handle NUL and others wrongly. */
function newScramble(): Uint8Array {
  return Uint8Array.from({ length: SCRAMBLE_BYTES }, () => randomInt(0x21, 0x7f))
}

/** A client that was given no password sends an empty packet, or a NUL alone. */
function tokenOf(payload: Uint8Array): string {
  return payload.length === 0 ? '' : readClearPassword(payload)
}

/** The server's own version where only one server can be meant and its catalog is at hand. */
function versionFor(context: ProxyContext, { listener }: Arrival): string {
  const candidates = [...context.settings().targets.values()].filter(({ engine }) => engine === 'mysql')
  const only = candidates.length === 1 ? candidates[0]?.name : undefined
  const target = listener.target ?? only
  return (target && context.catalogs.current(target, '')?.version) || ANY_VERSION
}
