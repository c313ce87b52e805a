import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Grant } from '../../src/policy/grant.ts'
import type { ColumnMask } from '../../src/policy/masking_policy.ts'
import type { Role } from '../../src/policy/role.ts'
import type { AccountLedger, Target } from '../../src/session/ports.ts'
import type { Catalog } from '../../src/sql/catalog.ts'
import type { AccountEngine } from '../../src/upstream/accounts.ts'
import type { AccountNote } from '../../src/upstream/accounts_endings.ts'
import { createLiveAccounts, type LiveAccounts } from '../../src/upstream/accounts_live.ts'
import { PostgresAccounts } from '../../src/upstream/postgres_accounts.ts'
import { AdminPool } from '../../src/upstream/postgres_accounts_pool.ts'
import { applyBootstrap, postgresBootstrap, readBootstrapSchemas } from '../../src/upstream/postgres_bootstrap.ts'
import { readPostgresCatalog } from '../../src/upstream/postgres_catalog.ts'
import { grantOf, inputOf, roleOf, scopeRule } from '../policy/build.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { atHand, type KeptLedger, keptLedger, NODE, notesOf, rotated, SETTINGS } from './accounts_fixture.ts'
import { liveTarget } from './target.ts'

/** A real PostgreSQL whose accounts are made by the role that the bootstrap makes: no superuser, owner of nothing. */

export const ADMIN = { user: 'sallyport_admin', password: 'admin-password' }
const SHOP = [
  'CREATE ROLE shop_owner NOLOGIN',
  'CREATE SCHEMA shop AUTHORIZATION shop_owner',
  'SET ROLE shop_owner',
  'CREATE TABLE shop.users (id serial PRIMARY KEY, name text, email text, ssn text)',
  "INSERT INTO shop.users (name, email, ssn) VALUES ('ann', 'ann@example.test', '123')",
  'CREATE TABLE shop.orders (id int PRIMARY KEY, user_id int, total numeric)',
  'CREATE TABLE shop.open (id int)',
  'CREATE VIEW shop.ssns AS SELECT id, ssn FROM shop.users',
  "CREATE FUNCTION shop.all_ssns() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT ssn FROM shop.users'",
  'GRANT SELECT ON shop.open TO PUBLIC',
  'RESET ROLE',
]

let server: DatabaseServer
export let target: Target
export let root: pg.Client
let catalog: Catalog

/** Starts the server for one file, with a new yard before each test that leaves nothing behind. */
export function useAccounts(): void {
  beforeAll(async () => {
    server = await startPostgres({ setupSql: SHOP })
    target = liveTarget('postgres', server, { defaultDatabase: 'postgres', admin: ADMIN })
    root = await connect(server)
    const query = async <T extends object>(text: string) => (await root.query<T>(text)).rows
    const steps = postgresBootstrap({
      admin: ADMIN.user,
      password: ADMIN.password,
      marker: SETTINGS.marker,
      ownerRole: 'sallyport_heir',
      memberOf: ['shop_owner'],
      database: 'postgres',
      schemas: await readBootstrapSchemas(query),
      eventTrigger: true,
    })
    await applyBootstrap(query, steps)
    await applyBootstrap(query, steps)
    await rereadCatalog()
  }, 120_000)

  afterAll(async () => {
    await root?.end()
    await server?.stop()
  }, 60_000)

  beforeEach(() => {
    yard = makeYard()
  })
  afterEach(async () => {
    await yard.accounts.shutDown()
    for (const id of ['g1', 'g2']) await yard.accounts.dropGrant(id)
    await yard.pool.close()
    expect(notesOf(yard.notes, 'failed')).toEqual([])
    expect(await names('^sp_')).toEqual([])
  })
}

export async function connect(login: { user: string; password: string }): Promise<pg.Client> {
  const { host, port, ca } = server
  const client = new pg.Client({ ...login, host, port, database: 'postgres', ssl: { ca, servername: 'localhost' } })
  client.on('error', () => {})
  await client.connect()
  return client
}

export async function names(form: string): Promise<readonly string[]> {
  const sql = 'SELECT rolname FROM pg_roles WHERE rolname ~ $1 ORDER BY 1'
  return (await root.query<{ rolname: string }>(sql, [form])).rows.map(({ rolname }) => rolname)
}

export const logins = () => names('^sp_[a-z0-9]{1,8}_[a-z0-9]{16}$')
export const groups = () => names('^sp_g_')

interface Yard {
  readonly accounts: LiveAccounts
  readonly ledger: KeptLedger
  readonly notes: AccountNote[]
  readonly timings: [string, number][]
  readonly masks: ColumnMask[]
  readonly primaries: Map<string, Target>
  readonly clock: { now: number }
  settings: typeof SETTINGS
  readonly pool: AdminPool
}

export let yard: Yard

export function makeYard(
  ledger: KeptLedger = keptLedger(),
  wrap: <T extends object>(part: T) => T = (part) => part,
): Yard {
  const pool = new AdminPool(() => rotated(ADMIN, { ...ADMIN, password: 'rotated' }))
  const engine: AccountEngine = wrap(new PostgresAccounts(pool))
  const notes: AccountNote[] = []
  const timings: [string, number][] = []
  const masks: ColumnMask[] = []
  const clock = { now: 0 }
  const made: Yard = {
    ledger,
    pool,
    notes,
    timings,
    masks,
    clock,
    settings: SETTINGS,
    accounts: undefined as never,
    primaries: new Map(),
  }
  const accounts = createLiveAccounts({
    node: NODE,
    engineOf: () => engine,
    primaryOf: (one) => made.primaries.get(one.name) ?? one,
    settingsOf: () => made.settings,
    privilegesOf: atHand((role, grant) => ({
      ...inputOf({ relations: [], statements: [], masks }),
      database: 'postgres',
      role,
      grant,
      catalog,
      viewFacts: () => null,
    })),
    ledger: wrap(ledger as AccountLedger),
    clock: { now: () => Date.now(), monotonic: () => performance.now() + clock.now },
    report: (note) => void notes.push(note),
    observe: (what, ms) => void timings.push([what, ms]),
  })
  return Object.assign(made, { accounts })
}

export const grant = (id: string): Grant => ({ ...grantOf(), id, end: Date.now() + 3_600_000 })

let count = 0
export function open(role: Role, id = 'g1', person = 'Alice.Smith', at = yard) {
  const session = { id: `s${++count}`, person, database: 'postgres', role }
  return at.accounts.open(session, target, grant(id)).then((account) => ({ ...account, id: session.id }))
}

export const reader = (over: Partial<Role> = {}) =>
  roleOf({ scope: [scopeRule({ schemas: ['shop'], tables: ['users', 'orders'], verbs: ['read'] })], ...over })

export async function rereadCatalog(): Promise<Catalog> {
  catalog = await readPostgresCatalog(target, 'postgres', null)
  return catalog
}
