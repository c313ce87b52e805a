import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise'
import type { Catalog } from '../../src/sql/catalog.ts'
import { readMysqlCatalog } from '../../src/upstream/mysql_catalog.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startMysql } from '../servers/mysql.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { liveTarget } from '../upstream/target.ts'
import type { Family } from './suites.ts'

/** Where the tests of both suites begin. */
export const SCRATCH = 'test'
const STATEMENT_MS = 4_000
/** A statement that can't even be killed. */
const GIVEN_UP_MS = 10_000
const SYSTEM = new Set(['information_schema', 'mysql', 'performance_schema', 'sys'])
/** Sees the databases of the tests alone, so that reading its catalog takes milliseconds. */
const READER = 'reader'
const READER_PASSWORD = 'readerpw'

/** What the meaning of a statement hangs on in the session that runs the tests. */
export interface SessionState {
  readonly database: string | null
  readonly sqlMode: ReadonlySet<string>
  readonly charset: string
}

/** A server's error; `errno` is 0 where it gave no answer in time or the connection broke. */
export interface ServerError {
  readonly errno: number
  readonly message: string
}

export interface Answer {
  readonly error: ServerError | null
  /** Cells as the text protocol sends them. */
  readonly rows: readonly (readonly (Buffer | null)[])[]
  readonly fields: readonly mysql.FieldPacket[]
}

/** One server, one connection that runs the tests, one that may do anything beside it. */
export class Scratch {
  readonly server: DatabaseServer
  readonly admin: Connection
  #main: Connection
  #mainId = 0
  #base: Catalog
  #fresh: Catalog | null = null

  private constructor(server: DatabaseServer, admin: Connection, base: Catalog) {
    this.server = server
    this.admin = admin
    this.#main = admin
    this.#base = base
  }

  static async open(family: Family): Promise<Scratch> {
    const server = await (family === 'mysql' ? startMysql({}) : startMariadb({}))
    const admin = await connect(server, server.user, server.password, null)
    await admin.query(`CREATE USER ${READER}@'%' IDENTIFIED BY '${READER_PASSWORD}'`)
    const base = await readMysqlCatalog(liveTarget('mysql', server))
    return new Scratch(server, admin, base)
  }

  get main(): Connection {
    return this.#main
  }

  async close(): Promise<void> {
    if (this.#main !== this.admin) this.#main.destroy()
    this.admin.destroy()
    await this.server.stop()
  }

  /** Nothing but an empty database of the usual name, and a fresh session in it. */
  async reset(): Promise<void> {
    if (this.#main !== this.admin) this.#main.destroy()
    for (const name of await this.databases()) await this.admin.query(`DROP DATABASE ${quoted(name)}`).catch(() => 0)
    await this.admin.query(`CREATE DATABASE ${SCRATCH}`)
    await this.seenByReader(SCRATCH)
    await this.reconnect()
    this.#fresh = null
  }

  async reconnect(): Promise<void> {
    this.#main = await connect(this.server, this.server.user, this.server.password, SCRATCH)
    this.#mainId = this.#main.threadId ?? 0
  }

  /** Whether the server is still there. */
  async answers(): Promise<boolean> {
    return this.admin.query('SELECT 1').then(
      () => true,
      () => false,
    )
  }

  async databases(): Promise<readonly string[]> {
    const [rows] = await this.admin.query<RowDataPacket[]>({ sql: 'SHOW DATABASES', rowsAsArray: true })
    return rows.map((row) => String((row as unknown as unknown[])[0])).filter((name) => !SYSTEM.has(name.toLowerCase()))
  }

  async seenByReader(database: string): Promise<void> {
    await this.admin.query(`GRANT ALL ON ${quoted(database).replaceAll('_', '\\_')}.* TO ${READER}@'%'`)
  }

  definitionsChanged(): void {
    this.#fresh = null
  }

  /** The catalog that the product itself reads, of the tests' databases and the system's. */
  async catalog(): Promise<Catalog> {
    if (this.#fresh !== null) return this.#fresh
    const { server } = this
    const admin = { user: READER, password: READER_PASSWORD }
    const seen = await readMysqlCatalog(liveTarget('mysql', { ...server }, { admin }))
    const fresh = {
      ...seen,
      schemas: new Set([...this.#base.schemas, ...seen.schemas]),
      relations: new Map([...this.#base.relations, ...seen.relations]),
      functions: seen.functions,
    }
    this.#fresh = fresh
    return fresh
  }

  async state(): Promise<SessionState> {
    const sql = 'SELECT DATABASE(), @@sql_mode, @@character_set_client'
    const [rows] = await this.#main.query<RowDataPacket[]>({ sql, rowsAsArray: true })
    const [database, mode, charset] = rows[0] as unknown as [string | null, string, string]
    return { database, sqlMode: new Set(mode.split(',').filter((name) => name !== '')), charset }
  }

  /** Runs a statement as the tests do; one that takes long is killed. */
  async run(sql: string): Promise<Answer> {
    return this.timed(async () => {
      const [rows, fields] = await this.#main.query({ sql, rowsAsArray: true, typeCast: (field) => field.buffer() })
      const plain = Array.isArray(rows) && fields !== undefined && !Array.isArray(fields[0])
      return { error: null, rows: (plain ? rows : []) as unknown as Answer['rows'], fields: plain ? fields : [] }
    })
  }

  /** Only describes it (COM_STMT_PREPARE). */
  async describe(sql: string): Promise<Answer> {
    return this.timed(async () => describeOn(this.#main, sql))
  }

  async timed(work: () => Promise<Answer>): Promise<Answer> {
    const kill = setTimeout(() => {
      this.admin.query(`KILL QUERY ${this.#mainId}`).catch(() => 0)
    }, STATEMENT_MS)
    // The driver never settles what was under way on a connection that is given up.
    const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<Answer>()
    const late = setTimeout(() => {
      this.#main.destroy()
      this.admin.query(`KILL ${this.#mainId}`).catch(() => 0)
      giveUp({ error: { errno: 0, message: 'no answer in time' }, rows: [], fields: [] })
    }, GIVEN_UP_MS)
    try {
      return await Promise.race([work(), givenUp])
    } catch (error) {
      return { error: serverError(error), rows: [], fields: [] }
    } finally {
      clearTimeout(kill)
      clearTimeout(late)
    }
  }
}

export function serverError(error: unknown): ServerError {
  const { errno, message } = error as { errno?: unknown; message?: unknown }
  return { errno: typeof errno === 'number' ? Math.max(errno, 0) : 0, message: String(message) }
}

/** The columns of the result, as the server describes them before it runs anything. */
export async function describeOn(connection: Connection, sql: string): Promise<Answer> {
  const statement = await connection.prepare(sql)
  const { columns } = (statement as unknown as { statement: { columns: mysql.FieldPacket[] } }).statement
  await statement.close()
  connection.unprepare(sql)
  return { error: null, rows: [], fields: columns }
}

export function connect(
  server: DatabaseServer,
  user: string,
  password: string,
  database: string | null,
): Promise<Connection> {
  return mysql
    .createConnection({
      host: server.host,
      port: server.port,
      user,
      password,
      ssl: { ca: server.ca },
      charset: 'utf8mb4',
      flags: ['-LOCAL_FILES', '-IGNORE_SPACE'],
      ...(database === null ? {} : { database }),
    })
    .then((connection) => {
      // A connection that the tests broke says so at the next statement.
      connection.on('error', () => undefined)
      return connection
    })
}

export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
