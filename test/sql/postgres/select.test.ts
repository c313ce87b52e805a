import { describe, expect, test } from 'vitest'
import { columns, one, PARSER_15, PARSER_18 } from './parsers.ts'

/** SQL, then every column of every relation with how it is used. */
const PASSED_OR_COMPUTED: readonly (readonly [string, string])[] = [
  ['SELECT email FROM users', 'users.email=passed'],
  ['SELECT u.email AS x, id FROM users u', 'users.email=passed users.id=passed'],
  ['SELECT corpus.shop.users.email FROM corpus.shop.users', 'users.email=passed'],
  ['SELECT d FROM users AS u(a, b, c, c2, d)', 'users.email=passed'],
  ['SELECT x.q FROM (SELECT email q FROM users) x', 'users.email=passed'],
  ['WITH a(z) AS (SELECT email FROM users) SELECT z FROM a', 'users.email=passed'],
  [
    'SELECT u.email FROM users u JOIN orders o ON u.id = o.user_id',
    'orders.user_id=computed users.email=passed users.id=computed',
  ],
  ['SELECT l.v FROM users u, LATERAL (SELECT u.ssn AS v) l', 'users.ssn=passed'],
  ['SELECT u.email FROM users u LEFT JOIN orders o ON true', 'users.email=computed'],
  ['SELECT email FROM users ORDER BY 1', 'users.email=computed'],
  ['SELECT email AS e FROM users ORDER BY e', 'users.email=computed'],
  ['SELECT email FROM users GROUP BY email', 'users.email=computed'],
  ['SELECT id AS email FROM users GROUP BY email', 'users.email=computed users.id=passed'],
  ['SELECT DISTINCT email FROM users', 'users.email=computed'],
  ['SELECT DISTINCT ON (email) id FROM users', 'users.email=computed users.id=computed'],
  ['SELECT email FROM users UNION ALL SELECT name FROM tenants', 'tenants.name=computed users.email=computed'],
  ['SELECT email, lower(email) FROM users', 'users.email=computed'],
  ['SELECT email FROM users WHERE email = $1', 'users.email=computed'],
  ['SELECT (SELECT u.email) FROM users u', 'users.email=computed'],
  ['SELECT id FROM (SELECT id, email FROM users) x', 'users.email=computed users.id=passed'],
  ['SELECT 1 FROM users a JOIN users b USING (email)', 'users.email=computed users.email=computed'],
  ['SELECT x.email FROM (SELECT u.email FROM users u JOIN tenants t ON true) x', 'users.email=passed'],
  [
    'SELECT sum(id) OVER (PARTITION BY email ORDER BY ssn) FROM users',
    'users.email=computed users.id=computed users.ssn=computed',
  ],
  ['SELECT sum(id) OVER w FROM users WINDOW w AS (ORDER BY ssn)', 'users.id=computed users.ssn=computed'],
  ['SELECT count(*) FILTER (WHERE ssn IS NULL) FROM users', 'users.ssn=computed'],
  ['SELECT string_agg(full_name, $1 ORDER BY email) FROM users', 'users.email=computed users.full_name=computed'],
  ['SELECT id FROM users LIMIT (SELECT count(email) FROM users)', 'users.email=computed users.id=passed'],
  ['SELECT id FROM users GROUP BY GROUPING SETS ((id), (email), ())', 'users.email=computed users.id=computed'],
  ['SELECT id FROM users GROUP BY id HAVING max(ssn) > $1', 'users.id=computed users.ssn=computed'],
  ['SELECT CASE WHEN true THEN email ELSE NULL END FROM users', 'users.email=computed'],
  [
    'SELECT ARRAY[email], ROW(phone), COALESCE(ssn), GREATEST(dob) FROM users',
    'users.dob=computed users.email=computed users.phone=computed users.ssn=computed',
  ],
  ['SELECT ARRAY(SELECT email FROM users)', 'users.email=computed'],
  ['SELECT 1 WHERE 1 IN (SELECT length(email) FROM users)', 'users.email=computed'],
  ['SELECT ctid FROM users WHERE xmin IS NOT NULL', 'users.ctid=passed users.xmin=computed'],
  [
    'SELECT * FROM unnest(ARRAY[1, 2]) AS n, LATERAL (SELECT email FROM users WHERE id = n) x',
    'users.email=passed users.id=computed',
  ],
  ['SELECT xmlelement(name e, xmlattributes(email AS a)) FROM users', 'users.email=computed'],
  ['SELECT x.v FROM documents d, XMLTABLE($1 PASSING d.title COLUMNS v text PATH $2) x', 'documents.title=computed'],
]

