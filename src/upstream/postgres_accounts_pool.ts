import pg from 'pg'
import { SallyportError } from '../errors.ts'
import type { Credential, LiveCredential, Target } from '../session/ports.ts'
import { tlsOptions } from './tls_options.ts'

/** Connections of the admin role to one database. */
const CONNECTIONS_MAX = 3
/** Work that waits for one of them; more is refused, so that a database that hangs holds nothing up for ever. */
const WAITING_MAX = 1_000
const IDLE_MS = 300_000
const CONNECT_MS = 10_000
const STATEMENT_MS = 60_000
const ANSWER_GRACE_MS = 5_000

/** Rows of one statement, or of the last one of a text that holds several. */
export interface AdminClient {
  query<T extends object>(text: string, values?: readonly unknown[]): Promise<readonly T[]>
  readonly major: number
}

interface Connection {
  readonly client: pg.Client
  readonly session: AdminClient
  timer: NodeJS.Timeout | undefined
}

interface Place {
  readonly target: Target
  readonly database: string
  readonly idle: Connection[]
  readonly waiting: (() => void)[]
  open: number
}

/** Connections of the admin role, held open: making an account then costs a round trip. */
export class AdminPool {
  readonly #credentialOf: (target: Target) => LiveCredential
  readonly #places = new Map<string, Place>()
  #closed = false

  constructor(credentialOf: (target: Target) => LiveCredential) {
    this.#credentialOf = credentialOf
  }

  /** Rejects as the driver does, or with `SP-UPSTREAM`. A connection that failed in any way is not used again. */
  async run<T>(target: Target, database: string, work: (client: AdminClient) => Promise<T>): Promise<T> {
    const place = this.#placeOf(target, database)
    const connection = await this.#taken(place)
    let sound = false
    try {
      const result = await work(connection.session)
      sound = true
      return result
    } catch (error) {
      sound = error instanceof pg.DatabaseError && error.severity === 'ERROR' && (await isRolledBack(connection))
      throw error
    } finally {
      this.#giveBack(place, connection, sound)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const idle = [...this.#places.values()].flatMap((place) => place.idle.splice(0))
    await Promise.all(idle.map((connection) => end(connection)))
  }

  #placeOf(target: Target, database: string): Place {
    const key = JSON.stringify([target.name, target.host, target.port, target.tls, database])
    const known = this.#places.get(key)
    if (known) return known
    const place: Place = { target, database, idle: [], waiting: [], open: 0 }
    this.#places.set(key, place)
    return place
  }

  async #taken(place: Place): Promise<Connection> {
    for (;;) {
      if (this.#closed) throw new SallyportError('SP-UPSTREAM', 'the proxy is shutting down')
      const connection = place.idle.pop()
      if (connection) {
        clearTimeout(connection.timer)
        return connection
      }
      if (place.open < CONNECTIONS_MAX) return this.#opened(place)
      if (place.waiting.length >= WAITING_MAX)
        throw new SallyportError('SP-UPSTREAM', `too much waits for the admin connection to ${place.target.name}`)
      await new Promise<void>((resolve) => void place.waiting.push(resolve))
    }
  }

  async #opened(place: Place): Promise<Connection> {
    place.open++
    try {
      const { target, database } = place
      const client = await this.#credentialOf(target).use((login) => connected(target, database, login), isRefusedLogin)
      const connection: Connection = { client, session: await sessionOf(client), timer: undefined }
      client.once('end', () => this.#lost(place, connection))
      return connection
    } catch (error) {
      place.open--
      place.waiting.shift()?.()
      throw error
    }
  }

  #giveBack(place: Place, connection: Connection, sound: boolean): void {
    if (sound && !this.#closed) {
      place.idle.push(connection)
      connection.timer = setTimeout(() => void end(connection), IDLE_MS)
      connection.timer.unref()
    } else {
      void end(connection)
    }
    place.waiting.shift()?.()
  }

  #lost(place: Place, connection: Connection): void {
    place.open--
    clearTimeout(connection.timer)
    const at = place.idle.indexOf(connection)
    if (at !== -1) place.idle.splice(at, 1)
    place.waiting.shift()?.()
  }
}

async function connected(target: Target, database: string, { user, password }: Credential): Promise<pg.Client> {
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    user,
    password,
    database,
    ssl: tlsOptions(target) ?? false,
    application_name: 'sallyport:accounts',
    // Names mean nothing but what they say.
    options: '-c search_path= -c client_min_messages=error -c default_transaction_read_only=off',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + ANSWER_GRACE_MS,
    keepAlive: true,
  })
  // Without a listener an error between two statements would end the process; `end` follows it.
  client.on('error', () => {})
  await client.connect()
  return client
}

async function sessionOf(client: pg.Client): Promise<AdminClient> {
  const { rows } = await client.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  )
  return {
    major: rows[0]?.major ?? 0,
    query: async <T extends object>(text: string, values: readonly unknown[] = []) => {
      const result: pg.QueryResult<T> | pg.QueryResult<T>[] =
        values.length > 0 ? await client.query<T>(text, [...values]) : await client.query<T>(text)
      return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
    },
  }
}

function isRolledBack({ client }: Connection): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  )
}

async function end({ client }: Connection): Promise<void> {
  await client.end().catch(() => {})
}

/** 28P01 invalid_password, 28000 invalid_authorization_specification. */
function isRefusedLogin(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '28P01' || error.code === '28000')
}
