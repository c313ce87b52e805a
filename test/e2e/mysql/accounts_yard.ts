import mysql from 'mysql2/promise'
import type { Grant } from '../../../src/policy/grant.ts'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import type { Role } from '../../../src/policy/role.ts'
import type { Target } from '../../../src/session/ports.ts'
import type { Catalog, Relation } from '../../../src/sql/catalog.ts'
import type { StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import type { AccountEngine, AccountSettings } from '../../../src/upstream/accounts.ts'
import type { AccountNote } from '../../../src/upstream/accounts_endings.ts'
import { createLiveAccounts, type LiveAccounts } from '../../../src/upstream/accounts_live.ts'
import { MysqlAccounts } from '../../../src/upstream/mysql_accounts.ts'
import { mysqlBootstrap } from '../../../src/upstream/mysql_bootstrap.ts'
import { readMysqlCatalog } from '../../../src/upstream/mysql_catalog.ts'
import { applyBootstrap } from '../../../src/upstream/postgres_bootstrap.ts'
import { grantOf, inputOf } from '../../policy/build.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { atHand, fixed, type KeptLedger, keptLedger, NODE, SETTINGS } from '../../upstream/accounts_fixture.ts'
import { liveTarget } from '../../upstream/target.ts'

/** Accounts on a real server, made by the account that the bootstrap makes. */

export const OWNER = 'heir'
const ADMIN = { user: 'sallyport_admin', password: 'admin-password' }

export interface Ground {
  readonly server: DatabaseServer
  readonly target: Target
  readonly root: mysql.Connection
  /** As the admin account sees it. */
  catalog: Catalog
  connect(login: { readonly user: string; readonly password: string }): Promise<mysql.Connection>
}

export async function makeGround(server: DatabaseServer, databases: readonly string[]): Promise<Ground> {
  const { host, port, ca, user, password } = server
  const connect = (login: { readonly user: string; readonly password: string }) =>
    mysql.createConnection({
      user: login.user,
      password: login.password,
      host,
      port,
      ssl: { ca },
      flags: ['-LOCAL_FILES'],
    })
  const root = await connect({ user, password })
  const steps = await mysqlBootstrap({
    mariadb: /mariadb/i.test(String(await oneValue(root, 'SELECT VERSION()'))),
    literalNames: false,
    admin: { user: ADMIN.user, host: '%' },
    password: ADMIN.password,
    tls: true,
    databases,
    defines: true,
    owner: { user: OWNER, host: '%' },
    memberOf: [],
  })
  const run = async <T extends object>(text: string) => (await root.query(text))[0] as unknown as readonly T[]
  await applyBootstrap(run, steps)
  await applyBootstrap(run, steps)
  const target = liveTarget('mysql', server, { admin: ADMIN })
  return { server, target, root, connect, catalog: await readMysqlCatalog(target) }
}

export async function oneValue(connection: mysql.Connection, sql: string): Promise<unknown> {
  const [rows] = await connection.query<mysql.RowDataPacket[][]>({ sql, rowsAsArray: true })
  return rows[0]?.[0]
}

export interface Yard {
  readonly accounts: LiveAccounts
  readonly ledger: KeptLedger
  readonly notes: AccountNote[]
  readonly timings: [string, number][]
  readonly engine: AccountEngine
  settings: AccountSettings
  masks: readonly ColumnMask[]
}

/** `ledger`: of a process before this one. */
export function makeYard(ground: Ground, ledger: KeptLedger = keptLedger()): Yard {
  const engine: AccountEngine = new MysqlAccounts(() => fixed(ADMIN))
  const notes: AccountNote[] = []
  const timings: [string, number][] = []
  const made = { ledger, notes, timings, engine, settings: SETTINGS, masks: [] as readonly ColumnMask[] }
  const accounts = createLiveAccounts({
    node: NODE,
    engineOf: () => engine,
    primaryOf: (one) => one,
    settingsOf: () => yard.settings,
    privilegesOf: atHand((role, grant) => ({
      ...inputOf({ relations: [], statements: [], masks: yard.masks, dialect: ground.catalog.dialect }),
      database: '',
      role,
      grant,
      catalog: ground.catalog,
      viewFacts: (view) => factsOfView(view, ground.catalog),
    })),
    ledger,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    report: (note) => void notes.push(note),
    observe: (what, ms) => void timings.push([what, ms]),
  })
  const yard: Yard = { ...made, accounts }
  return yard
}

function factsOfView({ definition }: Relation, catalog: Catalog): StatementFacts | null {
  if (definition === null) return null
  const context = { catalog, searchPath: [], defaultDatabase: null, sqlMode: new Set<string>() }
  return analyzeMysql(definition, context).statements[0] ?? null
}

let sessions = 0

export interface Opened {
  readonly id: string
  readonly user: string
  readonly password: string
  readonly findings: readonly string[]
}

export async function openAccount(
  yard: Yard,
  { target }: Pick<Ground, 'target'>,
  role: Role,
  grantId = 'g1',
): Promise<Opened> {
  const id = `s${++sessions}`
  const session = { id, person: 'Alice.Smith', database: '', role }
  const grant: Grant = { ...grantOf(), id: grantId, end: Date.now() + 3_600_000 }
  return { id, ...(await yard.accounts.open(session, target, grant)) }
}

/** What is ours on the server, accounts and roles. */
export async function oursOn({ root }: Ground): Promise<readonly string[]> {
  const [rows] = await root.query<mysql.RowDataPacket[]>(
    "SELECT User AS name FROM mysql.user WHERE LEFT(User, 3) = 'sp_' ORDER BY User",
  )
  return rows.map(({ name }) => String(name))
}
