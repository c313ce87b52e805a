import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PostureQuery, postgresFindings } from '../../src/upstream/postgres_posture.ts'
import { postgresSnapshot } from '../../src/upstream/postgres_posture_watch.ts'
import { postureChanges } from '../../src/upstream/posture.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'

const SETUP = [
  "CREATE ROLE admin LOGIN CREATEROLE CREATEDB PASSWORD 'admin-password'",
  'GRANT pg_read_all_stats TO admin',
  'CREATE ROLE sallyport_sessions; CREATE ROLE sp_ann_aaaaaaaaaaaaaaaa LOGIN IN ROLE sallyport_sessions',
  'CREATE ROLE app LOGIN; CREATE ROLE "ann.smith" LOGIN; CREATE ROLE robot LOGIN BYPASSRLS; CREATE ROLE standing LOGIN',
  'GRANT pg_write_server_files TO robot',
  'CREATE SCHEMA shop AUTHORIZATION app',
  'CREATE TABLE shop.users (id int, ssn text); ALTER TABLE shop.users OWNER TO app',
  'GRANT SELECT (id) ON shop.users TO PUBLIC',
  'GRANT CREATE ON SCHEMA shop TO PUBLIC',
  'ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC',
  "CREATE FUNCTION shop.loose() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
  "CREATE FUNCTION shop.tight() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'",
  'REVOKE EXECUTE ON FUNCTION shop.tight() FROM PUBLIC',
]

let server: DatabaseServer
let root: pg.Client
let admin: pg.Client

beforeAll(async () => {
  server = await startPostgres({ setupSql: SETUP })
  root = await connected({ user: server.user, password: server.password })
  admin = await connected({ user: 'admin', password: 'admin-password' })
}, 120_000)

afterAll(async () => {
  await admin?.end()
  await root?.end()
  await server?.stop()
}, 60_000)

async function connected(login: { user: string; password: string }): Promise<pg.Client> {
  const { host, port, ca } = server
  const client = new pg.Client({ ...login, host, port, database: 'postgres', ssl: { ca, servername: 'localhost' } })
  await client.connect()
  return client
}

function inputFor(client: pg.Client) {
  const query: PostureQuery = async <T extends object>(text: string, values: readonly unknown[] = []) =>
    (await client.query<T>(text, [...values])).rows
  return { query, marker: 'sallyport_sessions', ours: ['standing'] }
}

const shown = (findings: Awaited<ReturnType<typeof postgresFindings>>) =>
  findings.map(({ id, severity, object }) => `${severity} ${id.replace('postgres.', '')} ${object}`)

it('says what is amiss, worst first, as far as the admin role may look', async () => {
  expect(shown(await postgresFindings(inputFor(admin)))).toEqual([
    'high public_create shop',
    'high definer_path shop.loose()',
    'high bypass_rls robot',
    'high server_files robot',
    'high person_login ann.smith',
    'medium public_table shop.users',
    'medium default_public objects of app in shop',
    'medium public_definer shop.loose()',
    'medium owner_logs_in app',
    'medium superuser_login postgres',
    'medium admin_too_strong admin',
    'medium standing_login app',
    'medium standing_login robot',
  ])
})

it('sees lines of pg_hba.conf as a superuser', async () => {
  const found = shown(await postgresFindings(inputFor(root)))
  expect(found.some((line) => line.includes('admin_too_strong postgres'))).toBe(true)
})

it('finds nothing of what was mended as it says', async () => {
  await root.query('BEGIN')
  try {
    const before = await postgresFindings(inputFor(root))
    for (const { id, mend } of before) {
      if (/superuser|admin_too|hba/.test(id)) continue
      await root.query(mend)
    }
    const left = (await postgresFindings(inputFor(root))).map(({ id }) => id)
    expect(left.filter((id) => !/superuser|admin_too|hba/.test(id))).toEqual([])
  } finally {
    await root.query('ROLLBACK')
  }
})

it('tells changes of roles, grants, row security and comments, and logins past the proxy', async () => {
  const before = await postgresSnapshot(inputFor(admin))
  expect(postureChanges(before, await postgresSnapshot(inputFor(admin)))).toEqual([])
  for (const sql of [
    'CREATE ROLE sp_bob_aaaaaaaaaaaaaaaa LOGIN IN ROLE sallyport_sessions',
    'GRANT SELECT ON shop.users TO sp_bob_aaaaaaaaaaaaaaaa',
    'ALTER ROLE app CREATEDB',
    'GRANT app TO robot',
    'GRANT UPDATE (ssn) ON shop.users TO robot',
    'ALTER TABLE shop.users ENABLE ROW LEVEL SECURITY',
    "COMMENT ON COLUMN shop.users.ssn IS 'class: secret'",
  ]) {
    await root.query(sql)
  }
  const other = await connected({ user: server.user, password: server.password })
  const changes = postureChanges(before, await postgresSnapshot(inputFor(admin)))
  await other.end()
  expect(changes.map(({ activity, object }) => `${activity} ${object.replace(/^\d+ .*/, 'pid')}`)).toEqual([
    'posture.finding shop.users.ssn',
    'posture.finding robot on shop.users.ssn',
    'posture.finding robot in app',
    'posture.finding app',
    'posture.finding shop.users',
    'bypass.login pid',
  ])
  expect(changes.at(-1)?.text).toMatch(/^postgres is connected to postgres from 127\.0\.0\.1 past the proxy/)
})
