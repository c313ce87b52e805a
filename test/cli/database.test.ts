import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { reachable } from '../../src/cli/operator/operator_config.ts'
import { installationOf, watchTarget } from '../../src/compose/target_watch.ts'
import type { PostureChange } from '../../src/upstream/posture.ts'
import { targetSnapshot } from '../../src/upstream/target_posture.ts'
import { configDir } from '../config/config_dir.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { run, targetYaml } from './cli_run.ts'

const SETUP = ['CREATE DATABASE app', 'CREATE ROLE shop_owner NOLOGIN', 'CREATE ROLE "bob.jones" LOGIN PASSWORD \'x\'']
const IN_APP = [
  'CREATE SCHEMA shop AUTHORIZATION shop_owner',
  'CREATE TABLE shop.users (id int, email text)',
  'GRANT CREATE ON SCHEMA shop TO PUBLIC',
]

let server: DatabaseServer

beforeAll(async () => {
  server = await startPostgres({ setupSql: SETUP })
  await asRoot(...IN_APP)
}, 120_000)

afterAll(async () => {
  await server?.stop()
}, 60_000)

beforeEach(() => {
  vi.stubEnv('ADMIN', 'admin-password')
  vi.stubEnv('ROOT', server.password)
  return () => vi.unstubAllEnvs()
})

async function asRoot(...statements: string[]): Promise<void> {
  const { host, port, ca, user, password } = server
  const client = new pg.Client({ host, port, user, password, database: 'app', ssl: { ca, servername: 'localhost' } })
  await client.connect()
  for (const sql of statements) await client.query(sql)
  await client.end()
}

const here = (more?: Parameters<typeof targetYaml>[2]) =>
  configDir({ 'targets.yaml': targetYaml('postgres', server, more), 'grants.yaml': null })
const asPostgres = ['--admin', 'postgres', '--password-ref', 'env:ROOT']

describe('db bootstrap', () => {
  it('prints what each privilege is for, and no password', async () => {
    const printed = await run('db', 'bootstrap', 'orders', '--config', here(), ...asPostgres)
    expect([printed.code, printed.err]).toEqual([0, ''])
    expect(printed.out).toContain('-- CREATEROLE makes and drops the accounts of sessions')
    expect(printed.out).toContain('GRANT USAGE ON SCHEMA "shop" TO "sallyport_admin" WITH GRANT OPTION;')
    expect(printed.out).toContain('ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" IN SCHEMA "shop"')
    expect(printed.out).toContain("PASSWORD 'SCRAM-SHA-256$")
    expect(printed.out).not.toContain('admin-password')
    const alone = await run('db', 'bootstrap', 'orders', '--config', here())
    expect(alone.out).toContain('GRANT USAGE ON SCHEMA "public"')
    expect(alone.err).toContain('nobody looked at the server')
  })

  it('makes an admin account that does its work, as often as it is run', async () => {
    const dir = here()
    expect(await run('db', 'doctor', 'orders', '--config', dir)).toMatchObject({ code: 3 })
    for (const _ of ['once', 'again']) {
      const applied = await run('db', 'bootstrap', 'orders', '--config', dir, '--apply', ...asPostgres)
      expect([applied.code, applied.err]).toEqual([0, 'applied on orders, database app\n'])
    }
    const found = await run('db', 'doctor', 'orders', '--config', dir)
    expect(found).toMatchObject({ code: 1, err: '' })
  })

  it('does nothing by halves, and takes no password as an argument', async () => {
    expect(await run('db', 'bootstrap', 'orders', '--config', here(), '--apply')).toMatchObject({ code: 2 })
    const wrong = await run('db', 'bootstrap', 'orders', '--config', here(), '--apply', '--admin', 'bob.jones')
    expect(wrong.err).toContain('--password-ref')
    vi.stubEnv('ROOT', 'x')
    const weak = ['--apply', '--admin', 'bob.jones', '--password-ref', 'env:ROOT']
    const refused = await run('db', 'bootstrap', 'orders', '--config', here({ admin: 'other_admin' }), ...weak)
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('permission denied') })
    expect(await run('db', 'bootstrap', 'nowhere', '--config', here())).toMatchObject({ code: 2 })
  })
})

describe('db doctor', () => {
  it('says what is amiss and how to mend it; 1 where it is grave', async () => {
    const told = await run('db', 'doctor', 'orders', '--config', here())
    expect(told.out).toContain('HIGH postgres.public_create: shop\n')
    expect(told.out).toContain('  To mend: REVOKE CREATE ON SCHEMA shop FROM PUBLIC\n')
    const json = JSON.parse((await run('db', 'doctor', 'orders', '--config', here(), '--json')).out)
    expect(json).toMatchObject({ target: 'orders', checked_at: expect.any(String) })
    expect(json.findings.map(({ id }: { id: string }) => id)).toContain('postgres.person_login')
  })

  it('says which secret it could not read', async () => {
    vi.stubEnv('ADMIN', '')
    expect(await run('db', 'doctor', 'orders', '--config', here())).toMatchObject({
      code: 1,
      err: expect.stringContaining('ADMIN'),
    })
  })
})

it('a watch tells of each change once, and goes on after a look that failed', async () => {
  const { config, target } = await reachable(here(), 'orders')
  const seen: PostureChange[] = []
  const failures: string[] = []
  let looks = 0
  const stop = watchTarget({
    look: () => {
      looks++
      return targetSnapshot(looks === 2 ? { ...target, port: 1 } : target, installationOf(config, 'orders'))
    },
    everyMs: 5,
    changed: (changes) => seen.push(...changes),
    failed: ({ code }) => failures.push(code),
  })
  await vi.waitUntil(() => looks > 2, { timeout: 10_000 })
  await asRoot('CREATE ROLE intruder LOGIN', "COMMENT ON COLUMN shop.users.email IS 'mail'")
  await vi.waitUntil(() => seen.some(({ text }) => text.includes('mail')), { timeout: 10_000 })
  await stop()
  expect(failures).toEqual(['SP-UPSTREAM'])
  expect(seen.filter(({ text }) => text.startsWith('role intruder is new'))).toHaveLength(1)
})
