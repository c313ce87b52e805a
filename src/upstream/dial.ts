import { connect, type Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { SallyportError } from '../errors.ts'
import type { Target } from '../session/ports.ts'
import { keepCertificate } from './tls_end_point.ts'
import { serverIdentity, tlsOptions } from './tls_options.ts'

const DIAL_MS = 5_000
const HANDSHAKE_MS = 5_000
const KEEPALIVE_AFTER_MS = 30_000

/** A TCP connection to a target, paused until somebody reads it. Rejects with `SP-UPSTREAM`. */
export function dialTcp(target: Target): Promise<Socket> {
  const socket = connect({
    host: target.host,
    port: target.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_AFTER_MS,
  })
  return settled(socket, 'connect', DIAL_MS, `the database at ${target.name} could not be reached`)
}

/**
 * TLS on a connection on which the server has just agreed to it; the target's mode says what is verified. A target
 * without TLS is an error of the caller. Rejects with `SP-UPSTREAM` and destroys the connection.
 */
export async function upgradeTls(socket: Socket, target: Target): Promise<TLSSocket> {
  const options = tlsOptions(target)
  if (options === null) throw new SallyportError('SP-INTERNAL', `TLS is off for ${target.name}`)
  let seen: Uint8Array | undefined
  const checkServerIdentity: typeof options.checkServerIdentity = (host, certificate) => {
    seen = certificate.raw
    return options.checkServerIdentity(host, certificate)
  }
  const secure = tlsConnect({ ...options, checkServerIdentity, socket, host: serverIdentity(target) })
  // What the outer socket reports ends the inner one with it.
  secure.once('close', () => socket.destroy())
  await settled(secure, 'secureConnect', HANDSHAKE_MS, `TLS with the database at ${target.name} failed`)
  keepCertificate(secure, seen)
  return secure
}

/** The socket once `event` came, or `SP-UPSTREAM` with the system's error code alone. */
function settled<S extends Socket>(socket: S, event: string, afterMs: number, failure: string): Promise<S> {
  return new Promise((resolve, reject) => {
    const fail = (error?: NodeJS.ErrnoException): void => {
      stop()
      socket.destroy()
      reject(new SallyportError('SP-UPSTREAM', reasonOf(failure, error), { cause: error }))
    }
    const done = (): void => {
      stop()
      resolve(socket)
    }
    // An error while nobody holds the socket must not end the process; whoever reads it sees it closed.
    socket.on('error', () => {})
    const timer = setTimeout(() => fail({ name: 'Error', message: 'timeout', code: 'ETIMEDOUT' }), afterMs)
    const closed = (): void => fail()
    const stop = (): void => {
      clearTimeout(timer)
      socket.off('error', fail).off('close', closed).off(event, done)
    }
    socket.once('error', fail).once('close', closed).once(event, done)
  })
}

function reasonOf(failure: string, error?: NodeJS.ErrnoException): string {
  const code = error?.code ?? ''
  return /^[A-Z0-9_]{3,60}$/.test(code) ? `${failure} (${code})` : failure
}
