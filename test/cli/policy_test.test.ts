import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import * as yaml from 'yaml'
import { catalogText, inlineCatalog, parseCatalog } from '../../src/cli/operator/catalog_file.ts'
import { policyTestSchema } from '../../src/cli/operator/policy_test_schema.ts'
import { CATALOG, ROLES } from '../compose/world.ts'
import { configDir } from '../config/config_dir.ts'
import { run, scratch } from './cli_run.ts'

const APPROVALS = `version: 1
approvals:
  - { name: office, roles: [reader], targets: ['*'], when: 'time.hour >= 9 && time.hour < 17', auto: true }
  - { name: peers, roles: [reader], targets: ['*'], single: { groups: [dba] } }
`
const HEAD = `version: 1
catalogs:
  - target: orders
    database: postgres
    searchPath: [app]
    tables:
      - { name: app.users, columns: { id: bigint, name: text, email: 'varchar(80)' }, primaryKey: [id] }
      - { name: app.orders, columns: { id: bigint, name: text } }
      - { name: app.mails, columns: { mail: text }, view: SELECT users.email AS mail FROM app.users }
tests:
`
const BY = '{ person: alice@example.test, target: orders, '

async function tested(tests: string, ...more: string[]) {
  const file = join(scratch(), 'tests.yaml')
  writeFileSync(file, HEAD + tests)
  const dir = configDir({ 'roles.yaml': ROLES, 'approvals.yaml': APPROVALS })
  // Neither the secrets nor the databases of the configuration are there.
  return run('policy', 'test', file, '--config', dir, ...more)
}

it('checks what people may do and how they see it, without secrets and databases', async () => {
  const good = await tested(`
  - ${BY}statement: SELECT id AS n FROM users, expect: allowed, columns: { n: clear } }
  - ${BY}statement: 'SELECT email, upper(email) AS u FROM users', expect: allowed, columns: { email: masked, u: masked } }
  - ${BY}statement: SELECT mail FROM mails, expect: { denied: SP-SCOPE } }
  - ${BY}role: tenant, parameters: { who: o'neil }, statement: SELECT mail FROM mails, expect: denied }
  - ${BY}role: tenant, parameters: { who: x }, statement: SELECT id FROM orders, expect: allowed, rewritten: ["'x'", WHERE] }
  - ${BY}role: owner, statement: DROP TABLE users, expect: allowed }
  - ${BY}grant: g1, statement: DELETE FROM users, expect: { denied: SP-VERB } }
  - ${BY}at: 2020-01-01T00:00:00Z, statement: SELECT 1, expect: { denied: SP-NO-GRANT } }
  - { person: bob@example.test, target: orders, statement: SELECT 1, expect: { denied: SP-NO-GRANT } }
`)
  expect(good).toEqual({ code: 0, out: '9 expectations, 0 failed\n', err: '' })
})

it('says which rule decides a request', async () => {
  const at = (time: string, approval: string) => `  - ${BY}role: reader, at: ${time}, approval: ${approval} }\n`
  const day = '2027-03-01T10:00:00Z'
  const night = '2027-03-01T22:00:00Z'
  const told = await tested(
    at(day, 'auto') +
      at(day, 'office') +
      at(night, 'peers') +
      `  - ${BY}role: owner, approval: none }\n` +
      at(night, 'auto'),
  )
  expect(told).toMatchObject({ code: 1, out: expect.stringContaining('expected approval by auto; it is peers\n') })
  expect(told.out).toContain('5 expectations, 1 failed')
})

it('prints each expectation that is not met with the reason, as text, JSON and JUnit', async () => {
  const junit = join(scratch(), 'junit.xml')
  const wrong = `
  - ${BY}name: 'a <b>', statement: SELECT email FROM users, expect: allowed, columns: { email: clear, x: null } }
  - ${BY}statement: SELECT id FROM orders, expect: allowed }
  - ${BY}statement: SELECT id FROM users, expect: { denied: SP-SCOPE } }
  - ${BY}role: nobody, statement: SELECT 1, expect: allowed }
  - ${BY}role: tenant, statement: SELECT 1, expect: allowed }
`
  const text = await tested(wrong.replace('x: null', "x: 'null'"), '--junit', junit)
  expect(text.code).toBe(1)
  expect(text.out).toContain(
    'FAILED a <b>\n  alice@example.test on orders\n  email: expected clear; it is masked (token)\n',
  )
  expect(text.out).toContain('the result has no field x; it has email\n')
  expect(text.out).toContain('expected allowed; it is denied, SP-SCOPE: ')
  expect(text.out).toContain('expected denied, SP-SCOPE; it is allowed\n')
  expect(text.out).toContain('there is no role nobody\n')
  expect(text.out).toContain('5 expectations, 5 failed\n')
  expect(readFileSync(junit, 'utf8')).toContain('<testcase name="a &lt;b&gt;" classname="orders: alice@example.test">')
  const json = JSON.parse((await tested(wrong.replace('x: null', "x: 'null'"), '--json')).out)
  expect(json).toMatchObject({ tests: 5, failed: 5 })
})

it('refuses a file that says less than it seems to', async () => {
  const refused = async (tests: string, why: string) =>
    expect(await tested(tests)).toMatchObject({ code: 2, err: expect.stringContaining(why) })
  await refused(`  - ${BY}statement: SELECT 1 }\n`, 'needs expect')
  await refused(`  - ${BY}approval: auto }\n`, 'needs a role')
  await refused(`  - ${BY}statement: SELECT 1, expect: maybe }\n`, 'tests/0/expect')
  await refused(`  - ${BY}statement: SELECT 1, expect: allowed, colums: {} }\n`, 'colums')
  await refused('  []\n', 'tests')
  const dir = configDir({ 'masking.yaml': 'version: 1\nmasking: { masks: [{}] }\n' })
  const file = join(scratch(), 't.yaml')
  writeFileSync(file, `${HEAD}  - ${BY}statement: SELECT 1, expect: allowed }\n`)
  expect(await run('policy', 'test', file, '--config', dir)).toMatchObject({
    code: 1,
    err: expect.stringContaining('SP-CONFIG'),
  })
})

it('the example of the documentation is a right file', () => {
  const page = readFileSync('docs/policy-test.md', 'utf8')
  const [, example = ''] = /```yaml\n([^`]+)```/.exec(page) ?? []
  expect(policyTestSchema.parse(yaml.parse(example)).tests).toHaveLength(3)
})

it('a catalog comes back from its file as it was, and nothing else is taken for one', () => {
  const inline = inlineCatalog('mysql', 'shop', {
    tables: [{ name: 'shop.t', columns: { a: 'int' }, primaryKey: ['a'] }],
  })
  for (const catalog of [CATALOG, inline]) {
    const text = catalogText({ target: 'orders', database: 'app', catalog })
    const read = parseCatalog(text, 'x')
    expect(catalogText(read)).toBe(text)
    expect([...read.catalog.relations.keys()]).toEqual([...catalog.relations.keys()])
  }
  expect(parseCatalog(catalogText({ target: '', database: '', catalog: inline }), 'x').catalog.digest).toBe(
    inline.digest,
  )
  for (const text of ['', '{}', '[]', 'null', '{"catalog":"sallyport","format":2}']) {
    expect(() => parseCatalog(text, 'x')).toThrow('x is no')
  }
})
