import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decide.ts'
import type { Role } from '../../src/policy/role.ts'
import { loadPostgresParser } from '../../src/proxy/load_postgres_parser.ts'
import { analyzePostgres } from '../../src/sql/postgres/analyze.ts'
import { catalogOf, inputOf, maskLine, relation, scopeRule } from './build.ts'

const parser = await loadPostgresParser(18)
const RELATIONS = [
  relation('users', ['id', 'email']),
  relation('orders', ['id', 'notes']),
  relation('pg_settings', ['name', 'setting'], { kind: 'system', schema: 'pg_catalog' }),
]
const catalog = catalogOf(RELATIONS)
const MASKS = [maskLine('users', 'email', { strategy: 'email' })]
const READ = scopeRule()
const WRITER: Partial<Role> = {
  scope: [
    scopeRule({ tables: ['users'], verbs: ['read', 'insert'] }),
    scopeRule({ tables: ['orders'], verbs: ['read', 'update', 'delete'] }),
  ],
}

const CONTEXT = { catalog, searchPath: ['shop'], defaultDatabase: null, sqlMode: new Set<string>() }

function judge(sql: string, role: Partial<Role> = {}) {
  const { statements } = analyzePostgres(sql, CONTEXT, parser)
  const decision = decide(inputOf({ relations: RELATIONS, statements, masks: MASKS, role: { scope: [READ], ...role } }))
  return decision.effect === 'allow' ? decision : { ...decision, code: decision.code as string }
}

function code(sql: string, role: Partial<Role> = {}): string {
  const decision = judge(sql, role)
  return decision.effect === 'allow' ? 'allow' : decision.code
}

describe('set_config', () => {
  it.each([
    [
      "SELECT set_config('bytea_output', 'hex', false) FROM pg_show_all_settings() WHERE name = 'bytea_output'",
      'allow',
    ],
    ["SELECT set_config('application_name', 'x', false)", 'allow'],
    ["SELECT set_config('statement_timeout', '0', false)", 'SP-SETTING'],
    ["SELECT set_config('row_security', 'off', false)", 'SP-SETTING'],
    ["SELECT set_config('role', 'bob', false)", 'SP-SETTING'],
    ["SELECT set_config('session_authorization', 'bob', true)", 'SP-SETTING'],
    ["SELECT set_config('bytea_output', email, false) FROM users", 'SP-SETTING'],
    ["SELECT set_config(email, 'x', false) FROM users", 'SP-SETTING'],
    ["SELECT set_config('my.value', 'x', false)", 'SP-SETTING'],
    ["SELECT set_config('search_path', 'internal', false) FROM orders", 'SP-SETTING'],
    ["UPDATE orders SET notes = set_config('search_path', 'internal', false)", 'SP-SETTING'],
    ["EXPLAIN ANALYZE SELECT set_config('search_path', 'internal', false)", 'SP-SETTING'],
    ["SELECT shop.set_config('bytea_output', 'hex', false)", 'SP-FUNCTION'],
  ])('is judged as SET is: %s', (sql, expected) => {
    expect(code(sql, { scope: [READ, ...(WRITER.scope ?? [])] })).toBe(expected)
  })

  it.each([
    ['SET statement_timeout = 0', 'allow'],
    ['SET idle_in_transaction_session_timeout = 0', 'allow'],
    ['SET row_security = off', 'allow'],
    ['SET row_security = on', 'SP-SETTING'],
    ["SELECT set_config('row_security', 'off', false)", 'allow'],
    ["SET session_replication_role = 'replica'", 'SP-SETTING'],
    ["SET restrict_nonsystem_relation_kind = ''", 'SP-SETTING'],
  ])('what pg_dump sets, a role may that may export: %s', (sql, expected) => {
    expect(code(sql, { scope: [{ ...READ, verbs: ['read', 'export'] }] })).toBe(expected)
    expect(code(sql)).toBe('SP-SETTING')
  })
})

