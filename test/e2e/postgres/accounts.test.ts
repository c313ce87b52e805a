import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgresBootstrap } from '../../../src/upstream/postgres_bootstrap.ts'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'

/** The whole program with an account for each session, which a role makes that is no superuser. */

/** That of the test's server, which the program is given for its target. */
const PASSWORD = 'postgres-password'
const GRANTS = usualGrants()
const SOON_MS = 3_000
const AFTER_A_POLL = { timeout: 10_000 }

const BOOTSTRAP = postgresBootstrap({
  admin: 'sallyport_admin',
  password: PASSWORD,
  marker: 'sallyport_sessions',
  ownerRole: 'sallyport_heir',
  memberOf: [],
  database: 'postgres',
  schemas: [{ name: 'club', owners: ['postgres'] }],
  eventTrigger: false,
})

let stack: PostgresStack
let root: pg.Client

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: [
      ...CLUB_SQL,
      ...BOOTSTRAP.map(({ sql }) => sql),
      'GRANT CREATE ON SCHEMA club TO sallyport_admin WITH GRANT OPTION',
    ],
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: () => GRANTS,
    node: { limits: { drainTimeout: '1s' } },
    target: {
      admin: { user: 'sallyport_admin', password: 'env:PASSWORD_CLUB_PG' },
      catalogPoll: '1s',
      accounts: { dynamic: { ownerRole: 'sallyport_heir', roles: { reader: { warm: 1 } } } },
    },
  })
  root = await stack.direct()
})
afterAll(() => stack?.stop())

async function logins(person = ''): Promise<readonly string[]> {
  const sql = `SELECT rolname FROM pg_roles WHERE rolname ~ $1 ORDER BY 1`
  return (await root.query<{ rolname: string }>(sql, [`^sp_${person}[a-z0-9]*_[a-z0-9]{16}$`])).rows.map(
    ({ rolname }) => rolname,
  )
}

async function rows(client: pg.Client, sql: string): Promise<unknown[]> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows
}

it('reads what is masked in part and in full by an account that can not read the rest', async () => {
  const client = await stack.connect('alice')
  expect(await rows(client, 'SELECT id, email, phone, born, dues FROM club.members WHERE id = 1')).toEqual([
    [1, expect.not.stringContaining('CANARY'), expect.stringMatching(/^\*+111$/), null, null],
  ])
  expect(await rows(client, 'SELECT count(*), min(dues) FROM club.members')).toEqual([['4', null]])
  expect(await rows(client, "SELECT id, body->>'text' FROM club.letters ORDER BY id")).toHaveLength(2)
  expect(await rows(client, 'SELECT contact, size FROM club.contacts WHERE id = 1')).toHaveLength(1)
  expect(await rows(client, 'SELECT ctid IS NOT NULL FROM club.cards')).toHaveLength(2)
  const { rows: live } = await root.query<{ usename: string }>(
    "SELECT usename FROM pg_stat_activity WHERE application_name LIKE 'sallyport:%' AND usename <> 'sallyport_admin'",
  )
  expect(live.map(({ usename }) => usename)).toEqual([expect.stringMatching(/^sp_alice_[a-z2-7]{16}$/)])
  const held = await root.query(
    `SELECT has_column_privilege($1, 'club.members', 'dues', 'select') AS dues,
       has_column_privilege($1, 'club.members', 'phone', 'select') AS phone,
       has_any_column_privilege($1, 'club.safes', 'select') AS safes`,
    [live[0]?.usename],
  )
  expect(held.rows).toEqual([{ dues: false, phone: true, safes: false }])
  await client.end()
  await expect.poll(() => logins('alice').then((all) => all.includes(live[0]?.usename ?? ''))).toBe(false)
})

