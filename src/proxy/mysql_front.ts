import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { asSallyportError, SallyportError } from '../errors.ts'
import { errPayload } from '../session/mysql/words.ts'
import { PLUGIN } from '../wire/mysql/auth/plugin.ts'
import { CAPABILITY, EXTENDED, EXTENDED_OFFERED, negotiate, OFFERED } from '../wire/mysql/capabilities.ts'
import { decodeComChangeUser } from '../wire/mysql/com-change-user.ts'
import { decodeLogin, type HandshakeResponse } from '../wire/mysql/handshake-response.ts'
import { encodeHandshakeV10, type HandshakeV10, MARIADB_PREFIX, serverVersion } from '../wire/mysql/handshake-v10.ts'
import { encodePackets } from '../wire/mysql/packets.ts'
import { STATUS } from '../wire/mysql/server-status.ts'
import type { Arrival, ProxyContext } from './context.ts'
import type { Proof } from './login_auth.ts'
import { recordUnheard } from './login_records.ts'
import { proveMysql, proveMysqlAgain } from './mysql_auth.ts'
import { newScramble, readPacket } from './mysql_token.ts'
import { type Secured, secureServer } from './tls.ts'
import { asksCertificates } from './way_in.ts'

/** utf8mb4_general_ci, which every server and client knows. */
const UTF8MB4 = 45
/** Clients ask new servers for more and old ones for less; this says MySQL 8.4 where the target is not known yet. */
const ANY_VERSION = '8.4.0-sallyport'
/** MDEV-28910. */
const PREFIX_UNTIL = 110_000
/** MDEV-17832. */
const EXTENDED_METADATA_SINCE = 100_502
const OURS = OFFERED | CAPABILITY.ssl | CAPABILITY.compress | CAPABILITY.zstd | CAPABILITY.localFiles

/** A client that has said who it is and shown its proof. */
export interface MysqlKnock {
  readonly socket: Duplex
  /** By COM_CHANGE_USER: what was agreed about compression is in force already. */
  readonly again: boolean
  readonly tls: Secured
  readonly login: HandshakeResponse
  readonly proof: Proof
  readonly capabilities: number
  /** MariaDB's extended flags. */
  readonly extended: number
  readonly number: number
  /** Number of the packet that ends the login. */
  readonly sequence: number
}

/** The start of a MySQL connection, from our greeting to the client's proof. TLS is demanded before anything is said. */
export async function greetMysql(context: ProxyContext, arrival: Arrival, socket: Socket): Promise<MysqlKnock> {
  const number = context.sessions.newNumber()
  const scramble = newScramble()
  const version = versionFor(context, arrival)
  const status = STATUS.autocommit
  const greeting = {
    kind: 'handshakeV10',
    version: greetingVersion(version),
    connectionId: number,
    scramble,
    capabilities: OURS,
    extended: extendedFor(version),
    collation: UTF8MB4,
    status,
    plugin: PLUGIN.cachingSha2,
  } as const
  socket.write(encodePackets(encodeHandshakeV10(greeting), 0))
  const first = await readPacket(socket, 1)
  const request = decodeLogin(first.payload)
  if (request.kind !== 'sslRequest') {
    const error = new SallyportError('SP-TLS-REQUIRED', 'this listener takes TLS only')
    return recordUnheard(context, arrival, { user: request.user, tlsVersion: null, error })
  }
  // Clients may send their ClientHello in one segment with the SSLRequest: readPacket has put it back.
  const tls = await secureServer(
    socket,
    context.secureContextOf(arrival.listener),
    [],
    asksCertificates(arrival.listener),
  )
  try {
    return await insideTls(context, arrival, tls, greeting)
  } catch (error) {
    if (error instanceof SallyportError && !tls.socket.destroyed) refuseMysql(tls.socket, error, 3)
    throw error
  }
}

type Greeting = Pick<HandshakeV10, 'scramble' | 'connectionId' | 'extended'>

