import { describe, expect, it } from 'vitest'
import type { StatementFacts } from '../../src/sql/facts.ts'
import { analyzeMysql } from '../../src/sql/mysql/analyze.ts'
import { allowed, catalogOf, type Given, maskLine, refused, relation, scopeRule } from './build.ts'

const users = relation('users', ['id', 'name', 'email', 'note'], {
  constrained: [],
  indexes: [{ name: 'PRIMARY', columns: ['id'], unique: true }],
})
const orders = relation('orders', ['id', 'user_id', 'total'], { constrained: [] })
const indexed = relation('indexed', ['id', 'email'], { indexes: [{ name: 'by_email', columns: ['email'] }] })
const RELATIONS = [users, orders, indexed]
const EMAIL = [maskLine('users', 'email', { strategy: 'null' }), maskLine('indexed', 'email', { strategy: 'null' })]

function statements(sql: string): readonly StatementFacts[] {
  const catalog = catalogOf(RELATIONS, 'mariadb')
  return analyzeMysql(sql, { catalog, searchPath: [], defaultDatabase: 'shop', sqlMode: new Set() }).statements
}

function given(sql: string, over: Partial<Given> = {}): Given {
  return { relations: RELATIONS, statements: statements(sql), dialect: 'mariadb', masks: EMAIL, ...over }
}

const WRITES = { role: { scope: [scopeRule({ verbs: ['read', 'insert', 'update', 'delete'] })] } }

describe('a column that a write both reads and gives a value', () => {
  const role = {
    scope: [
      scopeRule({ verbs: ['insert'] }),
      scopeRule({ verbs: ['update'], columns: ['note', 'total'] }),
      scopeRule({ verbs: ['read'] }),
    ],
  }

  it.each([
    ['UPDATE users SET name = concat(name, 1)'],
    ['UPDATE users SET note = 1, name = upper(name) WHERE id = 1'],
    ['UPDATE users JOIN orders ON users.id = orders.user_id SET orders.total = 1, users.name = lower(users.name)'],
    ['INSERT INTO users (id) VALUES (1) ON DUPLICATE KEY UPDATE name = concat(name, 1)'],
  ])('%s needs update on it', (sql) => {
    expect(refused(given(sql, { role }))).toMatchObject({ rule: 'scope', code: 'SP-SCOPE' })
  })

  it.each([
    ['UPDATE users SET note = concat(note, name)'],
    ['UPDATE users JOIN orders ON users.id = orders.user_id SET orders.total = users.name'],
    ['INSERT INTO users (note) VALUES (1) ON DUPLICATE KEY UPDATE note = name'],
  ])('%s has it', (sql) => {
    expect(allowed(given(sql, { role })).plans).toHaveLength(1)
  })
})

describe('a write', () => {
  it.each([
    ['DELETE FROM users WHERE id = 1 RETURNING email', 'SP-MASKED'],
    ['INSERT INTO users (id, email) VALUES (1, 2) RETURNING email', 'SP-MASKED'],
    ['DELETE u FROM users u JOIN orders o ON o.id = u.id WHERE u.email IS NULL', 'SP-MASKED'],
    ['UPDATE users SET note = email WHERE id = 1', 'SP-MASKED'],
    ['DELETE FROM users', 'SP-VERB'],
    ['UPDATE users u JOIN orders o ON o.id = u.id SET u.note = 1', 'SP-VERB'],
  ])('%s is refused with %s', (sql, code) => {
    expect(refused(given(sql, { role: { ...WRITES.role, requireWhere: true } })).code).toBe(code)
  })

  it('of several tables needs the verb on each target alone', () => {
    const role = { scope: [scopeRule({ verbs: ['read'] }), scopeRule({ verbs: ['delete'], tables: ['orders'] })] }
    const sql = (targets: string) => `DELETE ${targets} FROM users u JOIN orders o ON o.user_id = u.id WHERE u.id = 1`
    expect(allowed(given(sql('o'), { role })).plans).toHaveLength(1)
    expect(refused(given(sql('o, u'), { role })).code).toBe('SP-VERB')
  })
})

