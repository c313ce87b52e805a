import pg from 'pg'
import type { Target } from '../session/ports.ts'
import { CATALOG_CONNECT_MS, CATALOG_STATEMENT_MS, unreachable } from './catalog_content.ts'
import { tlsOptions } from './tls_options.ts'

/** The client gives up this much later than the server should have: then it no longer answers. */
const ANSWER_GRACE_MS = 5_000

export interface AdminSession {
  query<T extends object>(text: string, values?: readonly unknown[]): Promise<readonly T[]>
}

/**
 * Runs `work` on a fresh admin connection in one read-only snapshot with an empty search_path, and closes it. Anything
 * that the server or the network says is `SP-UPSTREAM` with the SQLSTATE or the system's code alone.
 */
export async function withPostgresAdmin<T>(
  target: Target,
  database: string,
  work: (session: AdminSession) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(settings(target, database))
  // Without a listener an error after the last query would end the process; the query itself reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query("SET LOCAL search_path = ''")
    const session: AdminSession = {
      query: async <R extends object>(text: string, values: readonly unknown[] = []) =>
        (await client.query<R>(text, [...values])).rows,
    }
    return await work(session)
  } catch (error) {
    throw unreachable(error, 'PostgreSQL')
  } finally {
    await client.end().catch(() => {})
  }
}

function settings(target: Target, database: string): pg.ClientConfig {
  const tls = tlsOptions(target)
  return {
    host: target.host,
    port: target.port,
    user: target.admin.user,
    password: target.admin.password,
    database,
    ssl: tls ?? false,
    application_name: 'sallyport:catalog',
    connectionTimeoutMillis: CATALOG_CONNECT_MS,
    statement_timeout: CATALOG_STATEMENT_MS,
    lock_timeout: CATALOG_STATEMENT_MS,
    query_timeout: CATALOG_STATEMENT_MS + ANSWER_GRACE_MS,
    keepAlive: true,
  }
}
