import type { Socket } from 'node:net'
import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import type { Credential, Target } from '../session/ports.ts'
import { encodeComQuery } from '../wire/mysql/com-query.ts'
import { encodeHandshakeResponse, encodeSslRequest, type HandshakeResponse } from '../wire/mysql/handshake-response.ts'
import { decodeHandshakeV10, type HandshakeV10, serverVersion } from '../wire/mysql/handshake-v10.ts'
import { decodeErr, decodeOk, ERR_HEADER } from '../wire/mysql/outcome.ts'
import { Conversation } from './conversation.ts'
import { dialTcp, upgradeTls } from './dial.ts'
import { authenticate, firstAnswer, refused } from './mysql_authentication.ts'
import { agreedCapabilities } from './mysql_capabilities.ts'
import { PacketStream } from './mysql_packets.ts'

const LOGIN_MS = 15_000
const KILL_MS = 5_000
/** Larger packets than this are not taken by the server without a setting of its own. */
const PACKET_MAX_BYTES = 0xffffff
/** The packet has one byte for a collation. */
const COLLATION_MAX = 255
/** ER_NO_SUCH_THREAD: it ended before us. */
const NO_SUCH_THREAD = 1094
/** utf8mb4_general_ci, which both MySQL and MariaDB know. */
const COMMON_UTF8MB4 = 45
/** utf8mb4_0900_ai_ci, the default of MySQL's clients. */
const MYSQL_UTF8MB4 = 255
/** Collations of MySQL alone begin here. */
const MYSQL_ONLY_FROM = 248

export interface MysqlLoginOptions {
  /** What the client can: the flags that are safe to pass on are, the others never (see `agreedCapabilities`). */
  readonly clientCapabilities: number
  /** MariaDB's extended flags that the client agreed to; those that the server has are agreed with it. */
  readonly clientExtended?: number
  readonly database: string | null
  /** 1 to 255, as the packet has it. */
  readonly collation: number
  readonly connectAttrs: readonly (readonly [name: string, value: string])[]
}

export interface MysqlUpstream {
  /** Paused. */
  readonly socket: Socket
  /** What the server sent after its OK. */
  readonly rest: Uint8Array
  readonly connectionId: number
  readonly serverVersion: string
  /** The flags that both sides use. */
  readonly capabilities: number
  /** MariaDB's, in the same way. */
  readonly extended: number
  /** Status flags of the OK packet. */
  readonly status: number
  /** The one that was sent; not always the one that was asked for. */
  readonly collation: number
}

export interface MysqlDialled {
  readonly conversation: Conversation
  readonly packets: PacketStream
  readonly handshake: HandshakeV10
  /** As it was said to the server before TLS; who logs in is not in it. */
  readonly request: HandshakeResponse
  readonly tls: boolean
}

interface LoggedIn {
  readonly conversation: Conversation
  readonly packets: PacketStream
  readonly handshake: HandshakeV10
  readonly capabilities: number
  readonly extended: number
  readonly collation: number
  readonly status: number
}

/**
 * Logs in to a MySQL or MariaDB server ("Connection Phase") with TLS as the target wants it. Rejects with
 * `SP-UPSTREAM` (with the server's error number alone), `SP-PROTOCOL` or `SP-UNSUPPORTED`. `dialled` is a connection of
 * `dialMysql` to the same target with the same options.
 */
export async function loginMysql(
  target: Target,
  credential: Credential,
  options: MysqlLoginOptions,
  dialled: MysqlDialled | null = null,
): Promise<MysqlUpstream> {
  const loggedIn = await logIn(dialled ?? (await dialMysql(target, options)), credential)
  const { conversation, packets, handshake, capabilities, extended, collation, status } = loggedIn
  return {
    socket: conversation.socket,
    rest: packets.release(),
    connectionId: handshake.connectionId,
    serverVersion: handshake.version,
    capabilities,
    extended,
    status,
    collation,
  }
}

/**
 * Ends the statement (`queryOnly`) or the whole session of a connection, over a connection of its own. The credential
 * is the session's or one that may kill others. A session that is gone already is no error.
 */
export async function killMysql(
  target: Target,
  credential: Credential,
  connectionId: number,
  queryOnly: boolean,
): Promise<void> {
  if (!Number.isSafeInteger(connectionId) || connectionId < 0) {
    throw new SallyportError('SP-INTERNAL', 'a connection id is a number')
  }
  const options = { clientCapabilities: 0, database: null, collation: COMMON_UTF8MB4, connectAttrs: [] }
  const { conversation, packets, capabilities } = await logIn(await dialMysql(target, options, KILL_MS), credential)
  try {
    packets.restart()
    const bytes = encodeUtf8(`KILL ${queryOnly ? 'QUERY' : 'CONNECTION'} ${connectionId}`)
    packets.write(encodeComQuery({ bytes, attributes: [] }, capabilities))
    killed(await packets.read(), capabilities)
  } finally {
    conversation.destroy()
  }
}

