import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { MysqlClient } from './mysql_client.ts'
import { PostgresClient } from './postgres_client.ts'

/** What is measured: `npm run bench -- --engine NAME`. */
export type EngineName = 'postgres' | 'mysql' | 'mariadb'

export interface Endpoint {
  readonly name: string
  readonly engine: EngineName
  readonly port: number
  readonly tls: boolean
  readonly user: string
  readonly password: string
  readonly database: string
  /** The process whose CPU counts as the proxy's; null for a direct connection. */
  readonly pid: number | null
}

/** A client that does as little as it can, so that what is measured is the other side. Errors of the server reject. */
export interface BenchClient {
  query(text: string): Promise<void>
  /** Prepares the one statement that `execute` runs. It has one parameter. */
  prepare(text: string): Promise<void>
  execute(value: number): Promise<void>
  /** Bytes received while `text` runs. */
  bulk(text: string): Promise<number>
  close(): void
}

export function connect(endpoint: Endpoint): Promise<BenchClient> {
  return endpoint.engine === 'postgres' ? PostgresClient.connect(endpoint) : MysqlClient.connect(endpoint)
}

export function dialTcp(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
  socket.once('error', reject)
  return promise
}

/** TLS with the certificate unchecked: this client measures, and talks to what it started itself. */
export function secure(socket: Socket): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const secured = connectTls({ socket, rejectUnauthorized: false }, () => resolve(secured))
  secured.once('error', reject)
  return promise
}
