import { describe, expect, test } from 'vitest'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { normalizePostgres } from '../../../src/sql/postgres/normalize.ts'
import { tokenize } from '../../../src/sql/postgres/tokens.ts'
import { analyze, columns, one, PARSER_15, PARSER_18 } from './parsers.ts'
import { SHOP } from './shop.ts'

const WRITES: readonly (readonly [string, string, string])[] = [
  ['INSERT INTO users(id, email) VALUES (1, $1)', 'insert', 'users.email=written users.id=written'],
  [
    'INSERT INTO cases(id) SELECT id FROM users WHERE email = $1',
    'insert read',
    'cases.id=written users.email=computed users.id=computed',
  ],
  ['UPDATE orders SET notes = $1', 'update', 'orders.notes=written'],
  [
    'UPDATE orders o SET notes = u.email FROM users u WHERE u.id = o.user_id',
    'read update',
    'orders.notes=written orders.user_id=computed users.email=computed users.id=computed',
  ],
  ['UPDATE users SET email = lower(email)', 'read update', 'users.email=computed'],
  ['DELETE FROM users WHERE ssn = $1', 'delete read', 'users.ssn=computed'],
  ['DELETE FROM users RETURNING email', 'delete read', 'users.email=computed'],
  [
    'INSERT INTO cases(id, state) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET state = excluded.state',
    'insert read update',
    'cases.id=computed cases.state=computed',
  ],
  [
    'INSERT INTO users(id) VALUES (1) ON CONFLICT DO NOTHING',
    'insert read',
    'users.email=computed users.id=computed users.ssn=computed users.tenant_id=computed',
  ],
  ['COPY (SELECT email FROM users) TO STDOUT', 'export read', 'users.email=computed'],
  ['COPY cases(id) FROM STDIN', 'insert', 'cases.id=written'],
]

const SESSION: readonly (readonly [string, object])[] = [
  ['BEGIN', { kind: 'begin', settings: [] }],
  [
    'START TRANSACTION READ ONLY',
    { kind: 'begin', settings: [{ name: 'transaction_read_only', scope: 'local', values: ['1'] }] },
  ],
  ['COMMIT AND CHAIN', { kind: 'commit' }],
  ['ABORT', { kind: 'rollback' }],
  ['SAVEPOINT a', { kind: 'savepoint', name: 'a' }],
  ['RELEASE a', { kind: 'release', name: 'a' }],
  ['ROLLBACK TO a', { kind: 'rollback_to', name: 'a' }],
  [
    'SET LOCAL Search_Path TO a, b',
    { kind: 'set', settings: [{ name: 'search_path', scope: 'local', values: ['a', 'b'] }] },
  ],
  ['SET ROLE x', { kind: 'set', settings: [{ name: 'role', scope: 'session', values: ['x'] }] }],
  [
    'SET SESSION AUTHORIZATION DEFAULT',
    { kind: 'set', settings: [{ name: 'session_authorization', scope: 'session', values: null }] },
  ],
  ["SET TIME ZONE 'UTC'", { kind: 'set', settings: [{ name: 'timezone', scope: 'session', values: ['UTC'] }] }],
  ["SET NAMES 'utf8'", { kind: 'set', settings: [{ name: 'client_encoding', scope: 'session', values: ['utf8'] }] }],
  [
    "SET TIME ZONE INTERVAL '1' HOUR",
    { kind: 'set', settings: [{ name: 'timezone', scope: 'session', values: 'expression' }] },
  ],
  ['RESET ALL', { kind: 'reset', settings: [{ name: 'all', scope: 'session', values: null }] }],
  [
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
    { kind: 'set_transaction', settings: [{ name: 'default_transaction_read_only', scope: 'session', values: ['0'] }] },
  ],
  ['SHOW Search_Path', { kind: 'show', name: 'search_path' }],
  ['DEALLOCATE ALL', { kind: 'deallocate', name: '' }],
  ['DISCARD PLANS', { kind: 'discard', name: 'plans' }],
  ['CLOSE c', { kind: 'close_cursor', name: 'c' }],
  ['UNLISTEN *', { kind: 'unlisten', name: '' }],
  ['EXECUTE p(1)', { kind: 'execute', name: 'p' }],
]

