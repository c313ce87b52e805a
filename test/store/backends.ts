import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openStore } from '../../src/store/open_store.ts'
import type { PostgresSettings } from '../../src/store/settings.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'

/** The same tests run on each kind of database. */
export interface Backend {
  readonly name: string
  /** Before the tests of a file. */
  readonly start: () => Promise<void>
  /** An empty place for one store. */
  readonly place: () => Promise<Place>
  readonly stop: () => Promise<void>
}

export interface Place {
  /** Opens what is there; again after it was closed. */
  readonly open: () => Promise<SqlStore>
  /** For another process. */
  readonly asJson: () => Promise<object>
}

export function sqliteBackend(): Backend {
  let root = ''
  let places = 0
  return {
    name: 'SQLite',
    start: async () => {
      root = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
    },
    place: async () => {
      const dir = join(root, String(places++))
      return { open: () => openStore({ kind: 'sqlite', dir }), asJson: async () => ({ kind: 'sqlite', dir }) }
    },
    stop: async () => rmSync(root, { recursive: true, force: true }),
  }
}

export interface PostgresBackend extends Backend {
  readonly settings: (database: string) => PostgresSettings
  readonly newDatabase: () => Promise<string>
}

/** One server; a database of its own for each place. */
export function postgresBackend(): PostgresBackend {
  let server: DatabaseServer | null = null
  let places = 0
  const settings = (database: string): PostgresSettings => {
    if (!server) throw new Error('the server was not started')
    const { host, port, user, password, ca } = server
    const tls = { mode: 'verify-full', ca, serverName: null } as const
    const login = { host, port, user, database, password: async () => password, tls }
    return { kind: 'postgres', ...login, schema: 'sallyport', maxConnections: 8, pollMs: 200, leaseMs: 1_000 }
  }
  const newDatabase = async () => {
    const database = `store_${places++}`
    await asAdmin(settings('postgres'), `CREATE DATABASE ${database}`)
    return database
  }
  return {
    name: 'PostgreSQL',
    settings,
    start: async () => {
      server = await startPostgres()
    },
    newDatabase,
    place: async () => {
      const of = settings(await newDatabase())
      return { open: () => openStore(of), asJson: async () => ({ ...of, secret: await of.password() }) }
    },
    stop: async () => server?.stop(),
  }
}

async function asAdmin({ host, port, user, password, tls }: PostgresSettings, statement: string): Promise<void> {
  const client = new pg.Client({ host, port, user, password, database: 'postgres', ssl: { ca: tls.ca ?? '' } })
  await client.connect()
  await client.query(statement)
  await client.end()
}