async function insideTls(
  context: ProxyContext,
  arrival: Arrival,
  tls: Secured,
  { scramble, connectionId, extended }: Greeting,
): Promise<MysqlKnock> {
  const { socket } = tls
  // Some clients begin to count anew inside of TLS; what answers them counts on from their number.
  const { payload, sequence } = await readPacket(socket, 2, 1)
  const login = decodeLogin(payload)
  if (login.kind !== 'handshakeResponse') throw new SallyportError('SP-PROTOCOL', 'a second SSLRequest')
  const capabilities = negotiate(login.capabilities, OURS)
  const shown = await proveMysql(context, arrival, { socket, tls, user: login.user, sequence }, login, scramble)
  const agreed = { capabilities, extended: login.extended & extended }
  const { proof, sequence: last } = shown
  return { socket, again: false, tls, login, proof, ...agreed, number: connectionId, sequence: last + 1 }
}

/** COM_CHANGE_USER: who logs in is asked anew, and whatever was agreed about the connection itself stays. */
export async function greetAgain(
  context: ProxyContext,
  arrival: Arrival,
  before: MysqlKnock,
  socket: Duplex,
  { command, sequence }: { readonly command: Uint8Array; readonly sequence: number },
): Promise<MysqlKnock> {
  const change = decodeComChangeUser(command, before.capabilities)
  const asked = { socket, tls: before.tls, user: change.user, sequence }
  const shown = await proveMysqlAgain(context, arrival, asked, change.plugin)
  const login = { ...before.login, ...change, kind: before.login.kind, collation: change.collation ?? UTF8MB4 }
  return { ...before, socket, again: true, login, proof: shown.proof, sequence: shown.sequence + 1 }
}

export function refuseMysql(socket: Duplex, error: SallyportError, sequence: number): void {
  if (socket.destroyed || socket.writableEnded) return
  socket.end(encodePackets(errPayload(error), sequence))
}

/**
 * The greeting comes before the client says which target it wants: the version of the one that can be meant, or of the
 * oldest where all that can be meant are of one family, since clients speak to MariaDB otherwise than to MySQL.
 */
function versionFor({ settings, catalogs }: ProxyContext, { listener }: Arrival): string {
  const meant = [...settings().targets.values()].filter(
    ({ engine, name }) => engine === 'mysql' && (listener.target ?? name) === name,
  )
  const versions = meant.map(({ name }) => catalogs.latest(name, '')?.version)
  const [first] = versions
  if (first === undefined) return ANY_VERSION
  const { mariadb } = serverVersion(first)
  const alike = versions.every((version) => version !== undefined && serverVersion(version).mariadb === mariadb)
  if (!alike) return ANY_VERSION
  return versions.reduce<string>(
    (oldest, other) => (other && releaseOf(other) < releaseOf(oldest) ? other : oldest),
    first,
  )
}

/** Only a client of MariaDB's own asks for them, and only of what calls itself MariaDB. */
function extendedFor(version: string): number {
  if (!serverVersion(version).mariadb) return 0
  return releaseOf(version) < EXTENDED_METADATA_SINCE ? EXTENDED_OFFERED & ~EXTENDED.extendedMetadata : EXTENDED_OFFERED
}

/** Before 11.0 MariaDB's servers put the oldest version that replication knew in front, and clients take it off. */
function greetingVersion(version: string): string {
  const { mariadb } = serverVersion(version)
  return mariadb && releaseOf(version) < PREFIX_UNTIL ? `${MARIADB_PREFIX}${version}` : version
}

/** 10.11.6 as 101106, so that releases compare. */
function releaseOf(version: string): number {
  const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(serverVersion(version).version) ?? []
  return Number(major ?? 0) * 10_000 + Number(minor ?? 0) * 100 + Number(patch ?? 0)
}

/** Reads the catalogs of MySQL targets ahead of the first login, which so is greeted by the server's own version. */
export function readVersions({ settings, catalogs, log }: ProxyContext): void {
  for (const target of settings().targets.values()) {
    if (target.engine !== 'mysql') continue
    catalogs.ensure(target, '').catch((error: unknown) => {
      log.warn({ code: asSallyportError(error).code, target: target.name }, 'the catalog could not be read at start')
    })
  }
}
