import { describe, expect, test } from 'vitest'
import { columns, one, PARSER_15, PARSER_18 } from './parsers.ts'

const verbs = (sql: string, parser = PARSER_18) => [...one(sql, parser).verbs].sort().join(' ')
const targets = (sql: string, parser = PARSER_18) =>
  one(sql, parser).uses.map((use) => `${use.relation.name}:${use.role}:${[...(use.verbs ?? [])].sort().join('+')}`)

describe('MERGE', () => {
  test.each([
    [
      'MERGE INTO cases c USING users u ON c.user_id = u.id WHEN MATCHED THEN DELETE',
      ['cases:target:delete', 'users:read:'],
      'cases.user_id=computed users.id=computed',
    ],
    [
      'MERGE INTO cases c USING (SELECT id, email FROM users) u ON c.id = u.id WHEN MATCHED AND u.email = $1 THEN UPDATE SET subject = u.email WHEN NOT MATCHED THEN INSERT (id, subject) VALUES (u.id, u.email)',
      ['cases:target:insert+update', 'users:read:'],
      'cases.id=computed cases.subject=written users.email=computed users.id=computed',
    ],
    [
      'MERGE INTO cases USING users u ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES WHEN MATCHED THEN DO NOTHING',
      ['cases:target:insert', 'users:read:'],
      'cases.id=written cases.priority=written cases.state=written cases.subject=written cases.user_id=written',
    ],
    [
      'WITH s AS (SELECT id AS x FROM users WHERE ssn = $1) MERGE INTO orders o USING s ON o.user_id = s.x WHEN MATCHED THEN UPDATE SET notes = o.status',
      ['users:read:', 'orders:target:update'],
      'orders.notes=written orders.status=computed orders.user_id=computed users.id=computed users.ssn=computed',
    ],
  ])('%s', (sql, uses, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      const facts = one(sql, parser)
      expect([facts.kind, facts.opaque]).toEqual(['merge', null])
      expect(targets(sql, parser)).toEqual(uses)
      expect(columns(facts).join(' ')).toBe(expected)
    }
  })

  test('RETURNING, merge_action() and rows without a source', () => {
    const facts = one(
      'MERGE INTO cases c USING users u ON c.user_id = u.id WHEN NOT MATCHED BY SOURCE AND c.state = $1 THEN DELETE WHEN MATCHED THEN UPDATE SET state = $2 RETURNING merge_action(), old.state, u.email, *',
    )
    expect(facts.opaque).toBe(null)
    expect(facts.output?.map(({ name }) => name).slice(0, 5)).toEqual([
      'merge_action',
      'state',
      'email',
      'id',
      'tenant_id',
    ])
    // The columns of the source stand before those of the target.
    expect(facts.output?.at(-1)?.name).toBe('priority')
    expect(columns(facts)).toContain('users.ssn=computed')
    expect(facts.rowSources.map(({ column }) => column)).toEqual(['user_id', 'id', 'state'])
  })

  test.each([
    'MERGE INTO cases c USING users u ON c.user_id = u.id WHEN NOT MATCHED THEN INSERT (id) VALUES (c.id)',
    'MERGE INTO cases c USING users u ON c.user_id = u.id WHEN NOT MATCHED BY SOURCE AND u.email = $1 THEN DELETE',
    'MERGE INTO cases c USING LATERAL (SELECT c.id) u ON true WHEN MATCHED THEN DELETE',
    'MERGE INTO cases USING cases ON true WHEN MATCHED THEN DELETE',
    'WITH RECURSIVE s AS (SELECT 1 AS x) MERGE INTO cases c USING s ON true WHEN MATCHED THEN DELETE',
    'MERGE INTO cases c USING users u ON c.user_id = u.id WHEN MATCHED THEN UPDATE SET nothing = 1',
  ])('refused: %s', (sql) => {
    expect(one(sql).kind).toBe('opaque')
  })
})

