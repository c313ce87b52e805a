import type { Socket } from 'node:net'
import { asSallyportError, SallyportError } from '../errors.ts'
import { type Startup, startupOf } from '../session/postgres/startup.ts'
import { errorMessage } from '../session/postgres/words.ts'
import { MAX_AUTH_BYTES } from '../wire/postgres/auth-response.ts'
import { Framer } from '../wire/postgres/framer.ts'
import { encodeNegotiateProtocolVersion } from '../wire/postgres/session-facts.ts'
import { decodeStartup, type StartupPacket } from '../wire/postgres/startup.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { pull } from './inbox.ts'
import type { Proof } from './login_auth.ts'
import { nextFrame, provePostgres } from './postgres_auth.ts'
import { type Secured, secureServer } from './tls.ts'
import { asksCertificates } from './way_in.ts'

const ALPN = 'postgresql'
/** First byte of a TLS record that carries a handshake: a client that speaks TLS at once (PostgreSQL 17, direct TLS). */
const TLS_HANDSHAKE = 0x16
const NEWEST_MINOR = 2
const ACCEPT_TLS = Uint8Array.of(0x53) // S
const DECLINE = Uint8Array.of(0x4e) // N

/** A client that has said who it is and shown its proof. */
export interface PostgresKnock {
  readonly kind: 'login'
  readonly socket: Socket
  readonly tls: Secured
  readonly startup: Startup
  readonly minor: number
  readonly proof: Proof
  /** Holds what the client sent after its password. */
  readonly framer: Framer
}

/** A client that said who it wants to be and may not even show its token: its attempt goes on record. */
export interface PostgresRefused {
  readonly kind: 'refused'
  readonly socket: Socket
  readonly user: string
  readonly tlsVersion: string | null
  readonly error: SallyportError
}

export interface PostgresCancel {
  readonly kind: 'cancel'
  readonly pid: number
  readonly key: Uint8Array
}

/** A client that asked where to get a token, and was told: nobody's attempt. */
interface PostgresDiscovery {
  readonly kind: 'discovery'
  readonly socket: Socket
}

type Greeted = PostgresKnock | PostgresCancel | PostgresRefused | PostgresDiscovery

/**
 * The start of a PostgreSQL connection, from its first byte to its token: TLS by SSLRequest or at once, GSS declined,
 * and nothing accepted that was sent ahead of TLS (CVE-2021-3935's class).
 */
export async function greetPostgres(context: ProxyContext, arrival: Arrival, socket: Socket): Promise<Greeted> {
  const framer = new Framer({ maxBytes: MAX_AUTH_BYTES + 16 })
  const first = await pull(socket)
  if (first[0] === TLS_HANDSHAKE) {
    socket.unshift(first)
    const tls = await secureServer(
      socket,
      context.secureContextOf(arrival.listener),
      [ALPN],
      asksCertificates(arrival.listener),
    )
    if (tls.alpn !== ALPN) throw new SallyportError('SP-PROTOCOL', 'direct TLS needs the ALPN protocol postgresql')
    return knock(context, arrival, framer, tls)
  }
  framer.push(first)
  return negotiate(context, arrival, framer, socket)
}

async function negotiate(context: ProxyContext, arrival: Arrival, framer: Framer, socket: Socket): Promise<Greeted> {
  const asked = new Set<string>()
  for (;;) {
    const packet = decodeStartup(await nextFrame(framer, socket, () => framer.nextStartup()))
    if (packet.kind === 'cancelRequest') return { kind: 'cancel', pid: packet.pid, key: packet.key }
    if (packet.kind === 'startupMessage') {
      const error = new SallyportError('SP-TLS-REQUIRED', 'this listener takes TLS only')
      return { kind: 'refused', socket, user: userOf(packet), tlsVersion: null, error }
    }
    if (asked.has(packet.kind)) throw new SallyportError('SP-PROTOCOL', `a second ${packet.kind}`)
    asked.add(packet.kind)
    if (framer.buffered > 0) throw new SallyportError('SP-PROTOCOL', 'bytes were sent ahead of the encryption')
    if (packet.kind === 'gssencRequest') {
      socket.write(DECLINE)
      continue
    }
    socket.write(ACCEPT_TLS)
    const tls = await secureServer(
      socket,
      context.secureContextOf(arrival.listener),
      [ALPN],
      asksCertificates(arrival.listener),
    )
    return knock(context, arrival, framer, tls)
  }
}

/** Inside TLS: the startup message, then the proof. */
async function knock(context: ProxyContext, arrival: Arrival, framer: Framer, tls: Secured): Promise<Greeted> {
  const { socket } = tls
  try {
    const packet = decodeStartup(await nextFrame(framer, socket, () => framer.nextStartup()))
    if (packet.kind === 'cancelRequest') return { kind: 'cancel', pid: packet.pid, key: packet.key }
    if (packet.kind !== 'startupMessage') throw new SallyportError('SP-PROTOCOL', `a ${packet.kind} inside TLS`)
    const startup = tryStartup(packet)
    if (startup instanceof SallyportError) {
      return { kind: 'refused', socket, user: userOf(packet), tlsVersion: tls.version, error: startup }
    }
    const minor = negotiateVersion(socket, packet, startup)
    const proof = await provePostgres(context, arrival, { tls, user: startup.user, framer })
    if (proof === null) return { kind: 'discovery', socket }
    return { kind: 'login', socket, tls, startup, minor, proof, framer }
  } catch (error) {
    // Inside TLS the client can be told what is wrong; outside the caller tells it on the bare socket.
    if (error instanceof SallyportError && !socket.destroyed) socket.end(errorMessage(error, 'FATAL'))
    throw error
  }
}

type StartupMessage = Extract<StartupPacket, { kind: 'startupMessage' }>

function userOf({ parameters }: StartupMessage): string {
  return parameters.find(([name]) => name === 'user')?.[1] ?? ''
}

function tryStartup({ parameters }: StartupMessage): Startup | SallyportError {
  try {
    return startupOf(parameters)
  } catch (error) {
    return asSallyportError(error)
  }
}

function negotiateVersion(socket: Socket, packet: StartupMessage, { unknownOptions }: Startup): number {
  const minor = Math.min(packet.minor, NEWEST_MINOR)
  if (packet.minor > NEWEST_MINOR || unknownOptions.length > 0) {
    const kind = 'negotiateProtocolVersion' as const
    socket.write(encodeNegotiateProtocolVersion({ kind, newestMinor: minor, unrecognised: unknownOptions }))
  }
  return minor
}