it('goes on in an open session with what is made outside of it, and never with what is masked', async () => {
  const client = await stack.connect('alice')
  const read = async () => (await client.query('SELECT * FROM club.members WHERE id = 1')).rows[0]
  await read()
  await root.query("ALTER TABLE club.members ADD COLUMN berth text DEFAULT 'B1', ADD COLUMN rank_of int DEFAULT 7")
  await expect.poll(read, AFTER_A_POLL).toMatchObject({ berth: 'B1', rank_of: 7, dues: null })
  await root.query('ALTER TABLE club.members DROP COLUMN berth')
  await expect.poll(() => read().catch(() => null), AFTER_A_POLL).not.toHaveProperty('berth')
  await root.query('CREATE TABLE club.flags (id int, name text)')
  await expect.poll(() => rows(client, 'SELECT * FROM club.flags').catch(() => null), AFTER_A_POLL).toEqual([])
  // The name that is masked comes to a column that was open until then.
  await root.query('ALTER TABLE club.members DROP COLUMN dues')
  await root.query('ALTER TABLE club.members RENAME COLUMN rank_of TO dues')
  await expect.poll(() => read().catch(() => null), AFTER_A_POLL).toMatchObject({ dues: null })
  const held = await root.query(
    `SELECT count(*)::int AS holding FROM pg_roles
     WHERE rolname ~ '^sp_alice' AND has_column_privilege(oid, 'club.members'::regclass, 'dues', 'select')`,
  )
  expect(held.rows).toEqual([{ holding: 0 }])
  await client.end()
  await root.query('DROP TABLE club.flags')
})

it('goes on in an open session with what another session of the proxy defines', async () => {
  const [reader, owner] = [await stack.connect('alice'), await stack.connect('carol')]
  const read = async () => (await reader.query('SELECT * FROM club.letters WHERE id = 1')).rows[0]
  await read()
  await owner.query('CREATE TABLE club.made (id serial, note text)')
  await owner.query("INSERT INTO club.made (note) VALUES ('n')")
  // Both wait for the catalog, and with it for what the reader's account may do.
  expect(await rows(reader, 'SELECT note FROM club.made')).toEqual([['n']])
  await owner.query('ALTER TABLE club.made ADD COLUMN more int DEFAULT 3')
  expect(await rows(reader, 'SELECT * FROM club.made')).toEqual([[1, 'n', 3]])
  await owner.query('DROP TABLE club.made')
  await read()
  await Promise.all([reader.end(), owner.end()])
})

it('writes under the write verbs, and everything under an unrestricted role', async () => {
  const clerk = await stack.connect('bob')
  await clerk.query("INSERT INTO club.drafts VALUES (7, 'new', 1)")
  await clerk.query("UPDATE club.drafts SET label = 'newer' WHERE id = 7 RETURNING label")
  await clerk.query('UPDATE club.boats SET price = 1 WHERE id = 1')
  await clerk.query('DELETE FROM club.drafts WHERE id = 7')
  await clerk.end()
  const owner = await stack.connect('carol')
  expect(await rows(owner, 'SELECT code FROM club.safes')).toEqual([['CANARY-SAFE-1']])
  await owner.end()
  await expect.poll(() => logins('bob')).toEqual([])
  await expect.poll(() => logins('carol')).toEqual([])
})

it('ends the running statement, the connection and the account when the grant ends', async () => {
  const client = await stack.connect('bob')
  const code = client.query('SELECT count(*) FROM generate_series(1, 100000000000)').catch((error) => error.code)
  await expect.poll(() => logins('bob')).toHaveLength(1)
  const started = performance.now()
  expect(await stack.proxy.reload({ grants: GRANTS.filter(({ role }) => role !== 'clerk') })).toBe('ok')
  expect(await code).toBe('57P01')
  await expect.poll(() => logins('bob'), { interval: 20 }).toEqual([])
  expect(performance.now() - started).toBeLessThan(SOON_MS)
})

it('leaves no account behind when it stops', async () => {
  await stack.connect('alice')
  await expect.poll(() => logins('alice').then(({ length }) => length)).toBeGreaterThan(1)
  stack.proxy.child.kill('SIGTERM')
  await expect.poll(() => logins(), { timeout: 10_000 }).toEqual([])
})