describe('writes in WITH', () => {
  test.each([
    [
      'WITH d AS (DELETE FROM users RETURNING id, email) SELECT email FROM d',
      'delete read',
      ['users:target:delete'],
      'users.email=computed users.id=computed',
    ],
    [
      'WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING *), i AS (INSERT INTO cases(id) SELECT id FROM d) SELECT 1',
      'delete insert read',
      ['orders:target:delete', 'cases:target:insert'],
      'cases.id=written orders.id=computed orders.notes=computed orders.placed_at=computed orders.status=computed orders.tenant_id=computed orders.total=computed orders.user_id=computed',
    ],
    [
      'WITH u AS (UPDATE cases SET state = $1 WHERE id = 2 RETURNING user_id) DELETE FROM users USING u WHERE users.id = u.user_id',
      'delete read update',
      ['cases:target:update', 'users:target:delete'],
      'cases.id=computed cases.state=written cases.user_id=computed users.id=computed',
    ],
    [
      'WITH m AS (INSERT INTO cases(id) VALUES (1) RETURNING id AS x), n AS (SELECT x FROM m) SELECT u.email FROM users u JOIN n ON u.id = n.x',
      'insert read',
      ['cases:target:insert', 'users:read:'],
      'cases.id=computed users.email=passed users.id=computed',
    ],
  ])('%s', (sql, expectedVerbs, uses, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      expect(one(sql, parser).opaque).toBe(null)
      expect(verbs(sql, parser)).toBe(expectedVerbs)
      expect(targets(sql, parser)).toEqual(uses)
      expect(columns(one(sql, parser)).join(' ')).toBe(expected)
    }
  })

  test('one without WHERE is told, wherever it stands', () => {
    expect(one('WITH d AS (DELETE FROM users) SELECT 1').unconditional).toBe(true)
    expect(one('WITH d AS (DELETE FROM users WHERE id = 1) SELECT 1').unconditional).toBe(undefined)
    expect(one('EXPLAIN UPDATE users SET id = 1').inner?.unconditional).toBe(true)
    const merge = 'MERGE INTO users u USING orders o ON u.id = o.user_id WHEN NOT MATCHED BY SOURCE'
    expect(one(`${merge} THEN DELETE`).unconditional).toBe(true)
    expect(one(`${merge} AND u.id = 1 THEN DELETE`).unconditional).toBe(undefined)
    expect(one('MERGE INTO users u USING orders o ON u.id = o.user_id WHEN MATCHED THEN DELETE').unconditional).toBe(
      undefined,
    )
  })

  test.each([
    'SELECT * FROM (WITH d AS (DELETE FROM users RETURNING id) SELECT * FROM d) x',
    'WITH a AS (WITH d AS (DELETE FROM users RETURNING id) SELECT * FROM d) SELECT * FROM a',
    'INSERT INTO cases(id) WITH d AS (DELETE FROM users RETURNING id) SELECT id FROM d',
    'WITH d AS (DELETE FROM users) SELECT * FROM d',
    'WITH RECURSIVE d AS (DELETE FROM users WHERE id IN (SELECT id FROM d) RETURNING id) SELECT * FROM d',
    'WITH d(a, b) AS (DELETE FROM users RETURNING id) SELECT * FROM d',
    'DECLARE c CURSOR FOR WITH d AS (DELETE FROM users RETURNING id) SELECT * FROM d',
  ])('refused: %s', (sql) => {
    expect(one(sql).kind).toBe('opaque')
  })

  test('the old and the new row under names of their own', () => {
    const facts = one('UPDATE users SET email = $1 RETURNING WITH (OLD AS o, NEW AS n) o.email, n.id, email')
    expect([facts.opaque, facts.output?.map(({ name }) => name)]).toEqual([null, ['email', 'id', 'email']])
    for (const sql of [
      'UPDATE users o SET email = $1 RETURNING WITH (OLD AS o) o.email',
      'UPDATE users SET email = $1 RETURNING WITH (OLD AS o) old.email',
      'DELETE FROM users RETURNING WITH (OLD AS o, OLD AS p) 1',
    ]) {
      expect(one(sql).kind).toBe('opaque')
    }
  })

  test('WHERE CURRENT OF says why not', () => {
    expect(one('DELETE FROM users WHERE CURRENT OF c').opaque?.reason).toContain('cursor')
  })
})

describe('cursors', () => {
  test.each([
    ['DECLARE c CURSOR FOR SELECT email FROM users', { binary: false, scroll: null, hold: false, insensitive: false }],
    [
      'DECLARE c BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT email FROM users',
      { binary: true, scroll: false, hold: true, insensitive: true },
    ],
    [
      'DECLARE c SCROLL CURSOR FOR SELECT email FROM users FOR UPDATE',
      { binary: false, scroll: true, hold: false, insensitive: false },
    ],
  ])('%s', (sql, cursor) => {
    const facts = one(sql, PARSER_15)
    expect(facts).toMatchObject({ kind: 'declare_cursor', name: 'c', cursor, output: null, opaque: null })
    expect(facts.inner?.output?.map(({ name }) => name)).toEqual(['email'])
    expect(facts.uses[0]?.relation.name).toBe('users')
    expect(facts.verbs.includes('update')).toBe(sql.includes('UPDATE'))
  })

  test.each(['FETCH ALL FROM c', 'FETCH c', 'MOVE BACKWARD 3 IN c', 'FETCH ABSOLUTE -1 FROM c'])('%s', (sql) => {
    expect(one(sql)).toMatchObject({ kind: 'fetch', name: 'c', uses: [], opaque: null })
  })
})

