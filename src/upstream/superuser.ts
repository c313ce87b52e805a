import pg from 'pg'
import { asSallyportError, SallyportError } from '../errors.ts'
import type { Credential, Target } from '../session/ports.ts'
import { CATALOG_CONNECT_MS } from './catalog_content.ts'
import { openMysqlAdmin } from './mysql_client.ts'
import { tlsOptions } from './tls_options.ts'

/** Runs one statement, or on PostgreSQL several of one text. */
export type SuperuserQuery = <T extends object>(text: string) => Promise<readonly T[]>

/**
 * Runs `work` as a login that the operator gave for this once: on PostgreSQL in one transaction, so that all of it is
 * done or nothing. MySQL commits each statement of this kind by itself. Rejects with `SP-UPSTREAM` and the server's words.
 */
export async function asSuperuser<T>(
  target: Target,
  login: Credential,
  database: string,
  work: (query: SuperuserQuery) => Promise<T>,
): Promise<T> {
  try {
    return await (target.engine === 'postgres'
      ? onPostgres(target, login, database, work)
      : onMysql({ ...target, admin: login }, work))
  } catch (error) {
    if (error instanceof SallyportError) throw error
    const words = error instanceof Error ? error.message : 'no reason given'
    throw new SallyportError('SP-UPSTREAM', `${target.name}, as ${login.user}: ${words}`, { cause: error })
  }
}

async function onPostgres<T>(
  target: Target,
  login: Credential,
  database: string,
  work: (query: SuperuserQuery) => Promise<T>,
): Promise<T> {
  const { host, port } = target
  const ssl = tlsOptions(target) ?? false
  const client = new pg.Client({ ...login, host, port, database, ssl, connectionTimeoutMillis: CATALOG_CONNECT_MS })
  // Without a listener an error after the last query would end the process; the query itself reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN')
    const result = await work(async <R extends object>(text: string) => (await client.query<R>(text)).rows)
    await client.query('COMMIT')
    return result
  } finally {
    await client.end().catch((error: unknown) => asSallyportError(error))
  }
}

async function onMysql<T>(target: Target, work: (query: SuperuserQuery) => Promise<T>): Promise<T> {
  const connection = await openMysqlAdmin(target)
  try {
    // What is quoted for the server is quoted for this mode. MariaDB alone knows the other: without it a GRANT to a name
    // that is not there makes an account without a password.
    await connection.query(`SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES' /*M!100000 ',NO_AUTO_CREATE_USER' */`)
    return await work(async <R extends object>(text: string) => (await connection.query(text))[0] as unknown as R[])
  } finally {
    connection.destroy()
  }
}
