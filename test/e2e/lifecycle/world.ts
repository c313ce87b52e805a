import { readFileSync } from 'node:fs'
import mysql from 'mysql2/promise'
import pg from 'pg'
import type { StoreSettings } from '../../../src/store/settings.ts'
import { startMariadb } from '../../servers/mariadb.ts'
import { type OidcServer, startOidc } from '../../servers/oidc.ts'
import { startPostgres } from '../../servers/postgres.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import {
  type Sallyport,
  type SallyportOptions,
  type Section,
  secretName,
  startSallyport,
  targetOf,
} from '../../servers/sallyport.ts'
import { SEAL_TO } from '../../servers/seal_key.ts'
import { type Name, type Terminal, terminalOf } from './people.ts'

/** Two databases, an identity provider and the whole program over a store of either kind, with accounts made for each session. */

export const PG = 'orders-pg'
export const MY = 'orders-my'

export type StoreKind = 'sqlite' | 'postgres'

export interface World {
  readonly postgres: DatabaseServer
  readonly mariadb: DatabaseServer
  readonly oidc: OidcServer
  readonly proxy: Sallyport
  terminal(name: Name): Promise<Terminal>
  /** Connected as the person; the server's certificate is verified. */
  connectPg(name: Name, more?: pg.ClientConfig): Promise<pg.Client>
  connectMy(name: Name, more?: mysql.ConnectionOptions): Promise<mysql.Connection>
  /** Names of the accounts that exist for sessions now. */
  accountsPg(): Promise<readonly string[]>
  accountsMy(): Promise<readonly string[]>
  /** Activities in the audit log, in order. */
  activities(): readonly string[]
  direct(): Promise<pg.Client>
  /** The program once more, with the same configuration but for `node`: another node of the same store, or the same one again. */
  program(node?: Section): Promise<Sallyport>
  stop(): Promise<void>
}

const ROLES: readonly Section[] = [
  {
    name: 'reader',
    description: 'Reads orders',
    scope: [{ schemas: ['shop'], tables: ['*'], verbs: ['read'] }],
    defaultDuration: '1h',
  },
  { name: 'writer', scope: [{ schemas: ['shop'], tables: ['*'], verbs: ['read', 'insert', 'update', 'delete'] }] },
  { name: 'breaker', breakGlass: true, scope: [{ schemas: ['shop'], tables: ['*'], verbs: ['read', 'update'] }] },
]

const SECTIONS = {
  approvals: [
    { name: 'reading', roles: ['reader'], single: { groups: ['security'] } },
    { name: 'writing', roles: ['writer'], dual: { groups: ['dba', 'security', 'engineering'], distinctGroups: false } },
  ],
  access: {
    roles: { admin: ['security'], auditor: ['security'] },
    breakGlass: { duration: '30m', checkEvery: '1s', reviewWithin: '1s', reviewGroups: ['security'] },
  },
  incidents: {
    desk: {
      kind: 'static',
      incidents: [
        { id: 'INC-1', open: true, assignees: ['bob@example.test'], services: ['orders'] },
        { id: 'INC-2', open: false, assignees: ['bob@example.test'], services: ['orders'] },
      ],
    },
  },
} as const

const PG_SQL = [
  'CREATE SCHEMA shop',
  'CREATE TABLE shop.orders (id int PRIMARY KEY, note text, email text)',
  "INSERT INTO shop.orders SELECT i, 'note ' || i, 'mail' || i || '@example.test' FROM generate_series(1, 1000) i",
]
const MY_SQL = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.orders (id int PRIMARY KEY, note varchar(50), email varchar(50))',
  "INSERT INTO shop.orders SELECT seq, CONCAT('note ', seq), CONCAT('mail', seq, '@example.test') FROM seq_1_to_1000",
]

