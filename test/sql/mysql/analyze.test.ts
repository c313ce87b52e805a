import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnalysisContext, StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { shopCatalog, shopContext } from './shop.ts'

function all(sql: string, context: AnalysisContext = shopContext()): readonly StatementFacts[] {
  return analyzeMysql(sql, context).statements
}

function one(sql: string, context: AnalysisContext = shopContext()): StatementFacts {
  const statements = all(sql, context)
  expect(statements).toHaveLength(1)
  return statements[0]!
}

/** `users: email computed, id passed; orders: ...`, in the order of the text; `!` marks a fixed use. */
function uses(facts: StatementFacts): string {
  return [...facts.uses]
    .sort((left, right) => left.span.start - right.span.start)
    .map(({ relation, columns, fixed }) => {
      const list = [...columns].sort().map(([column, use]) => `${column} ${use}`)
      return `${relation.schema === 'shop' ? '' : `${relation.schema}.`}${relation.name}${fixed ? '!' : ''}: ${list.join(', ')}`
    })
    .join('; ')
}

function code(sql: string, context?: AnalysisContext): string | undefined {
  return all(sql, context).find(({ opaque }) => opaque)?.opaque?.code
}

/** Common tables of which each is twice as wide as the one before. */
function doubling(levels: number): string {
  const ctes = Array.from({ length: levels }, (_, at) => `c${at + 1} AS (SELECT * FROM c${at} x, c${at} y)`)
  return `WITH c0 AS (SELECT 1), ${ctes.join(', ')} SELECT 1 FROM c${levels}`
}

describe('columns that pass through', () => {
  it.each([
    ['SELECT email FROM users', 'users: email passed'],
    ['SELECT email AS full_name, ssn country FROM shop.users u', 'users: email passed, ssn passed'],
    ['SELECT u.email, shop.u.ssn FROM shop.users u', 'users: email passed, ssn passed'],
    ['SELECT SQL_NO_CACHE HIGH_PRIORITY email FROM users LIMIT 3', 'users: email passed'],
    ['SELECT EMAIL FROM users', 'users: email passed'],
    ['SELECT `email` FROM `shop` . `users`', 'users: email passed'],
    ['SELECT id, email FROM users ORDER BY id', 'users: email passed, id computed'],
    ['SELECT * FROM tenants', 'tenants: id passed, name passed, plan passed'],
    ['SELECT t.* FROM tenants t WHERE plan = 1', 'tenants: id passed, name passed, plan computed'],
    ['SELECT email FROM users /*! , tenants */', 'users: email passed; tenants: '],
  ])('%s', (sql, expected) => {
    expect(uses(one(sql))).toBe(expected)
  })
})

