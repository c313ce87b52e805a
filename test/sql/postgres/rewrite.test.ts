import { describe, expect, test } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import { rewritePostgres } from '../../../src/sql/postgres/rewrite.ts'
import type { Substitution } from '../../../src/sql/substitution.ts'
import { analyze, PARSER_15, PARSER_18 } from './parsers.ts'
import { SENSITIVE, SHOP } from './shop.ts'

const NULLS = new Map([...SENSITIVE].map((name) => [name, { kind: 'null' } as const]))
const USERS =
  '(SELECT "id", "tenant_id", "full_name", "country", NULL::pg_catalog.text AS "email", NULL::pg_catalog.text AS "phone", NULL::pg_catalog.text AS "ssn", NULL::pg_catalog.date AS "dob", "status", "opt_in", "created_at", NULL::pg_catalog.text AS "email_lower" FROM "shop"."users")'

const SHOWN = (alias: string) =>
  'id tenant_id full_name country email phone ssn dob status opt_in created_at email_lower'
    .split(' ')
    .map((name) => `"${alias}"."${name}"`)
    .join(', ')

/** Rewrites with every relation substituted that has a sensitive column which the statement computes on. */
function rewrite(sql: string, parser = PARSER_18, substitution: Substitution = { masks: NULLS, where: null }): string {
  const facts = analyze(sql, parser)
  const plans = facts.statements.map(
    (statement) =>
      new Map(
        statement.uses
          .filter((use) => [...use.columns].some(([name, kind]) => SENSITIVE.has(name) && kind === 'computed'))
          .map((use) => [use.id, substitution]),
      ),
  )
  return rewritePostgres(facts, plans, SHOP, parser).text
}

const REWRITTEN: readonly (readonly [string, string])[] = [
  ['SELECT email FROM shop.users', 'SELECT email FROM shop.users'],
  ['SELECT email FROM users', 'SELECT email FROM "shop"."users"'],
  ['SELECT users.id FROM ONLY users', 'SELECT users.id FROM ONLY "shop"."users"'],
  ['SELECT o.id FROM orders * o', 'SELECT o.id FROM "shop"."orders" * o'],
  ['SELECT lower(email) FROM users', `SELECT lower(email) FROM ${USERS} AS "users"`],
  ["SELECT 'é', lower(u.email) FROM users u", `SELECT 'é', lower(u.email) FROM ${USERS} u`],
  ['SELECT lower(x.e) FROM users AS x(a, b, c, d, e)', `SELECT lower(x.e) FROM ${USERS} AS x(a, b, c, d, e)`],
  ['SELECT shop.users.email||$1 FROM shop.users', `SELECT "users".email||$1 FROM ${USERS} AS "users"`],
  ['TABLE users ORDER BY email', `SELECT * FROM ${USERS} AS "users" ORDER BY email`],
  ['SELECT 1; TABLE "users" ORDER BY ssn', `SELECT 1; SELECT * FROM ${USERS} AS "users" ORDER BY ssn`],
  ['EXPLAIN SELECT email FROM users', `EXPLAIN SELECT email FROM ${USERS} AS "users"`],
  [
    'SELECT upper(u.email), u.full_name FROM users u GROUP BY u.id',
    `SELECT upper(u.email), u.full_name FROM ${USERS} u GROUP BY "u"."full_name", "u"."email", u.id`,
  ],
  [
    'UPDATE orders SET (notes, status) = (SELECT u.email, u.ssn FROM users u)',
    `UPDATE "shop"."orders" SET (notes, status) = (SELECT u.email, u.ssn FROM ${USERS} u)`,
  ],
  ['INSERT INTO users(id, email) VALUES (1, $1)', 'INSERT INTO "shop"."users"(id, email) VALUES (1, $1)'],
  ['WITH users AS (SELECT 1) SELECT * FROM users', 'WITH users AS (SELECT 1) SELECT * FROM users'],
  ['SELECT o.id FROM orders o TABLESAMPLE system (1)', 'SELECT o.id FROM "shop"."orders" o TABLESAMPLE system (1)'],
  ['SELECT email FROM users u FOR UPDATE OF u', `SELECT email FROM ${USERS} u FOR UPDATE OF u`],
  [
    'SELECT lower(email) FROM users u TABLESAMPLE bernoulli (10) REPEATABLE ($1) WHERE id > 1',
    `SELECT lower(email) FROM ${USERS.slice(0, -1)} TABLESAMPLE bernoulli (10) REPEATABLE ($1)) u  WHERE id > 1`,
  ],
  [
    'SELECT u.*, u.ctid FROM users u WHERE email = $1',
    `SELECT ${SHOWN('u')}, u.ctid FROM ${USERS.replace(' FROM', ', "ctid" FROM')} u WHERE email = $1`,
  ],
  [
    'SELECT *, u.ctid FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE email = $1',
    `SELECT ${SHOWN('u')}, "t"."id", "t"."name", "t"."plan", u.ctid FROM ${USERS.replace(' FROM', ', "ctid" FROM')} u JOIN "shop"."tenants" t ON t.id = u.tenant_id WHERE email = $1`,
  ],
  [
    'SELECT shop.users.id FROM shop.users WHERE shop.users.email IN (SELECT detail FROM internal.audit_log users)',
    `SELECT "sallyport_1".id FROM ${USERS} AS "sallyport_1" WHERE "sallyport_1".email IN (SELECT detail FROM internal.audit_log users)`,
  ],
  [
    'SELECT U&"u\\0073ers".id FROM U&"\\0075sers" WHERE ssn = $1',
    `SELECT U&"u\\0073ers".id FROM ${USERS} AS "users" WHERE ssn = $1`,
  ],
  [
    'SELECT u.id AS k, u.full_name, upper(u.email) FROM users u GROUP BY k',
    `SELECT u.id AS k, u.full_name, upper(u.email) FROM ${USERS} u GROUP BY "u"."full_name", "u"."email", k`,
  ],
  [
    'SELECT u.full_name, lower(u.email) FROM users u GROUP BY (u.id + 1), u.id',
    `SELECT u.full_name, lower(u.email) FROM ${USERS} u GROUP BY "u"."full_name", "u"."email", (u.id + 1), u.id`,
  ],
  ['SELECT relname FROM pg_class', 'SELECT relname FROM "pg_catalog"."pg_class"'],
]