describe('search_path', () => {
  it.each([
    ['a'.repeat(63), 'allow'],
    ['a'.repeat(64), 'SP-SETTING'],
    ['é'.repeat(32), 'SP-SETTING'],
  ])('takes no name that the server would cut: %s', (name, expected) => {
    expect(code(`SET search_path = '${name}', shop`)).toBe(expected)
  })
})

describe('several targets', () => {
  it.each([
    ['WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING id) INSERT INTO users(id) SELECT id FROM d', 'allow'],
    ['WITH d AS (DELETE FROM users WHERE id = 1 RETURNING id) SELECT id FROM d', 'SP-VERB'],
    ['WITH i AS (INSERT INTO orders(id) VALUES (1)) SELECT 1', 'SP-VERB'],
    ['WITH u AS (UPDATE orders SET notes = $1 WHERE id = 1 RETURNING notes) SELECT * FROM u', 'allow'],
    ['MERGE INTO orders o USING users u ON o.id = u.id WHEN MATCHED THEN DELETE', 'allow'],
    ['MERGE INTO orders o USING users u ON o.id = u.id WHEN NOT MATCHED THEN INSERT (id) VALUES (u.id)', 'SP-VERB'],
    ['MERGE INTO users u USING orders o ON o.id = u.id WHEN MATCHED THEN UPDATE SET email = o.notes', 'SP-VERB'],
    [
      'WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING id) SELECT users.id FROM users, d FOR UPDATE OF users',
      'SP-VERB',
    ],
  ])('each needs the verbs of what is done to it: %s', (sql, expected) => {
    expect(code(sql, WRITER)).toBe(expected)
  })

  it('a masked column that a write reads on its own target is refused in WITH and MERGE too', () => {
    const scope = [scopeRule({ verbs: ['read', 'insert', 'update', 'delete'] })]
    for (const sql of [
      'WITH d AS (DELETE FROM users WHERE id = 1 RETURNING email) SELECT * FROM d',
      'WITH d AS (DELETE FROM users WHERE email = $1) SELECT 1',
      'MERGE INTO users u USING orders o ON u.email = o.notes WHEN MATCHED THEN DELETE',
      'MERGE INTO users u USING orders o ON u.id = o.id WHEN MATCHED AND u.email = $1 THEN DO NOTHING',
      'MERGE INTO users u USING orders o ON u.id = o.id WHEN MATCHED THEN UPDATE SET id = o.id RETURNING old.email',
      'UPDATE users SET id = 1 WHERE id = 2 RETURNING WITH (OLD AS o) o.email',
    ]) {
      expect([sql, code(sql, { scope })]).toEqual([sql, 'SP-MASKED'])
    }
  })

  it('nothing passes beside a write: the masked column is substituted', () => {
    const decision = judge(
      'WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING id) SELECT email FROM users JOIN d USING (id)',
      WRITER,
    )
    if (decision.effect !== 'allow') throw new Error(decision.reason)
    const [plan] = decision.plans
    expect([...(plan?.substitutions.values() ?? [])].some(({ masks }) => masks.has('email'))).toBe(true)
    expect(plan?.fields?.every(({ mask }) => mask === null)).toBe(true)
  })

  it('a table limited to some rows is not written to by MERGE or COPY, nor given other rows in WITH', () => {
    const where = [{ column: 'id', op: '=' as const, value: [1] }]
    const scope = [scopeRule({ verbs: ['read', 'insert', 'update', 'delete'], where })]
    for (const sql of [
      'WITH i AS (INSERT INTO orders(id) VALUES (2)) SELECT 1',
      'MERGE INTO orders o USING users u ON true WHEN MATCHED THEN DELETE',
      'MERGE INTO orders o USING users u ON true WHEN NOT MATCHED THEN INSERT (id) VALUES (1)',
      'COPY orders FROM STDIN',
    ]) {
      expect([sql, code(sql, { scope })]).toEqual([sql, 'SP-SCOPE'])
    }
    const decision = judge('WITH d AS (DELETE FROM orders WHERE notes = $1) SELECT 1', { scope })
    if (decision.effect !== 'allow') throw new Error(decision.reason)
    expect([...(decision.plans[0]?.substitutions.values() ?? [])]).toMatchObject([{ where: expect.anything() }])
  })

  it('a role that demands WHERE demands it in WITH', () => {
    const role = { ...WRITER, requireWhere: true }
    expect(code('WITH d AS (DELETE FROM orders RETURNING id) SELECT 1', role)).toBe('SP-VERB')
    expect(code('WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING id) SELECT 1', role)).toBe('allow')
  })
})

