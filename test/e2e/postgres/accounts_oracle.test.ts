import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import { privilegesOf } from '../../../src/policy/privileges.ts'
import type { Role } from '../../../src/policy/role.ts'
import { createEngines } from '../../../src/proxy/engines.ts'
import { VerdictCache } from '../../../src/session/verdict.ts'
import type { Catalog } from '../../../src/sql/catalog.ts'
import { createGroupSql, groupName } from '../../../src/upstream/postgres_accounts_sql.ts'
import { grantOf, IDENTITY, maskLine, NOW, roleOf, scopeRule } from '../../policy/build.ts'
import { describeEachPostgres } from '../../servers/availability.ts'
import { startPostgres } from '../../servers/postgres.ts'
import type { PostgresMajor } from '../../servers/postgres_major.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { SHOP, shopTablesSql } from '../../sql/postgres/shop.ts'
import { SETTINGS } from '../../upstream/accounts_fixture.ts'
import { targetOf } from '../../upstream/target.ts'
import { EVERYWHERE, SINCE } from './oracle_statements.ts'

/**
 * The server as the judge of the privileges: whatever the gate lets through under a role, an account that holds exactly
 * the privileges of the role may run. What is missing would be a denial that nobody understands.
 */

const engineOf = createEngines()
const VERDICTS = new VerdictCache()

interface Yard {
  readonly name: string
  readonly role: Role
  readonly masks: readonly ColumnMask[]
}

const VERBS = ['read', 'insert', 'update', 'delete'] as const
const ALL = scopeRule({ schemas: ['shop', 'internal'], verbs: VERBS })

const YARDS: readonly Yard[] = [
  { name: 'everything that has a verb', role: roleOf({ scope: [ALL] }), masks: [] },
  {
    name: 'constant and other masks',
    role: roleOf({ scope: [ALL] }),
    masks: [
      maskLine('users', 'ssn', { strategy: 'null' }),
      maskLine('users', 'phone', { strategy: 'redact', text: 'X' }),
      maskLine('users', 'email', { strategy: 'email' }),
      maskLine('orders', 'notes', { strategy: 'null' }),
      maskLine('secrets', '*', { strategy: 'null' }),
    ],
  },
  {
    name: 'constant masks that are looked up and aggregated',
    role: roleOf({ scope: [ALL] }),
    masks: [
      { ...maskLine('users', 'email', { strategy: 'null' }), equality: { budgetPerHour: 1_000 } },
      { ...maskLine('products', 'price', { strategy: 'null' }), aggregate: { minGroup: 2 } },
    ],
  },
  {
    name: 'some columns',
    role: roleOf({
      scope: [
        scopeRule({ tables: ['users'], columns: ['id', 'full_name', 'email', 'status'], verbs: VERBS }),
        scopeRule({ tables: ['*'], exceptColumns: ['orders.notes'], verbs: ['read'] }),
      ],
    }),
    masks: [maskLine('users', 'email', { strategy: 'null' })],
  },
  {
    name: 'some rows',
    role: roleOf({
      scope: [
        scopeRule({
          tables: ['users', 'orders'],
          columns: ['id', 'status', 'full_name', 'email'],
          where: [{ column: 'tenant_id', op: '=', value: [7] }],
          verbs: VERBS,
        }),
        scopeRule({ tables: ['*'], verbs: ['read'] }),
      ],
    }),
    masks: [],
  },
]

/** What privileges are easily forgotten for. */
const MORE: readonly string[] = [
  "SELECT id FROM users WHERE email = 'a@example.test'",
  "SELECT id FROM users WHERE email IN ('a', 'b')",
  'SELECT name, avg(price) FROM products GROUP BY name',
  'SELECT count(*) FROM secrets',
  'SELECT count(*) FROM users',
  'SELECT ctid FROM secrets',
  'SELECT id FROM users FOR UPDATE',
  "UPDATE users SET status = 'x' WHERE lower(full_name) = 'a'",
  'UPDATE users SET full_name = upper(status) WHERE id = 1 RETURNING id',
  "DELETE FROM users WHERE full_name = 'a'",
  "UPDATE users SET ssn = '1', phone = '2' WHERE id = 1",
  "INSERT INTO users (id, tenant_id, ssn) VALUES (1, 7, '1')",
  'EXPLAIN (COSTS OFF) SELECT email FROM users',
  'COPY (SELECT id FROM users) TO STDOUT',
]

