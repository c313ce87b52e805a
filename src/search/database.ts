import { type DuckDBConnection, DuckDBInstance, listValue } from '@duckdb/node-api'
import { Bindings } from './bindings.ts'

/** Bounds of the database; sizes as DuckDB writes them. */
export interface Bounds {
  readonly memoryMib: number
  readonly threads: number
  readonly tempMib: number
  /** How far behind other processes it stands, 0 to 19: what carries data comes first. */
  readonly niceness: number
}

export type Row = Readonly<Record<string, unknown>>

/** One connection to a database in memory, which reads and writes files below the given folders and nowhere else. */
export class Database {
  readonly #connection: DuckDBConnection
  #interrupted = false

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  async run(sql: string, bindings = new Bindings()): Promise<void> {
    this.#check()
    await this.#connection.run(sql, bindings.values, bindings.types)
  }

  async rows(sql: string, bindings = new Bindings()): Promise<Row[]> {
    this.#check()
    const reader = await this.#connection.runAndReadAll(sql, bindings.values, bindings.types)
    return reader.getRowObjectsJS().map((row) => Object.fromEntries(Object.entries(row).map(plainEntry)))
  }

  async one(sql: string, bindings = new Bindings()): Promise<Row> {
    return (await this.rows(sql, bindings))[0] ?? {}
  }

  /** Ends the query that runs, and each that follows until `begin`, with an error. */
  interrupt(): void {
    this.#interrupted = true
    this.#connection.interrupt()
  }

  /** A new piece of work. */
  begin(): void {
    this.#interrupted = false
  }

  #check(): void {
    if (this.#interrupted) throw new Error('INTERRUPT Error: between two queries')
  }
}

/** Nothing is fetched from anywhere, and no query can widen what was set here. */
export async function openDatabase(
  { memoryMib, threads, tempMib }: Omit<Bounds, 'niceness'>,
  folders: readonly string[],
  scratch: string,
): Promise<{ readonly connect: () => Promise<Database> }> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMib}MiB`,
    threads: String(threads),
    temp_directory: scratch,
    max_temp_directory_size: `${tempMib}MiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    preserve_insertion_order: 'false',
  })
  const connection = await instance.connect()
  await connection.run('SET allowed_directories = $1', [listValue([...folders, scratch])])
  await connection.run('SET enable_external_access = false')
  await connection.run('SET lock_configuration = true')
  return { connect: async () => new Database(await instance.connect()) }
}

/** Counts and times are small enough for a number. */
function plainEntry([name, value]: [string, unknown]): [string, unknown] {
  return [name, plainOf(value)]
}

function plainOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.getTime()
  return Array.isArray(value) ? value.map(plainOf) : value
}