function killed(answer: Uint8Array, capabilities: number): void {
  if (answer[0] !== ERR_HEADER) {
    decodeOk(answer, capabilities)
    return
  }
  const { errno } = decodeErr(answer)
  if (errno === NO_SUCH_THREAD) return
  throw new SallyportError('SP-UPSTREAM', `the database refused to end a session (${errno})`)
}

/**
 * A connection with TLS as the target wants it, on which nothing is said yet of who logs in. Rejects with `SP-UPSTREAM`,
 * `SP-PROTOCOL` or `SP-UNSUPPORTED`.
 */
export async function dialMysql(
  target: Target,
  options: MysqlLoginOptions,
  afterMs: number = LOGIN_MS,
): Promise<MysqlDialled> {
  let conversation = new Conversation(await dialTcp(target), afterMs)
  try {
    const packets = new PacketStream(conversation)
    const handshake = greetingOf(await packets.read())
    const tls = target.tls.mode !== 'disable'
    const request = requestOf(handshake, options, tls)
    if (tls) {
      conversation = await secured(target, conversation, packets, request, afterMs)
      packets.move(conversation)
    }
    return { conversation, packets, handshake, request, tls }
  } catch (error) {
    conversation.destroy()
    throw error
  }
}

async function logIn(dialled: MysqlDialled, { user, password }: Credential): Promise<LoggedIn> {
  const { conversation, packets, handshake, request, tls } = dialled
  try {
    const secret = { password, tls }
    const { plugin, answer } = firstAnswer(handshake.plugin, handshake.scramble, secret)
    const { capabilities, extended, collation } = request
    packets.write(encodeHandshakeResponse({ ...request, user, authResponse: answer, plugin }))
    const status = await authenticate(packets, { plugin, scramble: handshake.scramble, capabilities }, secret)
    return { conversation, packets, handshake, capabilities, extended, collation, status }
  } catch (error) {
    conversation.destroy()
    throw error
  }
}

/** A server that has no place for us sends an error in place of its handshake. */
function greetingOf(payload: Uint8Array): HandshakeV10 {
  if (payload[0] === ERR_HEADER) throw refused(decodeErr(payload).errno)
  return decodeHandshakeV10(payload)
}

/** What the client's half says, but for who it is. */
function requestOf(handshake: HandshakeV10, options: MysqlLoginOptions, tls: boolean): HandshakeResponse {
  const capabilities = agreedCapabilities({
    client: options.clientCapabilities,
    server: handshake.capabilities,
    tls,
    database: options.database !== null,
    attributes: options.connectAttrs.length > 0,
  })
  return {
    kind: 'handshakeResponse',
    capabilities,
    maxPacketBytes: PACKET_MAX_BYTES,
    collation: collationFor(handshake.version, options.collation),
    extended: handshake.extended & (options.clientExtended ?? 0),
    user: '',
    authResponse: new Uint8Array(0),
    database: options.database,
    plugin: handshake.plugin,
    attributes: options.connectAttrs,
    zstdLevel: null,
  }
}

/**
 * MariaDB takes a collation that it does not know as its own default, which may be another character set: then it
 * would read another text than the one that was judged.
 */
function collationFor(version: string, collation: number): number {
  if (!Number.isInteger(collation) || collation < 1 || collation > COLLATION_MAX) {
    throw new SallyportError('SP-UNSUPPORTED', 'a login takes a collation from 1 to 255')
  }
  if (!serverVersion(version).mariadb || collation < MYSQL_ONLY_FROM) return collation
  if (collation === MYSQL_UTF8MB4) return COMMON_UTF8MB4
  throw new SallyportError('SP-UNSUPPORTED', 'MariaDB does not know this collation')
}

/** TLS in the middle of the login: the request in clear, then the same conversation over the new socket. */
async function secured(
  target: Target,
  conversation: Conversation,
  packets: PacketStream,
  request: HandshakeResponse,
  afterMs: number,
): Promise<Conversation> {
  packets.write(encodeSslRequest(request))
  const early = packets.release().length + conversation.socket.readableLength
  if (early > 0) throw new SallyportError('SP-PROTOCOL', 'the server sent bytes before TLS began')
  return new Conversation(await upgradeTls(conversation.socket, target), afterMs)
}
