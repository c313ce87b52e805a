import type { Socket } from 'node:net'
import { cachingSha2Answer } from '../src/wire/mysql/auth/caching-sha2.ts'
import { clearPasswordAnswer } from '../src/wire/mysql/auth/clear-password.ts'
import { nativePasswordAnswer } from '../src/wire/mysql/auth/native-password.ts'
import { PLUGIN } from '../src/wire/mysql/auth/plugin.ts'
import { CAPABILITY } from '../src/wire/mysql/capabilities.ts'
import { COMMAND } from '../src/wire/mysql/command-codes.ts'
import { type Packet, PacketFramer } from '../src/wire/mysql/framer.ts'
import { encodeHandshakeResponse, encodeSslRequest } from '../src/wire/mysql/handshake-response.ts'
import { decodeHandshakeV10 } from '../src/wire/mysql/handshake-v10.ts'
import { decodeErr, EOF_HEADER, ERR_HEADER, OK_HEADER } from '../src/wire/mysql/outcome.ts'
import { encodePackets } from '../src/wire/mysql/packets.ts'
import { decodePrepareOk } from '../src/wire/mysql/prepare-ok.ts'
import { decodeServerLogin } from '../src/wire/mysql/server-login.ts'
import { type BenchClient, dialTcp, type Endpoint, secure } from './endpoint.ts'

const MAX_PAYLOAD_BYTES = 1 << 30
const UTF8MB4_GENERAL_CI = 45
const LONGLONG = 8
const FULL_WANTED = 4
const CAPABILITIES =
  CAPABILITY.longPassword |
  CAPABILITY.longFlag |
  CAPABILITY.connectWithDb |
  CAPABILITY.protocol41 |
  CAPABILITY.transactions |
  CAPABILITY.secureConnection |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults |
  CAPABILITY.pluginAuth |
  CAPABILITY.deprecateEof

/** Where an answer stands: before its first packet, among so many definitions, or among rows. */
type Phase = { readonly kind: 'head' | 'rows' } | { readonly kind: 'definitions'; left: number; readonly rows: boolean }

const NO_BYTES = new Uint8Array(0)
const HEAD: Phase = { kind: 'head' }
const ROWS: Phase = { kind: 'rows' }

/** COM_QUERY, and one prepared statement. Without a session track or cursors an answer is easy to follow. */
export class MysqlClient implements BenchClient {
  readonly #socket: Socket
  readonly #framer = new PacketFramer({ maxPayloadBytes: MAX_PAYLOAD_BYTES })
  #phase: Phase = HEAD
  #bytes = 0
  #statement = 0
  #preparing = false
  #settle: (failure: Error | null) => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => {
      this.#bytes += chunk.length
      this.#framer.push(chunk)
      this.#read()
    })
  }

  static async connect(endpoint: Endpoint): Promise<MysqlClient> {
    return new MysqlClient(await login(endpoint))
  }

  #read(): void {
    for (;;) {
      if (this.#phase.kind === 'rows') this.#framer.takeRun(isRow)
      const packet = this.#framer.next()
      if (!packet) return
      this.#accept(packet.payload)
    }
  }

  #accept(payload: Uint8Array): void {
    const first = payload[0] ?? 0
    if (first === ERR_HEADER) return this.#end(new Error(decodeErr(payload).message))
    const phase = this.#phase
    if (phase.kind === 'rows') {
      if (first === EOF_HEADER) this.#end(null)
    } else if (phase.kind === 'definitions') {
      phase.left -= 1
      if (phase.left > 0) return
      if (phase.rows) this.#phase = ROWS
      else this.#end(null)
    } else if (first === OK_HEADER) {
      this.#begun(payload)
    } else {
      this.#phase = { kind: 'definitions', left: first, rows: true }
    }
  }

  /** The first packet of an answer without rows: an OK, or what a prepare gives. */
  #begun(payload: Uint8Array): void {
    if (!this.#preparing) return this.#end(null)
    const { statementId, columns, parameters } = decodePrepareOk(payload)
    this.#statement = statementId
    this.#phase = { kind: 'definitions', left: columns + parameters, rows: false }
  }

  #end(failure: Error | null): void {
    this.#phase = HEAD
    this.#settle(failure)
  }

  #roundTrip(payload: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#settle = (failure) => (failure ? reject(failure) : resolve())
    this.#preparing = payload[0] === COMMAND.stmtPrepare
    this.#socket.write(encodePackets(payload, 0))
    return promise
  }

  query(text: string): Promise<void> {
    return this.#roundTrip(Buffer.concat([Buffer.of(COMMAND.query), Buffer.from(text)]))
  }

  prepare(text: string): Promise<void> {
    return this.#roundTrip(Buffer.concat([Buffer.of(COMMAND.stmtPrepare), Buffer.from(text)]))
  }

  execute(value: number): Promise<void> {
    const payload = Buffer.alloc(22)
    payload[0] = COMMAND.stmtExecute
    payload.writeUInt32LE(this.#statement, 1)
    payload.writeUInt32LE(1, 6)
    payload[11] = 1
    payload[12] = LONGLONG
    payload.writeBigInt64LE(BigInt(value), 14)
    return this.#roundTrip(payload)
  }

  async bulk(text: string): Promise<number> {
    this.#bytes = 0
    await this.query(text)
    return this.#bytes
  }

  close(): void {
    this.#socket.destroy()
  }
}

