import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * The thread that holds the SQLite file: node:sqlite waits for the disk, and no thread that carries data may. One
 * connection writes; another reads, so that a reader sees one state while a transaction is under way; a third is for
 * readers that take long.
 */

export interface WorkerSettings {
  /** A file, or `:memory:`. */
  readonly path: string
  /** Held by this process for as long as the store is open; null for a store in memory. */
  readonly lockPath: string | null
}

export type Side = 'write' | 'read' | 'copy'

export interface WorkerCall {
  readonly call: number
  readonly side: Side
  readonly sql: string
  readonly parameters: readonly (string | number | null)[]
}

export interface WorkerAnswer {
  readonly call: number
  readonly rows: readonly Record<string, unknown>[]
  readonly changes: number
  /** SQLite's own code and words; the words name columns, never values. */
  readonly error: { readonly code: number; readonly message: string } | null
}

/** The number of the answer that says whether the store was opened. */
export const OPENED = 0

const OWNER_ONLY = 0o600
const BUSY_TIMEOUT_MS = 5_000
/** Prepared statements kept on each connection: there are fewer texts than this. */
const MAX_STATEMENTS = 256

interface Connection {
  readonly db: DatabaseSync
  readonly statements: Map<string, StatementSync>
}

function open({ path, lockPath }: WorkerSettings): Record<Side, Connection> {
  if (lockPath !== null) holdLock(lockPath)
  if (path !== ':memory:') {
    // SQLite gives its log and its index the mode of the file itself.
    closeSync(openSync(path, 'a', OWNER_ONLY))
    chmodSync(path, OWNER_ONLY)
  }
  const write = connect(path)
  return path === ':memory:' ? { write, read: write, copy: write } : { write, read: connect(path), copy: connect(path) }
}

function connect(path: string): Connection {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
  return { db, statements: new Map() }
}

/** Never let go of on purpose: the system does that when the process ends, in whatever way. */
let lock: DatabaseSync | null = null

/**
 * The lock is one of the operating system, on a file that SQLite holds exclusively, so a killed process leaves none
 * behind. Nothing else of this process may open that file: closing it would let the lock go (fcntl(2)).
 */
function holdLock(path: string): void {
  lock = new DatabaseSync(path, { timeout: 0 })
  lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
}

function run({ db, statements }: Connection, sql: string, parameters: WorkerCall['parameters']) {
  let statement = statements.get(sql)
  if (statement === undefined) {
    if (statements.size >= MAX_STATEMENTS) statements.clear()
    statement = db.prepare(sql)
    statements.set(sql, statement)
  }
  if (statement.columns().length > 0) return { rows: statement.all(...parameters), changes: 0 }
  return { rows: [], changes: Number(statement.run(...parameters).changes) }
}

function failure(error: unknown): NonNullable<WorkerAnswer['error']> {
  if (!(error instanceof Error)) return { code: 0, message: 'unknown' }
  return { code: 'errcode' in error ? Number(error.errcode) : 0, message: error.message }
}

function serve(port: NonNullable<typeof parentPort>, settings: WorkerSettings): void {
  const answer = (of: WorkerAnswer) => port.postMessage(of)
  try {
    const connections = open(settings)
    port.on('message', ({ call, side, sql, parameters }: WorkerCall) => {
      try {
        answer({ call, ...run(connections[side], sql, parameters), error: null })
      } catch (error) {
        answer({ call, rows: [], changes: 0, error: failure(error) })
      }
    })
    answer({ call: OPENED, rows: [], changes: 0, error: null })
  } catch (error) {
    lock?.close()
    answer({ call: OPENED, rows: [], changes: 0, error: failure(error) })
    port.close()
  }
}

if (parentPort !== null) serve(parentPort, workerData as WorkerSettings)