/** The gate's word, and what it would send. */
async function judged(major: PostgresMajor, { name, role, masks }: Yard, text: string) {
  const catalog = catalogOf(major)
  const engine = await engineOf(catalog)
  const subject = { session: undefined as never, identity: IDENTITY, grant: grantOf(), database: 'postgres', engine }
  const { decision, text: sent } = VERDICTS.judge({
    subject: { ...subject, target: targetOf({ engine: 'postgres', port: 1 }), limited: true },
    names: { searchPath: SHOP.searchPath, defaultDatabase: null, sqlMode: null, key: '' },
    text,
    now: NOW,
    catalog,
    role,
    masking: { digest: name, masks },
    config: '',
  })
  return decision.effect === 'allow' ? sent : null
}

const CATALOGS = new Map<number, Catalog>()

function catalogOf(major: PostgresMajor): Catalog {
  const made = CATALOGS.get(major) ?? { ...SHOP.catalog, major, digest: `${major}`, database: 'postgres' }
  CATALOGS.set(major, made)
  return made
}

function groupOf(major: PostgresMajor, { role, masks }: Yard, at: number) {
  const catalog = catalogOf(major)
  const target = targetOf({ engine: 'postgres', port: 1 })
  const masking = { digest: 'm', masks }
  const input = {
    target: 'shop',
    database: 'postgres',
    grant: grantOf(),
    role,
    masking,
    catalog,
    viewFacts: () => null,
  }
  const place = { target, loginTarget: target, database: 'postgres', grantId: 'g', grantEnd: NOW, role: 'r' }
  const limits = { statementTimeoutMs: 0, lockTimeoutMs: 0 }
  const digest = `${at}`.padStart(24, '0')
  return { ...place, privileges: privilegesOf(input), settings: SETTINGS, limits, digest, content: '' }
}

function suite(major: PostgresMajor, statements: readonly string[]): void {
  let server: DatabaseServer
  let client: pg.Client

  beforeAll(async () => {
    server = await startPostgres({ version: major, setupSql: [...shopTablesSql(), `CREATE ROLE ${SETTINGS.marker}`] })
    const { host, port, user, password, database, ca } = server
    client = new pg.Client({ host, port, user, password, database, ssl: { ca, servername: 'localhost' } })
    await client.connect()
    for (const [at, yard] of YARDS.entries()) {
      for (const sql of createGroupSql(groupOf(major, yard, at), [], major)) await client.query(sql)
    }
    await client.query('SET search_path = shop')
  })
  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  it.each(YARDS.map((yard, at) => ({ ...yard, at })))('$name', async (yard) => {
    const denied: string[] = []
    let run = 0
    for (const text of [...statements, ...MORE]) {
      const sent = await judged(major, yard, text)
      if (sent === null) continue
      run++
      await client.query(`BEGIN; SET LOCAL ROLE ${groupName(groupOf(major, yard, yard.at))}`)
      await client.query(sent).catch((error: pg.DatabaseError) => {
        if (error.code === '42501') denied.push(`${text} -> ${sent}: ${error.message}`)
      })
      await client.query('ROLLBACK')
    }
    expect(denied).toEqual([])
    expect(run).toBeGreaterThan(statements.length / 10)
  })
}

describeEachPostgres('an account may do what the gate lets through', (major) =>
  suite(major, [...EVERYWHERE, ...[...SINCE].flatMap(([since, statements]) => (since <= major ? statements : []))]),
)