describe('columns that are computed on', () => {
  it.each([
    ["SELECT concat(email, '') FROM users", 'users: email computed'],
    ['SELECT (email) FROM users', 'users: email computed'],
    ['SELECT -dob FROM users', 'users: dob computed'],
    ['SELECT email COLLATE utf8mb4_bin FROM users', 'users: email computed'],
    ['SELECT BINARY email FROM users', 'users: email computed'],
    ['(SELECT email FROM users)', 'users: email computed'],
    ['SELECT DISTINCT email FROM users', 'users: email computed'],
    ['SELECT email FROM users UNION SELECT name FROM tenants', 'users: email computed; tenants: name computed'],
    ['SELECT email FROM users ORDER BY email', 'users: email computed'],
    ['SELECT email e FROM users ORDER BY e', 'users: email computed'],
    ['SELECT email FROM users ORDER BY 1', 'users: email computed'],
    ['SELECT email FROM users ORDER BY (1)', 'users: email computed'],
    ['SELECT email FROM users ORDER BY +1', 'users: email computed'],
    ['SELECT id, email FROM users ORDER BY ?', 'users: email computed, id computed'],
    ['SELECT id, email FROM users ORDER BY 1', 'users: email passed, id computed'],
    ['SELECT email e FROM users GROUP BY e', 'users: email computed'],
    ['SELECT email FROM users GROUP BY 1', 'users: email computed'],
    ["SELECT email e FROM users HAVING e LIKE 'a%'", 'users: email computed'],
    ["SELECT id FROM users WHERE ssn LIKE '9%'", 'users: id passed, ssn computed'],
    ['SELECT rank() OVER (ORDER BY ssn) FROM users', 'users: ssn computed'],
    ['SELECT sum(id) OVER w FROM users WINDOW w AS (PARTITION BY ssn)', 'users: id computed, ssn computed'],
    ['SELECT e FROM (SELECT email e FROM users) d', 'users: email computed'],
    ['WITH a AS (SELECT email e FROM users) SELECT e FROM a', 'users: email computed'],
    ['SELECT email FROM users FOR UPDATE', 'users: email computed'],
    ['SELECT email FROM users LOCK IN SHARE MODE', 'users: email computed'],
    ['EXPLAIN SELECT email FROM users', 'users: email computed'],
    ['EXPLAIN FORMAT=JSON SELECT email FROM users', 'users: email computed'],
    ['ANALYZE SELECT email FROM users', 'users: email computed'],
    ["PREPARE s FROM 'SELECT email FROM users'", 'users: email computed'],
    ['SELECT (SELECT email FROM orders LIMIT 1) FROM users', 'orders: ; users: email computed'],
    [
      'SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM users WHERE email = notes)',
      'orders: id passed, notes computed; users: email computed',
    ],
    ['SELECT body->>"$.a" FROM documents', 'documents: body computed'],
    ["SELECT MATCH (email) AGAINST ('x' IN BOOLEAN MODE) FROM users", 'users: email computed'],
    ['SELECT 1 FROM tenants JOIN users USING (id)', 'tenants: id computed; users: id computed'],
    ['SELECT id FROM tenants JOIN users USING (id)', 'tenants: id computed; users: id computed'],
    ['SELECT 1 FROM orders o JOIN users u ON u.ssn = o.notes', 'orders: notes computed; users: ssn computed'],
    ["SELECT group_concat(name ORDER BY id SEPARATOR ',') FROM tenants", 'tenants: id computed, name computed'],
    ['SELECT 1 FROM users, tenants LIMIT 1', 'users: ; tenants: '],
    ['SELECT CAST(email AS CHAR CHARACTER SET utf8mb4) FROM users', 'users: email computed'],
    ['SELECT year(dob) AS year FROM users GROUP BY year', 'users: dob computed'],
    ['SELECT TIMESTAMPDIFF(DAY, dob, NOW()) FROM users', 'users: dob computed'],
    ['SELECT !ssn, 5--1 FROM users', 'users: ssn computed'],
    [
      'SELECT * FROM (tenants, cases)',
      'tenants: id passed, name passed, plan passed; cases: id passed, priority passed, state passed, subject passed, user_id passed',
    ],
  ])('%s', (sql, expected) => {
    expect(uses(one(sql))).toBe(expected)
  })

  it('counts a name that could be an alias or a column as both', () => {
    expect(uses(one('SELECT full_name AS email FROM users ORDER BY email'))).toBe(
      'users: email computed, full_name computed',
    )
    expect(uses(one('SELECT ssn AS full_name FROM users HAVING full_name = 1'))).toBe(
      'users: full_name computed, ssn computed',
    )
  })

  it('looks beyond HAVING for a name that the select list lacks', () => {
    const sql = "SELECT 1 FROM users u WHERE EXISTS (SELECT tier FROM vip_users HAVING email LIKE 'a%')"
    expect(uses(one(sql))).toBe('users: email computed; vip_users: email computed, tier computed')
    const deep =
      'SELECT 1 FROM users WHERE EXISTS (SELECT tier FROM vip_users HAVING EXISTS (SELECT 1 FROM tenants WHERE name = email))'
    expect(uses(one(deep))).toBe(
      'users: email computed; vip_users: email computed, tier computed; tenants: name computed',
    )
  })

  it('takes the key of a window for a column and for an alias', () => {
    expect(uses(one('SELECT email AS country, rank() OVER (ORDER BY country) FROM users'))).toBe(
      'users: country computed, email computed',
    )
    expect(uses(one('SELECT rank() OVER (ORDER BY country), email AS country FROM users'))).toBe(
      'users: country computed, email computed',
    )
    expect(uses(one('SELECT sum(id) OVER (PARTITION BY ssn) AS ssn, phone FROM users'))).toBe(
      'users: id computed, phone passed, ssn computed',
    )
    expect(uses(one('SELECT email, rank() OVER (ORDER BY 1) FROM users'))).toBe('users: email computed')
  })

  it('resolves ON among the tables of its own join, then in the outer query', () => {
    const sql = 'SELECT (SELECT 1 FROM cases, orders o JOIN order_items i ON subject = 1 LIMIT 1) FROM cases c'
    expect(uses(one(sql))).toBe('cases: ; orders: ; order_items: ; cases: subject computed')
  })
})

