import type { Connection } from 'mysql2/promise'
import { SallyportError } from '../errors.ts'
import type { Credential, LiveCredential, Target } from '../session/ports.ts'
import { openMysqlAdmin } from './mysql_client.ts'

/** Connections of the admin account to one server, kept for the making and dropping of accounts. */
export interface MysqlAdmin {
  /** Runs `work` on one of them, whose statements come one after another. Rejects with `SP-ACCOUNT` or `SP-UPSTREAM`. */
  run<T>(work: (session: MysqlAdminSession) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface MysqlAdminSession {
  readonly mariadb: boolean
  /** `user@host`, as the server knows the admin account. */
  readonly user: string
  /** The sql_mode that its statements are written for, as SQL. */
  readonly sqlMode: string
  /** `partial_revokes` of MySQL. */
  readonly literalNames: boolean
  /** The rows of each statement, in order; several statements go in one message. The first that fails ends it. */
  query(statements: string | readonly string[]): Promise<readonly (readonly MysqlRow[])[]>
}

export type MysqlRow = Readonly<Record<string, string | number | null>>

/** Of one target; a session waits in line for one of them, not in the server. */
const CONNECTIONS_MAX = 4
const WAITING_MAX = 1_000
const STATEMENT_MS = 30_000
/** A message may hold so much: below any server's `max_allowed_packet`. */
const MESSAGE_CHARACTERS_MAX = 200_000
/** ER_ACCESS_DENIED_ERROR, ER_ACCOUNT_HAS_BEEN_LOCKED and ER_MUST_CHANGE_PASSWORD_LOGIN. */
const REFUSED: ReadonlySet<unknown> = new Set([1045, 3118, 1862])

const MODE = `'NO_BACKSLASH_ESCAPES'`
/** Else a GRANT to a role that was dropped meanwhile makes an account of its name, without a password (MySQL knows none of this). */
const MARIADB_MODE = `'NO_BACKSLASH_ESCAPES,NO_AUTO_CREATE_USER'`

interface Held {
  readonly connection: Connection
  readonly session: MysqlAdminSession
  readonly life: { over: boolean }
}

export function createMysqlAdmin(target: Target, credential: LiveCredential): MysqlAdmin {
  const idle: Held[] = []
  const waiting: { readonly wake: () => void }[] = []
  let taken = 0
  let closed = false

  async function place(): Promise<void> {
    if (closed) throw new SallyportError('SP-UPSTREAM', 'the administration of accounts has ended')
    if (taken >= CONNECTIONS_MAX) {
      if (waiting.length >= WAITING_MAX) throw new SallyportError('SP-ACCOUNT', 'too many accounts are being made')
      await new Promise<void>((wake) => waiting.push({ wake }))
    } else taken++
  }

  async function take(): Promise<Held> {
    for (let held = idle.pop(); held; held = idle.pop()) if (!held.life.over) return held
    return connect(target, credential)
  }

  function leave(): void {
    const next = waiting.shift()
    if (next) next.wake()
    else taken--
  }

  async function run<T>(work: (session: MysqlAdminSession) => Promise<T>): Promise<T> {
    await place()
    let held: Held | null = null
    try {
      held = await take()
      const result = await work(held.session)
      if (closed) held.connection.destroy()
      else idle.push(held)
      return result
    } catch (error) {
      held?.connection.destroy()
      throw asRefusal(error)
    } finally {
      leave()
    }
  }

  return {
    run,
    close: async () => {
      closed = true
      for (const { connection } of idle.splice(0)) connection.destroy()
    },
  }
}

async function connect(target: Target, credential: LiveCredential): Promise<Held> {
  const connection = await credential.use(
    (candidate: Credential) => openMysqlAdmin({ ...target, admin: candidate }, { multipleStatements: true }),
    (error) => REFUSED.has(errnoOf(error)),
  )
  // The server ends a connection that was idle for long: the next one is made when it is needed.
  const life = { over: false }
  connection.on('error', () => {
    life.over = true
    connection.destroy()
  })
  try {
    return { connection, session: await sessionOf(connection), life }
  } catch (error) {
    connection.destroy()
    throw error
  }
}

async function sessionOf(connection: Connection): Promise<MysqlAdminSession> {
  const query = async (given: string | readonly string[]): Promise<readonly (readonly MysqlRow[])[]> => {
    const statements = typeof given === 'string' ? [given] : given
    const results: (readonly MysqlRow[])[] = []
    for (const message of messagesOf(statements)) {
      const [answer] = await connection.query({ sql: message.join(';\n'), timeout: STATEMENT_MS })
      results.push(...(message.length === 1 ? [rowsOf(answer)] : (answer as unknown[]).map(rowsOf)))
    }
    return results
  }
  // Names are quoted by backticks in what the server prints, and backslashes stay what they are.
  const [, [server = {}] = []] = await query([
    `SET SESSION sql_mode = ${MODE}`,
    'SELECT VERSION() AS v, CURRENT_USER() AS u',
  ])
  const mariadb = /mariadb/i.test(String(server.v))
  const sqlMode = mariadb ? MARIADB_MODE : MODE
  if (mariadb) await query(`SET SESSION sql_mode = ${sqlMode}`)
  const [[mode = {}] = []] = mariadb ? [[]] : await query('SELECT @@partial_revokes AS on_')
  return { mariadb, user: String(server.u), sqlMode, literalNames: Number(mode.on_) === 1, query }
}

function rowsOf(answer: unknown): readonly MysqlRow[] {
  return Array.isArray(answer) ? (answer as MysqlRow[]) : []
}

function* messagesOf(statements: readonly string[]): Generator<readonly string[]> {
  let message: string[] = []
  let characters = 0
  for (const statement of statements) {
    if (message.length > 0 && characters + statement.length > MESSAGE_CHARACTERS_MAX) {
      yield message
      message = []
      characters = 0
    }
    message.push(statement)
    characters += statement.length
  }
  if (message.length > 0) yield message
}

/** The number that the server gave its error, or undefined. */
export function errnoOf(error: unknown): unknown {
  const from = error instanceof SallyportError ? error.cause : error
  return typeof from === 'object' && from !== null && 'errno' in from ? from.errno : undefined
}

/** A driver's error without the statement, which it quotes and which may hold a verifier. */
function asRefusal(error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  const errno = errnoOf(error)
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown'
  const cause = Object.assign(new Error(`the driver's error ${code}`), { errno })
  // The driver gives errors of the socket negative numbers.
  if (typeof errno === 'number' && errno > 0) {
    return new SallyportError('SP-ACCOUNT', `the database refused what an account needs (${errno})`, { cause })
  }
  return new SallyportError('SP-UPSTREAM', `the database can not be reached for accounts (${code})`, { cause })
}
