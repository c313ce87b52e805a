import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
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
import { loginPostgres } from '../../src/upstream/postgres_login.ts'
import { grantOf, inputOf, maskLine, roleOf, scopeRule } from '../policy/build.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { atHand, fixed, type KeptLedger, keptLedger, NODE, notesOf, SETTINGS } from './accounts_fixture.ts'
import { liveTarget } from './target.ts'

/** Accounts on a real PostgreSQL, made by the role that the bootstrap makes: no superuser, owner of nothing. */

const ADMIN = { user: 'sallyport_admin', password: 'admin-password' }
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
let target: Target
let root: pg.Client
let catalog: Catalog

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
  catalog = await readPostgresCatalog(target, 'postgres', null)
}, 120_000)

afterAll(async () => {
  await root?.end()
  await server?.stop()
}, 60_000)

async function connect(login: { user: string; password: string }): Promise<pg.Client> {
  const { host, port, ca } = server
  const client = new pg.Client({ ...login, host, port, database: 'postgres', ssl: { ca, servername: 'localhost' } })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function names(form: string): Promise<readonly string[]> {
  const sql = 'SELECT rolname FROM pg_roles WHERE rolname ~ $1 ORDER BY 1'
  return (await root.query<{ rolname: string }>(sql, [form])).rows.map(({ rolname }) => rolname)
}

const logins = () => names('^sp_[a-z0-9]{1,8}_[a-z0-9]{16}$')
const groups = () => names('^sp_g_')

interface Yard {
  readonly accounts: LiveAccounts
  readonly ledger: KeptLedger
  readonly notes: AccountNote[]
  readonly timings: [string, number][]
  readonly masks: ColumnMask[]
  readonly clock: { now: number }
  settings: typeof SETTINGS
  readonly pool: AdminPool
}

let yard: Yard

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

function makeYard(ledger: KeptLedger = keptLedger(), wrap: <T extends object>(part: T) => T = (part) => part): Yard {
  const pool = new AdminPool(() => fixed(ADMIN))
  const engine: AccountEngine = wrap(new PostgresAccounts(pool))
  const notes: AccountNote[] = []
  const timings: [string, number][] = []
  const masks: ColumnMask[] = []
  const clock = { now: 0 }
  const made: Yard = { ledger, pool, notes, timings, masks, clock, settings: SETTINGS, accounts: undefined as never }
  const accounts = createLiveAccounts({
    node: NODE,
    engineOf: () => engine,
    primaryOf: (one) => one,
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

const grant = (id: string): Grant => ({ ...grantOf(), id, end: Date.now() + 3_600_000 })

let count = 0
function open(role: Role, id = 'g1', person = 'Alice.Smith', at = yard) {
  const session = { id: `s${++count}`, person, database: 'postgres', role }
  return at.accounts.open(session, target, grant(id)).then((account) => ({ ...account, id: session.id }))
}

const reader = (over: Partial<Role> = {}) =>
  roleOf({ scope: [scopeRule({ schemas: ['shop'], tables: ['users', 'orders'], verbs: ['read'] })], ...over })

describe('an account of a session', () => {
  it('may do what the grant names and nothing else, without columns whose mask is a constant', async () => {
    yard.masks.push(maskLine('users', 'ssn', { strategy: 'null' }), maskLine('users', 'email', { strategy: 'email' }))
    const account = await open(reader())
    expect(account.user).toMatch(/^sp_alicesmi_[a-z2-7]{16}$/)
    const client = await connect(account)
    await client.query('SELECT id, name, email, ctid FROM shop.users')
    await client.query('SELECT * FROM shop.orders')
    for (const refused of [
      'SELECT ssn FROM shop.users',
      'SELECT * FROM shop.users',
      'SELECT u FROM shop.users u',
      'SELECT * FROM shop.ssns',
      'BEGIN READ WRITE; INSERT INTO shop.orders VALUES (1, 1, 1)',
      'ROLLBACK; BEGIN READ WRITE; CREATE TABLE shop.mine (a int)',
    ]) {
      await expect(client.query(refused), refused).rejects.toMatchObject({ code: '42501' })
    }
    await client.query('ROLLBACK')
    const { rows } = await client.query("SELECT current_setting('default_transaction_read_only') AS ro")
    expect(rows).toEqual([{ ro: 'on' }])
    await client.end()
    expect(account.findings).toEqual([
      'select on the whole of shop.open comes from elsewhere',
      'the SECURITY DEFINER routine shop.all_ssns() may be called',
    ])
  })

  it('logs in as the proxy does, over TLS and bound to its certificate', async () => {
    const account = await open(reader())
    const upstream = await loginPostgres(target, account, {
      database: 'postgres',
      parameters: [],
      applicationName: 'sallyport:1',
    })
    upstream.socket.destroy()
    const { rows } = await root.query('SELECT rolvaliduntil, rolconnlimit FROM pg_roles WHERE rolname = $1', [
      account.user,
    ])
    expect(rows[0].rolconnlimit).toBe(1)
    expect(rows[0].rolvaliduntil.getTime()).toBeLessThan(Date.now() + 901_000)
  })

  it('writes what the scope lets it, sequences of defaults too', async () => {
    const verbs = ['read', 'insert', 'update', 'delete'] as const
    const scope = [scopeRule({ schemas: ['shop'], tables: ['users'], columns: ['id', 'name'], verbs })]
    const client = await connect(await open(roleOf({ scope })))
    await client.query("INSERT INTO shop.users (name) VALUES ('new')")
    await client.query("UPDATE shop.users SET name = 'newer' WHERE name = 'new'")
    await client.query("DELETE FROM shop.users WHERE name = 'newer'")
    await expect(client.query("UPDATE shop.users SET email = ''")).rejects.toMatchObject({ code: '42501' })
    await client.end()
  })

  it('is ended at once and gone with its group afterwards', async () => {
    const account = await open(reader())
    const client = await connect(account)
    const asleep = client.query('SELECT pg_sleep(30)').catch((error: pg.DatabaseError) => error.code)
    await yard.accounts.close(account.id)
    expect(await asleep).toBe('57P01')
    expect(await logins()).toEqual([])
    expect(await groups()).toHaveLength(1)
    await yard.accounts.dropGrant('g1')
    expect(await groups()).toEqual([])
    expect([...yard.ledger.entries.values()].map(({ state }) => state)).toEqual(['dropped'])
    expect(yard.timings.map(([what]) => what)).toEqual(['stopped', 'dropped'])
  })

  it('leaves what it made to the owner role, in whatever database', async () => {
    yard.settings = { ...SETTINGS, ownerRole: 'sallyport_heir', memberOf: ['shop_owner'] }
    const account = await open(roleOf({ unrestricted: true, scope: [] }), 'g2')
    const client = await connect(account)
    await client.query('CREATE TABLE shop.made (a int)')
    await client.query('INSERT INTO shop.made VALUES (7)')
    await client.query('CREATE TEMP TABLE passing (a int)')
    await yard.accounts.close(account.id)
    expect(await logins()).toEqual([])
    const { rows } = await root.query(
      "SELECT tableowner, (SELECT a FROM shop.made) AS a FROM pg_tables WHERE tablename = 'made'",
    )
    expect(rows).toEqual([{ tableowner: 'sallyport_heir', a: 7 }])
    await root.query('DROP TABLE shop.made')
    await yard.accounts.dropGrant('g2')
    expect(await groups()).toEqual([])
  })

  it('comes from those made ahead', async () => {
    yard.settings = { ...SETTINGS, warm: 2 }
    await open(reader())
    await expect.poll(logins).toHaveLength(3)
    await expect.poll(() => [...yard.ledger.entries.values()].filter(({ state }) => state === 'open').length).toBe(3)
    const before = await logins()
    const second = await open(reader())
    expect(before).toContain(second.user)
    expect(yard.ledger.entries.get(second.user)?.sessionId).toBe(second.id)
    await (await connect(second)).end()
    await expect.poll(logins).toHaveLength(4)
    await yard.accounts.dropGrant('g1')
    expect(await logins()).toEqual([])
  })

  it('is not made where the admin role can not hand on what the grant names', async () => {
    await root.query('CREATE SCHEMA closed CREATE TABLE closed.t (a int)')
    catalog = await readPostgresCatalog(target, 'postgres', null)
    try {
      const scope = [scopeRule({ schemas: ['closed'], tables: ['*'], verbs: ['read'] })]
      await expect(open(roleOf({ scope }))).rejects.toMatchObject({ code: 'SP-ACCOUNT' })
      expect(await names('^sp_')).toEqual([])
    } finally {
      await root.query('DROP SCHEMA closed CASCADE')
      catalog = await readPostgresCatalog(target, 'postgres', null)
    }
  })
})

/** From the n-th step on, nothing comes back: the step itself was done, or not. */
function dying(step: number, done: boolean) {
  let steps = 0
  return <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...given: unknown[]) => {
          steps++
          if (steps > step || (steps === step && !done)) return new Promise(() => {})
          const result = await Reflect.apply(value, target, given)
          return steps >= step ? new Promise(() => {}) : result
        }
      },
    })
}