describe('names', () => {
  it('takes a common table for what it is, and a qualified name for the table', () => {
    expect(uses(one('WITH users AS (SELECT 1 AS email) SELECT email FROM users'))).toBe('')
    expect(uses(one('WITH users AS (SELECT 1 AS x) SELECT email FROM shop.users'))).toBe('users: email passed')
    expect(uses(one('WITH users AS (SELECT email FROM users) SELECT email FROM users'))).toBe('users: email computed')
  })

  it('resolves in the default database and in the one that is named', () => {
    const internal = shopContext({ defaultDatabase: 'internal' })
    expect(uses(one('SELECT email FROM users', internal))).toBe('internal.users: email passed')
    expect(code('SELECT 1 FROM users', shopContext({ defaultDatabase: null }))).toBe('SP-NAME')
  })

  it('folds table names by lower_case_table_names', () => {
    expect(code('SELECT 1 FROM Users')).toBe('SP-NAME')
    const catalog = shopCatalog('mariadb', { lowerCaseTableNames: 1 })
    expect(uses(one('SELECT Users.email FROM Shop.USERS', shopContext({ catalog })))).toBe('users: email passed')
  })

  it('finds information_schema in any case', () => {
    const sql = 'SELECT t.table_name FROM INFORMATION_SCHEMA.tables t'
    expect(uses(one(sql))).toBe('information_schema.TABLES: TABLE_NAME passed')
  })

  it.each([
    ['SELECT nothing FROM users', 'SP-COLUMN'],
    ['SELECT x.email FROM users', 'SP-COLUMN'],
    ['SELECT shop.users.email FROM shop.users u', 'SP-COLUMN'],
    ['SELECT internal.users.email FROM shop.users', 'SP-COLUMN'],
    ['SELECT id FROM users, orders', 'SP-AMBIGUOUS'],
    ['SELECT 1 FROM users u, orders u', 'SP-AMBIGUOUS'],
    ['SELECT U.email FROM users u', 'SP-AMBIGUOUS'],
    ['SELECT \u00e9mail FROM users', 'SP-AMBIGUOUS'],
    ['SELECT \u017fsn FROM users', 'SP-AMBIGUOUS'],
    ['SELECT 1 FROM nowhere', 'SP-NAME'],
    ['SELECT _rowid FROM users', 'SP-COLUMN'],
    ['WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a', 'SP-OPAQUE'],
  ])('%s: %s', (sql, expected) => {
    expect(code(sql)).toBe(expected)
  })
})

describe('long statements', () => {
  it.each(['+1', ' OR id = 1', ', 1', ' AND email LIKE 1'])('go on and on with %s', (more) => {
    expect(
      one(`SELECT id FROM users WHERE id IN (1) OR id = 1${more.startsWith(',') ? '' : more.repeat(5000)}`).opaque,
    ).toBeNull()
    expect(one(`SELECT id FROM users WHERE id IN (1${more.repeat(5000)})`).opaque).toBeNull()
  })
})

