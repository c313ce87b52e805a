import { isIP, Socket } from 'node:net'
import pg from 'pg'
import type { PostgresSettings } from './settings.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** By the server; the client waits a little longer, and then takes the connection for broken. */
const STATEMENT_TIMEOUT_MS = 5_000
const QUERY_TIMEOUT_MS = 6_000
/** For the one place in the writing transactions. */
const LOCK_TIMEOUT_MS = 4_000
/** A node that vanished in the middle of a transaction keeps the others from writing for so long. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 4_000

/** What the pool and the watch have in common. */
export function clientConfig(settings: PostgresSettings): pg.ClientConfig {
  const { host, port, database, user, password, schema } = settings
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: sslOf(settings),
    options: `-c search_path=${schema}`,
    application_name: 'sallyport-store',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
  }
}

function sslOf({ tls, host }: PostgresSettings): pg.ClientConfig['ssl'] {
  if (tls.mode === 'disable') return false
  return {
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    rejectUnauthorized: true,
    // A TLS server name is never an address (RFC 6066); the certificate is compared with the address then.
    ...(isIP(tls.serverName ?? host) === 0 ? { servername: tls.serverName ?? host } : {}),
    ...(tls.mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  }
}

/** A connection that can be cut at once, whatever state it is in: a farewell would wait for a network that is gone. */
export function cuttableClient(settings: PostgresSettings): { readonly client: pg.Client; readonly cut: () => void } {
  const socket = new Socket()
  const client = new pg.Client({ ...clientConfig(settings), stream: () => socket })
  // A broken connection shows in the next query, too.
  client.on('error', () => socket.destroy())
  return { client, cut: () => socket.destroy() }
}