export interface WorldOptions {
  readonly store: StoreKind
  readonly sections?: Readonly<Record<string, unknown>>
  readonly node?: Section
  /** More of what tokens are taken. */
  readonly tokens?: Section
  readonly roles?: readonly Section[]
  /** Lines more for postgresql.conf. */
  readonly settings?: readonly string[]
  /** More for each target. */
  readonly targets?: Section
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const closing: (() => Promise<unknown>)[] = []
  const kept = <T extends { stop(): Promise<void> }>(started: T): T => {
    closing.push(() => started.stop())
    return started
  }
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const [postgres, mariadb, oidc] = await Promise.all([
      startPostgres({ setupSql: PG_SQL, settings: options.settings ?? [] }).then(kept),
      startMariadb({ setupSql: MY_SQL }).then(kept),
      startOidc().then(kept),
    ])
    const program = async (node: Section = {}) =>
      kept(await startSallyport(programOptions({ postgres, mariadb, oidc }, options, node)))
    return worldOf({ postgres, mariadb, oidc, proxy: await program(), program }, closing, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

function programOptions(
  { postgres, mariadb, oidc }: Pick<World, 'postgres' | 'mariadb' | 'oidc'>,
  { store, sections, node, roles, targets, tokens }: WorldOptions,
  ownNode: Section,
): SallyportOptions {
  const dynamic = { accounts: { dynamic: {} }, labels: { service: 'orders', env: 'test' }, ...targets }
  return {
    issuer: oidc.issuer,
    audience: oidc.audience,
    ...(tokens ? { oidc: tokens } : {}),
    targets: [targetOf(PG, 'postgres', postgres, dynamic), targetOf(MY, 'mysql', mariadb, dynamic)],
    roles: [...ROLES, ...(roles ?? [])],
    grants: [],
    masking: { masks: [{ schemas: ['shop'], tables: ['orders'], columns: ['email'], strategy: 'redact' }] },
    sections: { ...SECTIONS, ...sections },
    api: true,
    node: {
      audit: { sealTo: SEAL_TO },
      store: store === 'sqlite' ? { kind: 'sqlite' } : storeIn(postgres),
      ...node,
      ...ownNode,
    },
    secrets: { [secretName(PG)]: postgres.password, [secretName(MY)]: mariadb.password },
  }
}

/** The store lives beside the target, in a database of its own. */
export function storeIn({ host, port, user, caFile }: DatabaseServer): Section {
  const password = `env:${secretName(PG)}`
  const tls = { mode: 'verify-ca', ca: caFile }
  return { kind: 'postgres', host, port, user, password, database: 'postgres', schema: 'sallyport_store', tls }
}

/** As a test opens the same store, once the program is gone. */
export function storeSettings(
  kind: StoreKind,
  { host, port, user, password, ca }: DatabaseServer,
  dir: string,
): StoreSettings {
  if (kind === 'sqlite') return { kind, dir }
  return {
    ...{ kind, host, port, user, database: 'postgres', schema: 'sallyport_store', password: async () => password },
    ...{ tls: { mode: 'verify-ca', ca, serverName: null }, maxConnections: 2, pollMs: 1_000, leaseMs: 10_000 },
  }
}

function worldOf(
  servers: Pick<World, 'postgres' | 'mariadb' | 'oidc' | 'proxy' | 'program'>,
  closing: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): World {
  const { postgres, mariadb, oidc, proxy } = servers
  const ca = readFileSync(proxy.ca, 'utf8')
  const direct = async () => {
    const { host, port, user, password, database } = postgres
    const client = new pg.Client({ host, port, user, password, database, ssl: { ca: postgres.ca } })
    await client.connect()
    closing.push(() => client.end())
    return client
  }
  let watching: Promise<pg.Client> | null = null
  let watchingMy: Promise<mysql.Connection> | null = null
  const directMy = async () => {
    const { host, port, user, password } = mariadb
    const connection = await mysql.createConnection({ host, port, user, password, ssl: { ca: mariadb.ca } })
    closing.push(() => connection.end())
    return connection
  }
  return {
    ...servers,
    terminal: async (name) => {
      const terminal = await terminalOf(name, proxy, oidc)
      closing.push(async () => terminal.close())
      return terminal
    },
    connectPg: async (name, more) => {
      const password = await oidc.tokenFor(name)
      const user = `${name}@example.test/${PG}`
      const at = { host: 'localhost', port: proxy.postgresPort, user, password, database: 'postgres', ssl: { ca } }
      const client = new pg.Client({ ...at, ...more })
      client.on('error', () => undefined)
      await client.connect()
      closing.push(() => client.end().catch(() => undefined))
      return client
    },
    connectMy: async (name, more) => {
      const password = await oidc.tokenFor(name)
      const user = `${name}@example.test/${MY}`
      const at = { host: 'localhost', port: proxy.mysqlPort, user, password, ssl: { ca } }
      const connection = await mysql.createConnection({ ...at, enableCleartextPlugin: true, ...more })
      connection.on('error', () => undefined)
      closing.push(async () => connection.destroy())
      return connection
    },
    accountsPg: async () => {
      watching ??= direct()
      const sql = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sp\\_%' AND rolcanlogin ORDER BY 1"
      return (await (await watching).query<{ rolname: string }>(sql)).rows.map(({ rolname }) => rolname)
    },
    accountsMy: async () => {
      watchingMy ??= directMy()
      const [rows] = await (await watchingMy).query<mysql.RowDataPacket[]>(
        "SELECT user FROM mysql.user WHERE user LIKE 'sp\\_%' AND is_role = 'N'",
      )
      return rows.map((row) => String(row.user ?? row.User))
    },
    activities: () => proxy.audit().map((record) => /"event_code":"([^"]+)"/.exec(JSON.stringify(record))?.[1] ?? ''),
    direct,
    stop,
  }
}