describe('rewriting', () => {
  test.each(REWRITTEN)('%s', (sql, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) expect(rewrite(sql, parser)).toBe(expected)
  })

  test('a system column is listed where it is named', () => {
    expect(rewrite('SELECT ctid FROM users WHERE email = $1')).toContain(
      'NULL::pg_catalog.text AS "email_lower", "ctid" FROM',
    )
  })

  test('a row condition is fenced, a constant quoted', () => {
    const substitution: Substitution = {
      masks: new Map([['email', { kind: 'constant', text: "o'x" }]]),
      where: 'tenant_id = 1 OR false',
    }
    const text = rewrite('SELECT lower(email) FROM users', PARSER_18, substitution)
    expect(text).toContain(`'o''x'::pg_catalog.text AS "email"`)
    expect(text).toContain('FROM "shop"."users" WHERE (tenant_id = 1 OR false)) AS "r", LATERAL (SELECT "r"."id", ')
    expect(text).toContain(' OFFSET 0) AS "f") AS "users"')
  })

  test.each(['true) --', '1 = 1) UNION SELECT (1', 'true ORDER BY 1', '', 'true; SELECT 1'])(
    'a row condition that is none: %s',
    (where) => {
      const attempt = () => rewrite('SELECT lower(email) FROM users', PARSER_18, { masks: NULLS, where })
      expect(attempt).toThrow(SallyportError)
    },
  )

  test.each([
    'SELECT lower(email) FROM users TABLESAMPLE system (1 + 1)',
    'UPDATE users SET id = 1 WHERE email = $1',
    'DELETE FROM users RETURNING email',
    'INSERT INTO users(id, email) VALUES (1, $1) ON CONFLICT (email) DO NOTHING',
    'COPY users TO STDOUT',
    'SELECT users, ctid FROM users WHERE email = $1',
    'SELECT *, u.ctid FROM users u NATURAL JOIN orders WHERE email = $1',
  ])('nothing can stand in: %s', (sql) => {
    expect(() => rewrite(sql)).toThrow(expect.objectContaining({ code: 'SP-MASKED' }))
  })

  test('a parser that reads the result otherwise is noticed', () => {
    const facts = analyze('SELECT id FROM users')
    const lying = { major: 18, parse: (text: string) => PARSER_18.parse(text.replace('"shop"', '"internal"')) }
    expect(() => rewritePostgres(facts, [new Map()], SHOP, lying)).toThrow(
      expect.objectContaining({ code: 'SP-OPAQUE' }),
    )
  })
})
