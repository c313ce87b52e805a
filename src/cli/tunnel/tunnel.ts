import { createServer, type Server, type Socket } from 'node:net'
import { asSallyportError, type SallyportError } from '../../errors.ts'
import type { GateAddress } from './gate_address.ts'
import { joinMysql } from './mysql.ts'
import { joinPostgres } from './postgres.ts'

export interface TunnelSettings {
  readonly engine: 'postgres' | 'mysql'
  readonly gate: GateAddress
  /** What the proxy is told as the user: `person/target` or `person/target/role`. */
  readonly user: string
  /** A token that is good now; asked for each connection, so that a long-lived tunnel outlives a token. */
  readonly token: () => Promise<string>
  /** Told to the proxy with each session, where the role demands one. */
  readonly reason: string | null
  readonly ticket: string | null
  /** 0 lets the system choose. */
  readonly port: number
  /** Called with what ended a connection that could not be made. */
  readonly failed: (error: SallyportError) => void
}

export interface Tunnel {
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens on loopback and joins each client with the proxy as the person: the client needs no password and no TLS, and
 * what leaves the machine is inside TLS. Anyone who may connect to this machine's loopback comes in as the person.
 */
export async function openTunnel(settings: TunnelSettings): Promise<Tunnel> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    open.add(client)
    client.once('close', () => open.delete(client))
    client.on('error', () => client.destroy())
    client.setNoDelay(true)
    const join = settings.engine === 'postgres' ? joinPostgres : joinMysql
    join(client, settings).catch((error: unknown) => {
      settings.failed(asSallyportError(error))
      client.destroy()
    })
  })
  await listening(server, settings.port)
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : settings.port,
    close: () => {
      for (const client of open) client.destroy()
      return new Promise((done) => server.close(() => done()))
    },
  }
}

function listening(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: '127.0.0.1', port }, () => resolve())
  return promise
}
