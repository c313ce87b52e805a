import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { SqliteThread } from './sqlite_thread.ts'
import type { Side, WorkerCall } from './sqlite_worker.ts'

/** Kysely over the thread that holds the file. One connection: whoever comes second waits for the first to give it back. */
export function sqliteDialect(thread: SqliteThread, side: Side): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ThreadDriver(thread, side),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class ThreadDriver implements Driver {
  readonly #side: Side
  readonly #connection: DatabaseConnection
  /** Settles when the connection is free. */
  #free: Promise<void> = Promise.resolve()
  #giveBack: () => void = () => {}

  constructor(thread: SqliteThread, side: Side) {
    this.#side = side
    this.#connection = new ThreadConnection(thread, side)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#free = promise
    await before
    this.#giveBack = resolve
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    this.#giveBack()
  }

  /** IMMEDIATE: the right to write is taken at the start, so a transaction that has read can't fail to write. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#side === 'write' ? 'begin immediate' : 'begin'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {}
}

class ThreadConnection implements DatabaseConnection {
  readonly #thread: SqliteThread
  readonly #side: Side

  constructor(thread: SqliteThread, side: Side) {
    this.#thread = thread
    this.#side = side
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const answer = await this.#thread.run(this.#side, sql, parameters as WorkerCall['parameters'])
    return { rows: answer.rows as R[], numAffectedRows: BigInt(answer.changes) }
  }

  // biome-ignore lint/correctness/useYield: the store reads by pages, and streams nothing.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store streams nothing')
  }
}