function isRow(first: number): boolean {
  return first < EOF_HEADER
}

/** Logs in over TLS, by the plugin that the other side asks for, and gives the socket without a listener on it. */
async function login({ port, user, password, database, tls }: Endpoint): Promise<Socket> {
  const bare = await dialTcp(port)
  const packets = new LoginPackets()
  const greeting = decodeHandshakeV10((await packets.next(bare)).payload)
  const head = { maxPacketBytes: 1 << 24, collation: UTF8MB4_GENERAL_CI, extended: 0 }
  const capabilities = tls ? CAPABILITIES | CAPABILITY.ssl : CAPABILITIES
  if (tls) bare.write(encodePackets(encodeSslRequest({ ...head, capabilities }), 1))
  const socket = tls ? await secure(bare) : bare
  let { plugin, scramble } = greeting
  const authResponse = answerOf(plugin, password, scramble)
  const response = { ...head, capabilities, user, authResponse, database, plugin, attributes: [], zstdLevel: null }
  socket.write(encodePackets(encodeHandshakeResponse(response), tls ? 2 : 1))
  for (;;) {
    const { payload, sequence } = await packets.next(socket)
    const message = decodeServerLogin(payload, capabilities)
    if (message.kind === 'err') throw new Error(message.message)
    if (message.kind === 'ok') return socket
    if (message.kind === 'authSwitchRequest') {
      plugin = message.plugin
      scramble = message.data.slice(0, 20)
      socket.write(encodePackets(answerOf(plugin, password, scramble), sequence + 1))
    } else if (message.data[0] === FULL_WANTED) {
      socket.write(encodePackets(clearPasswordAnswer(password), sequence + 1))
    }
  }
}

function answerOf(plugin: string, password: string, scramble: Uint8Array): Uint8Array {
  if (plugin === PLUGIN.native) return nativePasswordAnswer(password, scramble)
  return plugin === PLUGIN.cachingSha2 ? cachingSha2Answer(password, scramble) : clearPasswordAnswer(password)
}

/** The packets of a login, one at a time. Some come together: that the fast way has gone well, and the OK. */
class LoginPackets {
  readonly #framer = new PacketFramer({ maxPayloadBytes: MAX_PAYLOAD_BYTES })

  next(socket: Socket): Promise<Packet> {
    const { promise, resolve, reject } = Promise.withResolvers<Packet>()
    const closed = () => reject(new Error('closed during the login'))
    const take = (chunk: Uint8Array) => {
      this.#framer.push(chunk)
      const packet = this.#framer.next()
      if (!packet) return
      socket.off('data', take)
      socket.off('close', closed)
      resolve(packet)
    }
    socket.on('data', take)
    socket.once('close', closed)
    take(NO_BYTES)
    return promise
  }
}
