import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { SallyportError } from '../../errors.ts'

/** Where the proxy listens for an engine, and what its certificate must say. */
export interface GateAddress {
  readonly host: string
  readonly port: number
  /** PEM with the authorities; null for the built-in ones. */
  readonly ca: string | null
}

const CONNECT_TIMEOUT_MS = 10_000

export function dialGate({ host, port }: GateAddress): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connectTcp({ host, port, timeout: CONNECT_TIMEOUT_MS })
  socket.once('connect', () => {
    socket.setTimeout(0)
    socket.setNoDelay(true)
    resolve(socket)
  })
  const failed = (why: string) => {
    socket.destroy()
    reject(new SallyportError('SP-UPSTREAM', `${host}:${port} can not be reached: ${why}`))
  }
  socket.once('timeout', () => failed('no answer in time'))
  socket.once('error', (error) => failed(error.message))
  return promise
}

/** The certificate is always verified, with its name: a token goes through here. */
export function secureGate(socket: Socket, address: GateAddress, alpn: readonly string[]): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const secured = connectTls({
    socket,
    ...(isIP(address.host) ? {} : { servername: address.host }),
    host: address.host,
    ...(address.ca === null ? {} : { ca: address.ca }),
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    minVersion: 'TLSv1.2',
  })
  secured.once('secureConnect', () => resolve(secured))
  secured.once('error', (error) =>
    reject(new SallyportError('SP-UPSTREAM', `TLS with ${address.host} failed: ${error.message}`)),
  )
  return promise
}