const STEPS = 8

describe('a process that dies', () => {
  it.each(Array.from({ length: STEPS * 2 }, (_, at) => ({ step: (at >> 1) + 1, done: at % 2 === 1 })))(
    'at step $step (done: $done) leaves nothing past the next run of the janitor',
    async ({ step, done }) => {
      const ledger = keptLedger()
      const dead = makeYard(ledger, dying(step, done))
      const life = open(reader(), 'g1', 'bob', dead).then(({ id }) => dead.accounts.close(id))
      await Promise.race([life, expect.poll(() => stillFor(ledger), { timeout: 2_000 }).toBe(true)])
      const next = makeYard(ledger)
      await next.accounts.clean([target])
      expect(await names('^sp_')).toEqual([])
      expect([...ledger.entries.values()].filter(({ state }) => state !== 'dropped')).toEqual([])
      expect(notesOf(next.notes, 'failed')).toEqual([])
      await dead.pool.close()
      await next.pool.close()
    },
  )
})

/** Nothing has changed for a while: whatever was under way has come to its end. */
async function stillFor(ledger: KeptLedger): Promise<boolean> {
  const look = async () => JSON.stringify([[...ledger.entries.values()], await names('^sp_')])
  const before = await look()
  await pause(60)
  return before === (await look())
}