describe('what keeps values without showing them', () => {
  it.each([
    ['SET @a = (SELECT max(email) FROM users)'],
    ['DO (SELECT max(email) FROM users)'],
    ['SET STATEMENT max_statement_time = 1 FOR SELECT email FROM users'],
  ])('%s computes on masked values', (sql) => {
    const [plan] = allowed(given(sql)).plans
    expect(plan!.substitutions.get(0)?.masks.has('email')).toBe(true)
  })

  it.each([
    ['SET @a = (SELECT id FROM users)', 'SP-SCOPE'],
    ['DO (SELECT id FROM users)', 'SP-SCOPE'],
    ['CALL shop.p((SELECT id FROM users))', 'SP-SCOPE'],
    ['SET @a = load_file(1)', 'SP-FUNCTION'],
    ['DO sleep(1)', 'SP-FUNCTION'],
    ['SET GLOBAL max_connections = 1', 'SP-SETTING'],
    ['SET @@optimizer_trace = 1', 'SP-SETTING'],
    ['SET STATEMENT optimizer_trace = 1 FOR SELECT 1', 'SP-SETTING'],
    ['SET time_zone = (SELECT 1)', 'SP-SETTING'],
    ['PREPARE s FROM @q', 'SP-UNSUPPORTED'],
    ["EXECUTE IMMEDIATE 'TRUNCATE users'", 'SP-OPAQUE'],
    ["EXECUTE IMMEDIATE 'SELECT id FROM users'", 'SP-SCOPE'],
    ["EXECUTE IMMEDIATE 'DELETE FROM users'", 'SP-SCOPE'],
    ["SIGNAL SQLSTATE '45000'", 'SP-OPAQUE'],
    ["PREPARE s FROM 'TRUNCATE users'", 'SP-VERB'],
    ['LOCK TABLES users WRITE', 'SP-VERB'],
    ["LOAD DATA LOCAL INFILE 'f' INTO TABLE users", 'SP-VERB'],
    ['HANDLER users OPEN', 'SP-VERB'],
    ["XA START 'x'", 'SP-VERB'],
    ['BACKUP STAGE START', 'SP-VERB'],
    ['CREATE TEMPORARY TABLE x (a int)', 'SP-VERB'],
    ['CREATE TABLE x AS SELECT 1', 'SP-VERB'],
    ['ANALYZE TABLE users', 'SP-VERB'],
    ['GRANT ALL ON *.* TO me', 'SP-VERB'],
    ['SHOW ENGINE INNODB STATUS', 'SP-SCOPE'],
    ['SHOW CREATE USER me', 'SP-SCOPE'],
    ['SHOW INDEX FROM indexed', 'SP-MASKED'],
  ])('%s is refused with %s', (sql, code) => {
    const role = { scope: [scopeRule({ tables: ['indexed'] })], call: ['shop.p'] }
    expect(refused(given(sql, { role })).code).toBe(code)
  })

  it('SHOW INDEX of a table whose masked columns are in no index', () => {
    expect(allowed(given('SHOW INDEX FROM users')).plans).toHaveLength(1)
  })

  it.each([[{ where: [{ column: 'id', op: '=' as const, value: [1] }] }], [{ exceptColumns: ['email'] }]])(
    'SHOW INDEX counts no values that the grant does not cover: %j',
    (more) => {
      const role = { scope: [scopeRule({ tables: ['indexed'], ...more })] }
      expect(refused(given('SHOW INDEX FROM indexed', { role, masks: [] })).code).toBe('SP-SCOPE')
    },
  )

  it('a lock to read is for who may export', () => {
    const exports = { exports: true, scope: [scopeRule({ verbs: ['read', 'export'] })] }
    expect(allowed(given('LOCK TABLES users READ LOCAL', { role: exports })).plans).toHaveLength(1)
    expect(refused(given('LOCK TABLES users WRITE', { role: exports })).code).toBe('SP-VERB')
  })
})

describe('a message of several statements', () => {
  it.each([
    ["SET sql_mode = ''; SELECT 1"],
    ["SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET @a = '\\'; SELECT email FROM users; -- '"],
    ['SET autocommit = 0, sql_mode = DEFAULT; COMMIT'],
    ['USE shop; SET @a = (SELECT id FROM users)'],
    ['USE shop; SET STATEMENT max_statement_time = 1 FOR SELECT id FROM users'],
    ['SET NAMES utf8mb4; SELECT 1'],
  ])('%s is refused: the later part was read as it would not run', (sql) => {
    expect(refused(given(sql)).code).toBe('SP-MULTI')
  })

  it('settings that leave texts as they are may stand before each other', () => {
    expect(allowed(given('SET NAMES utf8mb4; SET autocommit = 1; SET @a = 1')).plans).toHaveLength(3)
    expect(allowed(given('SET @a = 1; SELECT id FROM users')).plans).toHaveLength(2)
  })
})
