import { isIP } from 'node:net'
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise'
import { SallyportError } from '../errors.ts'
import type { Target } from '../session/ports.ts'
import { CATALOG_CONNECT_MS, CATALOG_STATEMENT_MS, unreachable } from './catalog_content.ts'
import { dialTcp } from './dial.ts'
import { serverIdentity, tlsOptions } from './tls_options.ts'

/** The client gives up this much later than the server should have. */
const ANSWER_GRACE_MS = 5_000
const MS_PER_SECOND = 1_000

export interface MysqlSession {
  readonly mariadb: boolean
  /** `VERSION()` as the server says it. */
  readonly version: string
  /** The session's sql_mode as a fresh session has it. */
  readonly sqlMode: string
  query<T extends object>(text: string, values?: readonly unknown[]): Promise<readonly T[]>
}

/**
 * Runs `work` on a fresh admin connection and closes it. The session's sql_mode is emptied, so that what the server
 * prints has backticks around names. Rejects with `SP-UPSTREAM`.
 */
export async function withMysqlAdmin<T>(target: Target, work: (session: MysqlSession) => Promise<T>): Promise<T> {
  let connection: Connection | undefined
  try {
    connection = await openMysqlAdmin(target)
    const result = await work(await prepared(connection))
    await connection.end()
    return result
  } catch (error) {
    connection?.destroy()
    throw unreachable(error, 'MySQL')
  }
}

async function prepared(connection: Connection): Promise<MysqlSession> {
  const query = async <R extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly R[]> => {
    const [rows] = await connection.query({ sql, values: [...values], timeout: CATALOG_STATEMENT_MS + ANSWER_GRACE_MS })
    return rows as R[]
  }
  const [server] = await query<{ version: string; mode: string }>('SELECT VERSION() AS version, @@sql_mode AS mode')
  const { version, mode } = server ?? { version: '', mode: '' }
  const mariadb = /mariadb/i.test(version)
  await query(
    mariadb
      ? `SET SESSION sql_mode = '', max_statement_time = ${CATALOG_STATEMENT_MS / MS_PER_SECOND}`
      : `SET SESSION sql_mode = '', max_execution_time = ${CATALOG_STATEMENT_MS}`,
  )
  return { mariadb, version, sqlMode: mode, query }
}

/** A connection of the admin account. Rejects with the driver's error, or `SP-UPSTREAM` where none is had. */
export async function openMysqlAdmin(
  target: Target,
  more: Pick<ConnectionOptions, 'multipleStatements'> = {},
): Promise<Connection> {
  const socket = await dialTcp(target)
  // The promise of mysql2 rejects on a failed login but leaves a socket that it was given open.
  try {
    return await createConnection({ ...settings(target), ...more, stream: socket })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function settings(target: Target): ConnectionOptions {
  const tls = tlsOptions(target)
  const identity = serverIdentity(target)
  // The driver checks a certificate against `host` when that is a name and against "localhost" when it is an address.
  if (target.tls.mode === 'verify-full' && isIP(identity) !== 0) {
    throw new SallyportError('SP-CONFIG', `verify-full of ${target.name} by address needs tls.serverName`)
  }
  return {
    host: identity,
    user: target.admin.user,
    password: target.admin.password,
    connectTimeout: CATALOG_CONNECT_MS,
    charset: 'utf8mb4_bin',
    dateStrings: true,
    // IGNORE_SPACE would show up in the sql_mode that is read here.
    flags: ['-LOCAL_FILES', '-IGNORE_SPACE'],
    ...(tls === null ? {} : { ssl: sslOf(target, tls) }),
  }
}

function sslOf(target: Target, tls: NonNullable<ReturnType<typeof tlsOptions>>): NonNullable<ConnectionOptions['ssl']> {
  return {
    minVersion: String(tls.minVersion),
    rejectUnauthorized: tls.rejectUnauthorized === true,
    verifyIdentity: target.tls.mode === 'verify-full',
    ...(target.tls.ca === null ? {} : { ca: target.tls.ca }),
  }
}