describe('what is not understood', () => {
  it.each([
    ['SELECT email INTO v FROM users', 'SP-OPAQUE'],
    ['SELECT 1 FROM users PROCEDURE analyse()', 'SP-OPAQUE'],
    ['SELECT 1 FROM users MINUS SELECT 2', 'SP-SYNTAX'],
    ["PREPARE s FROM 'SELECT 1; SELECT 2'", 'SP-OPAQUE'],
    ['SHOW TABLES WHERE 1 = (SELECT 1 FROM users)', 'SP-OPAQUE'],
    ['SHOW GRANTS FOR root', 'SP-SYNTAX'],
    ['SELECT j.v FROM users, LATERAL (SELECT 1 v) j', 'SP-OPAQUE'],
    ['SELECT FROM WHERE', 'SP-SYNTAX'],
    ['KILL (SELECT 1)', 'SP-OPAQUE'],
    ['BEGIN NOT ATOMIC SELECT 1; END', 'SP-OPAQUE'],
    [`SELECT ${'('.repeat(500)}1${')'.repeat(500)}`, 'SP-OPAQUE'],
    [`SELECT ${'- '.repeat(500)}1`, 'SP-OPAQUE'],
    [doubling(30), 'SP-OPAQUE'],
  ])('%.60s', (sql, expected) => {
    expect(code(sql)).toBe(expected)
  })

  it('refuses everything under a foreign sql_mode', () => {
    expect(code('SELECT 1', shopContext({ sqlMode: new Set(['ORACLE']) }))).toBe('SP-OPAQUE')
  })

  it('never throws', () => {
    const words =
      'SELECT email FROM users WHERE ( ) , . * = JOIN ON UNION ORDER BY 1 \' ` " -- /* ; SET SHOW INSERT INTO'
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words.split(' ')), { maxLength: 25 }), (parts) => {
        expect(all(parts.join(' ')).every(({ kind }) => kind.length > 0)).toBe(true)
      }),
      { numRuns: 1500 },
    )
  })
})

describe('writes', () => {
  it.each([
    ["INSERT INTO tenants VALUES (9, 'x', 'y')", 'insert', 'tenants!: id written, name written, plan written'],
    ["INSERT INTO users (id, email) VALUES (1, 'x')", 'insert', 'users!: email written, id written'],
    [
      'INSERT INTO users (id, ssn) SELECT 7, ssn FROM users',
      'insert,read',
      'users!: id written, ssn written; users: ssn computed',
    ],
    [
      'INSERT INTO users (id) VALUES (1) ON DUPLICATE KEY UPDATE email = ssn',
      'insert,update,read',
      'users!: email written, id written, ssn computed',
    ],
    [
      "INSERT INTO users (id, email) VALUES (1, 'x') ON DUPLICATE KEY UPDATE email = VALUES(email)",
      'insert,update',
      'users!: email written, id written',
    ],
    ['INSERT INTO users SET id = 1, email = DEFAULT', 'insert', 'users!: email written, id written'],
    ['REPLACE INTO users SET id = 1', 'insert,delete', 'users!: id written'],
    ["UPDATE users SET email = 'x' WHERE id = 1", 'update,read', 'users!: email written, id computed'],
    ['UPDATE users SET full_name = email', 'update,read', 'users!: email computed, full_name written'],
    ["UPDATE tenants SET name = 'x'", 'update', 'tenants!: name written'],
    ['DELETE FROM tenants WHERE id = 1 ORDER BY plan LIMIT 1', 'delete,read', 'tenants!: id computed, plan computed'],
  ])('%s', (sql, verbs, expected) => {
    const facts = one(sql)
    expect(facts.verbs.join(',')).toBe(verbs)
    expect(uses(facts)).toBe(expected)
  })

  it('says whether there is a WHERE', () => {
    expect(one('UPDATE tenants SET plan = 1').hasWhere).toBe(false)
    expect(one('DELETE FROM tenants WHERE id = 1').hasWhere).toBe(true)
  })
})

