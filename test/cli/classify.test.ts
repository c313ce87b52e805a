import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { configDir } from '../config/config_dir.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { run, scratch, targetYaml } from './cli_run.ts'

const MAILS = ['ann', 'ben', 'cat', 'dan', 'eve'].map((name) => `${name}@example.test`)
const SETUP = [
  'CREATE SCHEMA shop',
  'CREATE TABLE shop.users (id int, contact text, iban text, note text, card text)',
  "COMMENT ON COLUMN shop.users.card IS '[class: financial.card]'",
  ...MAILS.map((mail, at) => `INSERT INTO shop.users VALUES (${at}, '${mail}', 'unused', 'x', '4111111111111111')`),
]
const CLASSIFIED = `version: 1
classification:
  columns: [{ class: internal, schemas: [shop], tables: [users], columns: [id] }]
`

let server: DatabaseServer

beforeAll(async () => {
  server = await startPostgres({ setupSql: SETUP })
}, 120_000)

afterAll(async () => {
  await server?.stop()
}, 60_000)

beforeEach(() => {
  vi.stubEnv('ADMIN', server.password)
  return () => vi.unstubAllEnvs()
})

const here = () =>
  configDir({
    'targets.yaml': targetYaml('postgres', server, { admin: 'postgres', database: 'postgres' }),
    'classes.yaml': CLASSIFIED,
    'grants.yaml': null,
  })

it('classify scan proposes what a person can commit, and tells no value', async () => {
  const dir = here()
  const found = await run('classify', 'scan', 'orders', '--config', dir)
  expect(found.code).toBe(0)
  expect(found.out).toContain(
    '# likely: by 5 of 5 values\n    - { class: pii.email, targets: ["orders"], schemas: ["shop"], tables: ["users"], columns: ["contact"] }',
  )
  expect(found.out).toContain('class: financial.iban')
  expect(found.out).not.toContain('columns: ["card"]')
  expect(found.err).toContain('1 tables, 3 columns without a class: 2 proposals, 1 of them likely')
  expect(found.err).toContain('96 % were right')
  const json = await run('classify', 'scan', 'orders', '--config', dir, '--json', '--samples', '2')
  expect(JSON.parse(json.out)).toMatchObject({ measured: { proposals: 51 }, proposed: [{ sampled: 1 }] })
  for (const mail of MAILS) expect(found.out + found.err + json.out + json.err).not.toContain(mail)
  writeFileSync(join(dir, 'proposed.yaml'), found.out)
  expect((await run('classify', 'scan', 'orders', '--config', dir)).out).toBe('version: 1\n')
})

it('classify drift stops a build where a column came without a class, or lost its own', async () => {
  const snapshot = join(scratch(), 'classes.json')
  const look = (...more: string[]) =>
    run('classify', 'drift', 'orders', '--config', here(), '--snapshot', snapshot, ...more)
  expect(await look()).toMatchObject({ code: 2 })
  expect(existsSync(snapshot)).toBe(false)
  expect(await look('--update')).toMatchObject({ code: 0 })
  expect(readFileSync(snapshot, 'utf8')).toContain('"shop.users.card": ["financial.card"]')
  expect(await look()).toMatchObject({ code: 0, out: '3 columns without a class, 0 of them new\n' })
  await change('ALTER TABLE shop.users ADD COLUMN born date', 'COMMENT ON COLUMN shop.users.card IS NULL')
  const drifted = await look()
  expect(drifted.code).toBe(1)
  expect(drifted.out).toContain('new, without a class: shop.users.born\nhas lost its class: shop.users.card\n')
  expect(JSON.parse((await look('--json')).out)).toMatchObject({
    added: ['shop.users.born'],
    lost: ['shop.users.card'],
  })
  await change('ALTER TABLE shop.users DROP COLUMN born')
  expect((await look('--update')).code).toBe(0)
  expect((await look()).code).toBe(0)
  writeFileSync(snapshot, '[]')
  expect(await look()).toMatchObject({ code: 2, err: expect.stringContaining('--update') })
})

it('policy catalog writes what policy test reads: tables, comments and no row', async () => {
  const folder = scratch()
  const out = join(folder, 'orders.json')
  const masking = `version: 1
masking: { masks: [{ classes: ['internal'], strategy: 'null' }] }
`
  const dir = configDir({
    'targets.yaml': targetYaml('postgres', server, { admin: 'postgres', database: 'postgres' }),
    ...{ 'classes.yaml': CLASSIFIED, 'grants.yaml': null, 'masking.yaml': masking },
    'roles.yaml': 'version: 1\nroles: [{ name: reader, scope: [{ schemas: [shop], tables: ["*"], verbs: [read] }] }]\n',
  })
  expect((await run('policy', 'catalog', 'orders', '--config', dir, '--out', out)).code).toBe(0)
  expect(readFileSync(out, 'utf8')).not.toContain('@example.test')
  const tests = join(folder, 'tests.yaml')
  writeFileSync(
    tests,
    `version: 1
catalogs: [{ target: orders, file: orders.json }]
tests:
  - person: alice@example.test
    target: orders
    role: reader
    statement: SELECT id, contact FROM shop.users
    expect: allowed
    columns: { id: 'null', contact: clear }
`,
  )
  vi.unstubAllEnvs()
  expect(await run('policy', 'test', tests, '--config', dir)).toMatchObject({ code: 0, err: '' })
})

async function change(...statements: string[]): Promise<void> {
  const { host, port, ca, user, password } = server
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database: 'postgres',
    ssl: { ca, servername: 'localhost' },
  })
  await client.connect()
  for (const sql of statements) await client.query(sql)
  await client.end()
}