describe('writes and COPY', () => {
  test.each(WRITES)('%s', (sql, verbs, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      const facts = one(sql, parser)
      expect(facts.opaque).toBe(null)
      expect([...facts.verbs].sort().join(' ')).toBe(verbs)
      expect(columns(facts).join(' ')).toBe(expected)
    }
  })

  test('RETURNING of PostgreSQL 18 names the old and the new row', () => {
    expect(columns(one('UPDATE users SET email = $1 RETURNING old.email, new.id'))).toContain('users.email=computed')
  })
})

describe('session statements', () => {
  test.each(SESSION)('%s', (sql, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) expect(one(sql, parser)).toMatchObject(expected)
  })

  test('EXPLAIN and PREPARE hold what they stand for', () => {
    const explained = one('EXPLAIN (ANALYZE) SELECT email FROM users')
    expect([explained.kind, explained.name, explained.inner?.kind]).toEqual(['explain', 'analyze', 'select'])
    expect(columns(explained)).toEqual(['users.email=computed'])
    const prepared = one('PREPARE p(text) AS SELECT email FROM users WHERE id = $1')
    expect([prepared.name, prepared.inner?.output?.[0]?.name]).toEqual(['p', 'email'])
    expect(columns(prepared)).toEqual(['users.email=passed', 'users.id=computed'])
  })
})

describe('SQL/JSON of PostgreSQL 16 to 18', () => {
  test.each([
    'SELECT JSON_OBJECT(id VALUE email) FROM users',
    'SELECT JSON_ARRAY(email) FROM users',
    'SELECT JSON_ARRAY(SELECT email FROM users)',
    'SELECT JSON_ARRAYAGG(email ORDER BY id) FROM users',
    'SELECT JSON_OBJECTAGG(id: email) FROM users',
    "SELECT JSON_VALUE(email, '$') FROM users",
    "SELECT JSON_QUERY($1, '$' PASSING email AS e) FROM users",
    "SELECT JSON_EXISTS(email, '$.a') FROM users",
    'SELECT email IS JSON FROM users',
    'SELECT JSON_SCALAR(email) FROM users',
    'SELECT JSON_SERIALIZE(email) FROM users',
    "SELECT j.v FROM users u, JSON_TABLE(u.email, '$' COLUMNS (v text PATH '$')) j",
  ])('%s', (sql) => {
    const facts = one(sql)
    expect(facts.opaque).toBe(null)
    expect(columns(facts)).toContain('users.email=computed')
  })
})

describe('the audit’s text', () => {
  test.each([
    ["SELECT 'a', E'\\'b', $$c$$, 1.5e3, $1 /* d */ FROM t -- e", 'SELECT ?, ?, ?, ?, $1 FROM t'],
    ["SELECT 'a'\n  'b', U&'c', B'1', X'ff', N'x'", 'SELECT ?, ?, ?, ?, ?'],
    ["SELECT E'a'\n'\\'secret'", 'SELECT ?'],
    ["SELECT 'open secret", 'SELECT ?'],
    ['SELECT "a""b"', 'SELECT "a""b"'],
    ['SELECT /* a /* b */ c */ 1', 'SELECT ?'],
  ])('%s', (sql, expected) => {
    expect(normalizePostgres(sql)).toBe(expected)
  })

  test('long runs of white space and comments cost no more than their length', () => {
    expect(tokenize(`'a'\n${' '.repeat(100_000)}x`)).toHaveLength(2)
    expect(tokenize(`'a' ${'-- '.repeat(50_000)}\n x`)).toHaveLength(2)
    expect(normalizePostgres(`"${'é'.repeat(100_000)}"`)).toHaveLength(100_002)
    expect(analyze(`SELECT 1 FROM "${'é'.repeat(100_000)}"`).statements[0]?.kind).toBe('opaque')
  })
})

test('a text that can not be read as the server reads it is opaque, and no piece of it is kept', () => {
  const [statement] = analyzePostgres("SELECT 'it\\'s secret', 1", { ...SHOP, unread: 'why' }, PARSER_18).statements
  expect(statement).toMatchObject({ kind: 'opaque', normalized: '', opaque: { code: 'SP-OPAQUE', reason: 'why' } })
})