describe('what no narrow grant allows', () => {
  it.each([
    ['CREATE TABLE t AS SELECT email FROM users', 'SP-VERB'],
    ['SELECT email INTO t FROM users', 'SP-VERB'],
    ['EXPLAIN CREATE TABLE t AS SELECT 1', 'SP-VERB'],
    ['CREATE VIEW v AS SELECT email FROM users', 'SP-VERB'],
    ['CREATE VIEW v AS SELECT nothing FROM users', 'SP-COLUMN'],
    ['CREATE TABLE t (LIKE users)', 'SP-VERB'],
    ['DROP TABLE users', 'SP-VERB'],
    ['TRUNCATE users', 'SP-VERB'],
    ['LOCK users', 'SP-VERB'],
    ['LOCK users IN ACCESS SHARE MODE', 'SP-VERB'],
    ['DO $$ BEGIN END $$', 'SP-VERB'],
    ['CALL p()', 'SP-VERB'],
    ['LISTEN c', 'SP-VERB'],
    ['VACUUM users', 'SP-VERB'],
    ["PREPARE TRANSACTION 'x'", 'SP-VERB'],
    ["ALTER SYSTEM SET log_statement = 'all'", 'SP-VERB'],
    ['SET CONSTRAINTS ALL IMMEDIATE', 'SP-SETTING'],
    ['EXPLAIN EXECUTE p', 'SP-UNSUPPORTED'],
    ['EXPLAIN (ANALYZE) EXECUTE p(1)', 'SP-UNSUPPORTED'],
    ["COPY users TO '/tmp/x'", 'SP-EXPORT'],
    ['COPY users TO STDOUT', 'SP-EXPORT'],
  ])('%s', (sql, expected) => {
    expect(code(sql, WRITER)).toBe(expected)
  })
})

describe('the first rows by a masked column', () => {
  const masks = [maskLine('users', 'email', { strategy: 'null' })]
  const codeOf = (sql: string) => {
    const { statements } = analyzePostgres(sql, CONTEXT, parser)
    const decision = decide(inputOf({ relations: RELATIONS, statements, masks, role: { scope: [READ] } }))
    return decision.effect === 'allow' ? 'allow' : decision.code
  }

  it.each([
    'SELECT id FROM users ORDER BY email LIMIT 3',
    'SELECT id, email AS e FROM users ORDER BY e DESC FETCH FIRST 2 ROWS ONLY',
    'SELECT id FROM users ORDER BY lower(email), 2 * length(email) OFFSET 1',
    'SELECT count(*) FROM (SELECT id FROM users ORDER BY email LIMIT 3) AS t',
    'WITH t AS (SELECT email FROM users ORDER BY 1 LIMIT 3) SELECT * FROM t',
    'SELECT email FROM users UNION SELECT email FROM users ORDER BY 1 LIMIT 3',
  ])('would be any rows: %s', (sql) => {
    expect(codeOf(sql)).toBe('SP-MASKED')
  })

  it.each([
    'SELECT id FROM users ORDER BY email',
    'SELECT id FROM users ORDER BY email, id LIMIT 3',
    'SELECT id, email FROM users ORDER BY id LIMIT 3',
    'SELECT email FROM users LIMIT 3',
  ])('are known where another column orders them: %s', (sql) => {
    expect(codeOf(sql)).toBe('allow')
  })

  it('are those of the mask where it keeps a part of the value', () => {
    expect(code('SELECT id FROM users ORDER BY email LIMIT 3')).toBe('allow')
  })
})