describe('the janitor', () => {
  const foreign = { target: 'shop', sessionId: 'theirs', grantId: 'g1', expiresAt: 0 }

  async function made(): Promise<string> {
    const { user, id } = await open(reader())
    await expect.poll(() => yard.ledger.entries.get(user)?.state).toBe('open')
    expect(id).toMatch(/^s/)
    return user
  }

  it('leaves alone what lives here and what a live node uses, and ends what another left', async () => {
    const name = await made()
    const other = makeYard()
    other.ledger.add({ ...foreign, name }, 'node-2')
    other.ledger.live.add('theirs')
    for (const wait of [0, 60_000]) {
      other.clock.now += wait
      await other.accounts.clean([target])
    }
    await yard.accounts.clean([target])
    expect(await logins()).toEqual([name])
    other.ledger.live.delete('theirs')
    await other.accounts.clean([target])
    expect(await logins()).toEqual([name])
    other.clock.now += 60_000
    await other.accounts.clean([target])
    expect(await logins()).toEqual([])
    expect(notesOf(other.notes, 'cleaned')).toHaveLength(1)
    await other.pool.close()
  })

  it('ends what no ledger knows of', async () => {
    await made()
    const other = makeYard()
    await other.accounts.clean([target])
    expect(await logins()).toHaveLength(1)
    other.clock.now += 60_000
    await other.accounts.clean([target])
    expect(await logins()).toEqual([])
    await other.pool.close()
  })

  it('tries again, later and later, what could not be dropped, and says so', async () => {
    const name = await made()
    await root.query(`GRANT SELECT ON pg_authid TO ${name}`)
    await yard.accounts.shutDown()
    expect(notesOf(yard.notes, 'orphaned')).toHaveLength(1)
    expect(yard.ledger.entries.get(name)?.state).toBe('orphaned')
    const { rows } = await root.query('SELECT rolcanlogin FROM pg_roles WHERE rolname = $1', [name])
    expect(rows).toEqual([{ rolcanlogin: false }])
    await yard.accounts.clean([target])
    await yard.accounts.clean([target])
    expect(notesOf(yard.notes, 'orphaned')).toHaveLength(2)
    await root.query(`REVOKE SELECT ON pg_authid FROM ${name}`)
    yard.clock.now += 60_000
    await yard.accounts.clean([target])
    expect(await logins()).toEqual([])
  })
})