describe('column uses of SELECT', () => {
  test.each(PASSED_OR_COMPUTED)('%s', (sql, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      const facts = one(sql, parser)
      expect([facts.kind, facts.opaque?.reason ?? '']).toEqual(['select', ''])
      expect(columns(facts).join(' ')).toBe(expected)
    }
  })

  test('a whole row computes on every column', () => {
    for (const sql of ['SELECT u FROM users u', 'SELECT (u).email FROM users u', 'SELECT json_agg(u.*) FROM users u']) {
      const facts = one(sql)
      expect(facts.uses[0]?.wholeRow).toBe(true)
      expect(columns(facts)).toContain('users.ssn=computed')
    }
  })

  test('a recursive query passes nothing', () => {
    const facts = one(
      'WITH RECURSIVE r(a, b) AS (SELECT id, email FROM users UNION ALL SELECT a + 1, b FROM r) SELECT b FROM r',
    )
    expect(columns(facts)).toEqual(['users.email=computed', 'users.id=computed'])
    expect(facts.output?.[0]?.sources.map((source) => source.column).sort()).toEqual(['email', 'id'])
  })

  test('WITH names shadow relations, in order without RECURSIVE', () => {
    expect(one('WITH users AS (SELECT 1 AS email) SELECT email FROM users').uses).toEqual([])
    expect(one('WITH a AS (SELECT * FROM users), users AS (SELECT 1) SELECT 1 FROM a').uses).toHaveLength(1)
    expect(one('WITH users AS (SELECT 1 AS x) SELECT email FROM shop.users').uses).toHaveLength(1)
  })

  test('the sources of a field and of the rows', () => {
    const facts = one('SELECT upper(c.q) AS z FROM (SELECT email || phone AS q FROM users WHERE dob > $1) c')
    expect(facts.output?.[0]?.sources.map((source) => source.column)).toEqual(['email', 'phone'])
    expect(facts.rowSources.map((source) => source.column)).toEqual(['dob'])
    const scalar = one('SELECT (SELECT full_name FROM users WHERE ssn = $1) AS n')
    expect(scalar.output?.[0]?.sources.map((source) => source.column).sort()).toEqual(['full_name', 'ssn'])
  })

  test('FOR UPDATE needs the verb and pins the relation', () => {
    const facts = one('SELECT email FROM users FOR UPDATE')
    expect(facts.verbs).toEqual(['read', 'update'])
    expect(facts.uses[0]).toMatchObject({ role: 'read', locked: true, fixed: null })
    expect(columns(facts)).toEqual(['users.email=computed'])
  })

  test('output names are the server’s', () => {
    const sql =
      'SELECT upper(email), email::text, 1, CASE WHEN true THEN 1 END, (SELECT id FROM tenants), NOT true, $1::int FROM users'
    expect(one(sql).output?.map((field) => field.name)).toEqual([
      'upper',
      'email',
      '?column?',
      'case',
      'id',
      '?column?',
      'int4',
    ])
  })
})

describe('functions, operators and types', () => {
  const calls = (sql: string) => one(sql).functions.map((call) => `${call.schema}.${call.name}/${call.userDefined}`)

  test('resolution by path and by schema', () => {
    expect(calls('SELECT lower(email), f_user_email(1), pg_catalog.upper($1) FROM users')).toEqual([
      'pg_catalog.lower/false',
      'shop.f_user_email/true',
      'pg_catalog.upper/false',
    ])
    expect(calls('SELECT scratch.lower(1)')).toEqual(['scratch.lower/true'])
    expect(calls('SELECT email === phone, email OPERATOR(shop.===) phone, 1 + 1 FROM users')).toEqual([
      'shop.===/true',
      'shop.===/true',
    ])
    expect(calls('SELECT $1::ssn_t, $1::text, $1::shop.contact_t')).toEqual(['shop.ssn_t/true', 'shop.contact_t/true'])
  })

  test('an attribute of an unknown composite may be a function', () => {
    expect(calls('SELECT (f_contact(1)).email')).toEqual(['shop.f_contact/true', 'pg_catalog.email/false'])
    expect(calls('SELECT (information_schema._pg_expandarray(indkey)).n FROM pg_index')).toEqual([
      'information_schema._pg_expandarray/true',
    ])
  })
})