describe('EXPLAIN', () => {
  test.each([
    ['EXPLAIN SELECT email FROM users', 'select', { analyze: false, costs: true, format: 'text', serialize: 'none' }],
    ['EXPLAIN ANALYZE VERBOSE SELECT 1', 'select', { analyze: true, verbose: true, timing: true, summary: true }],
    [
      'EXPLAIN (ANALYZE false, COSTS off, FORMAT json) SELECT 1',
      'select',
      { analyze: false, costs: false, format: 'json' },
    ],
    ['EXPLAIN (ANALYZE, ANALYZE 0, TIMING 1) SELECT 1', 'select', { analyze: false, timing: true }],
    [
      'EXPLAIN (GENERIC_PLAN, MEMORY, SERIALIZE binary, WAL, SETTINGS) SELECT 1',
      'select',
      { genericPlan: true, memory: true, serialize: 'binary', wal: true, settings: true },
    ],
    ['EXPLAIN (SERIALIZE off) DELETE FROM users', 'delete', { serialize: 'none' }],
    ['EXPLAIN MERGE INTO cases c USING users u ON c.id = u.id WHEN MATCHED THEN DELETE', 'merge', {}],
    ['EXPLAIN DECLARE c CURSOR FOR SELECT 1', 'declare_cursor', {}],
    ['EXPLAIN CREATE TABLE t AS SELECT email FROM users', 'create_table_as', {}],
    ['EXPLAIN SELECT 1 INTO t', 'create_table_as', {}],
    ['EXPLAIN EXECUTE p(1)', 'execute', {}],
    ['EXPLAIN REFRESH MATERIALIZED VIEW mv_user_dir', 'maintenance', {}],
  ])('%s', (sql, kind, explain) => {
    const facts = one(sql)
    expect([facts.kind, facts.inner?.kind, facts.opaque]).toEqual(['explain', kind, null])
    expect(facts.explain).toMatchObject(explain)
    expect(facts.name).toBe(facts.explain?.analyze ? 'analyze' : null)
    expect(columns(facts).filter((column) => column.endsWith('passed'))).toEqual([])
  })

  test.each(['EXPLAIN (DEBUG) SELECT 1', 'EXPLAIN (ANALYZE maybe) SELECT 1', 'EXPLAIN (FORMAT html) SELECT 1'])(
    'refused: %s',
    (sql) => {
      expect(one(sql).kind).toBe('opaque')
    },
  )
})

describe('tables made of queries', () => {
  test.each([
    ['CREATE TABLE t AS SELECT email FROM users', 'shop', 'table'],
    ['CREATE TEMP TABLE t AS TABLE users WITH NO DATA', 'pg_temp', 'table'],
    ['SELECT email INTO internal.t FROM users', 'internal', 'table'],
    ['SELECT 1 INTO t UNION SELECT id FROM users', 'shop', 'table'],
    ['CREATE MATERIALIZED VIEW t AS SELECT email FROM users', 'shop', 'materialized_view'],
  ])('%s', (sql, schema, object) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      const facts = one(sql, parser)
      expect(facts).toMatchObject({ kind: 'create_table_as', opaque: null, inner: { kind: 'select' }, output: null })
      expect(facts.definitions).toEqual([{ change: 'create', object, schema, name: 't', relation: null }])
      expect(facts.uses.map(({ relation }) => relation.name)).toEqual(['users'])
      expect(facts.inner?.output?.length).toBeGreaterThan(0)
      expect(columns(facts).every((column) => column.endsWith('computed'))).toBe(true)
      expect(facts.verbs).toContain('ddl')
    }
  })

  test('of a prepared statement', () => {
    const facts = one('CREATE TABLE t AS EXECUTE p(1)')
    expect(facts).toMatchObject({ kind: 'create_table_as', inner: { kind: 'execute', name: 'p' } })
  })

  test.each(['SELECT * FROM (SELECT 1 INTO t) x', 'PREPARE p AS SELECT 1 INTO t', 'COPY (SELECT 1 INTO t) TO STDOUT'])(
    'refused: %s',
    (sql) => {
      expect(one(sql).kind).toBe('opaque')
    },
  )
})