describe('lineage', () => {
  const names = (facts: StatementFacts) =>
    facts.output!.map(({ name, origin, sources }) => [
      name,
      origin?.column ?? null,
      sources.map(({ column }) => column),
    ])

  it('follows columns through derived tables and common tables', () => {
    const sql = 'WITH a AS (SELECT upper(email) e, id FROM users WHERE ssn = 1) SELECT e, d.id FROM (SELECT * FROM a) d'
    expect(names(one(sql))).toEqual([
      ['e', null, ['email']],
      ['id', null, ['id']],
    ])
    expect(one(sql).rowSources.map(({ column }) => column)).toEqual(['ssn'])
  })

  it('joins the branches of a set operation, and mixes the columns of a recursive table', () => {
    expect(names(one('SELECT name FROM tenants UNION ALL SELECT ssn FROM users'))).toEqual([
      ['name', null, ['name', 'ssn']],
    ])
    const sql = 'WITH RECURSIVE r AS (SELECT 1 n, ssn FROM users UNION ALL SELECT ssn, n FROM r) SELECT n FROM r'
    expect(names(one(sql))).toEqual([['n', null, ['ssn']]])
  })

  it('names expressions after themselves', () => {
    expect(names(one('SELECT count( * ), u.id FROM users u'))).toEqual([
      ['count( * )', null, []],
      ['id', 'id', ['id']],
    ])
  })

  it('analyses the definition of a view', () => {
    const view = shopCatalog().relations.get('shop\0v_user_contacts')!
    expect(names(one(view.definition!))).toEqual([
      ['user_id', 'id', ['id']],
      ['full_name', 'full_name', ['full_name']],
      ['contact', 'email', ['email']],
      ['reach', null, ['phone', 'email']],
    ])
  })

  it('reads what MariaDB makes of joins in a definition', () => {
    const sql =
      'select `u`.`country` AS `country`,count(0) AS `n` from (`shop`.`orders` `o` join `shop`.`users` `u` on(`u`.`id` = `o`.`user_id`)) group by `u`.`country`'
    expect(one(sql).rowSources.map(({ column }) => column)).toEqual(['id', 'user_id', 'country'])
  })
})

describe('functions', () => {
  const calls = (sql: string) => one(sql).functions.map(({ schema, name, userDefined }) => [schema, name, userDefined])

  it('tells stored functions from built-in ones', () => {
    expect(calls('SELECT shop.f_user_email(1)')).toEqual([['shop', 'f_user_email', true]])
    expect(calls('SELECT F_USER_EMAIL(1)')).toEqual([['shop', 'f_user_email', true]])
    expect(calls('SELECT `sleep`(1), load_file(1)')).toEqual([
      ['', 'sleep', false],
      ['', 'load_file', false],
    ])
    expect(calls('SHOW TABLES WHERE f_user_email(1) = 1')).toEqual([['shop', 'f_user_email', true]])
  })

  it('notes system variables and functions without parentheses', () => {
    expect(calls('SELECT @@version, @@SESSION.x, CURRENT_USER')).toEqual([
      ['', '@@version', false],
      ['', '@@session.x', false],
      ['', 'current_user', false],
    ])
  })
})

describe('messages', () => {
  it('splits on semicolons and has nothing of an empty message', () => {
    expect(all('SELECT 1; COMMIT ;').map(({ kind }) => kind)).toEqual(['select', 'commit'])
    expect(all(" ; /* x */ # ';'")).toEqual([])
    expect(all("SELECT ';'")).toHaveLength(1)
  })

  it('keeps literals out of the normalized text', () => {
    expect(one("SELECT id /* secret */ FROM users  WHERE ssn='900' AND id IN (1, 0x41)").normalized).toBe(
      'SELECT id FROM users WHERE ssn=? AND id IN (?, ?)',
    )
  })
})
