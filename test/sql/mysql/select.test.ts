import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Catalog, type Dialect, relationKey } from '../../../src/sql/catalog.ts'
import type { StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { shopCatalog, shopContext } from './shop.ts'

const TYPES: Readonly<Record<string, string>> = { id: 'int(11)', tenant_id: 'bigint unsigned', dob: 'date' }

/** The shop with the types that its columns would have. */
function typedCatalog(dialect: Dialect): Catalog {
  const catalog = shopCatalog(dialect)
  const relations = [...catalog.relations].map(([key, relation]) => {
    const columns = relation.columns.map((column) => ({ ...column, type: TYPES[column.name] ?? column.type }))
    return [key, { ...relation, columns }] as const
  })
  return { ...catalog, relations: new Map(relations) }
}

function one(sql: string, dialect: Dialect = 'mysql'): StatementFacts {
  const { statements } = analyzeMysql(sql, shopContext({ catalog: typedCatalog(dialect) }))
  expect(statements).toHaveLength(1)
  return statements[0]!
}

function uses(facts: StatementFacts): string {
  expect(facts.opaque).toBe(null)
  return [...facts.uses]
    .sort((left, right) => left.span.start - right.span.start)
    .map(({ relation, columns, fixed }) => {
      const list = [...columns].sort().map(([column, use]) => `${column} ${use}`)
      return `${relation.name}${fixed ? '!' : ''}: ${list.join(', ')}`
    })
    .join('; ')
}

describe('every place where a column may stand', () => {
  it.each<[string, string]>([
    ["SELECT _cp1250'x' COLLATE cp1250_bin, email FROM users", 'users: email passed'],
    ["SELECT {d '2020-01-01'}, {fn concat(email)} FROM users", 'users: email computed'],
    ['SELECT {x email} FROM users', 'users: email computed'],
    ['SELECT @v := email FROM users', 'users: email computed'],
    ['SELECT 1 FROM users WHERE (@v := ssn) > 1', 'users: ssn computed'],
    ['SELECT ROW(1, email) = (SELECT 1, 2) FROM users', 'users: email computed'],
    ['SELECT 1 FROM users WHERE (id, email) IN ((1, 2))', 'users: email computed, id computed'],
    ['SELECT INTERVAL(1, email, 2) day FROM users', 'users: email computed'],
    ['SELECT now() + INTERVAL email DAY FROM users', 'users: email computed'],
    ['SELECT now() + INTERVAL (id) + (ssn) DAY FROM users', 'users: id computed, ssn computed'],
    ["SELECT CAST(dob AT TIME ZONE '+00:00' AS DATETIME(3)) FROM users", 'users: dob computed'],
    ['SELECT CAST(email AS CHAR(5) ARRAY) FROM users', 'users: email computed'],
    ['SELECT WEIGHT_STRING(email AS CHAR(3)) FROM users', 'users: email computed'],
    ['SELECT CHAR(id, ssn USING utf8mb4) FROM users', 'users: id computed, ssn computed'],
    [
      "SELECT JSON_VALUE(body, '$.a' RETURNING CHAR(5) DEFAULT 'x' ON EMPTY NULL ON ERROR) FROM documents",
      'documents: body computed',
    ],
    ["SELECT 1 FROM documents WHERE 'x' MEMBER OF (body)", 'documents: body computed'],
    ['SELECT email SOUNDS LIKE ssn FROM users', 'users: email computed, ssn computed'],
    ['SELECT email LIKE ssn ESCAPE phone FROM users', 'users: email computed, phone computed, ssn computed'],
    ['SELECT MATCH email AGAINST (ssn) FROM users', 'users: email computed, ssn computed'],
    ['SELECT DEFAULT(email) FROM users', 'users: email computed'],
    ['SELECT VALUES(email) FROM users', 'users: email computed'],
    ['SELECT f(email AS x), shop.f_user_email(ssn AS "y") FROM users', 'users: email computed, ssn computed'],
    ['SELECT `count`(email), count (ssn) FROM users', 'users: email computed, ssn computed'],
    [
      'SELECT sum(id) OVER (PARTITION BY email ORDER BY ssn ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM users',
      'users: email computed, id computed, ssn computed',
    ],
    [
      'SELECT sum(id) OVER (w ORDER BY ssn) FROM users WINDOW w AS (PARTITION BY email)',
      'users: email computed, id computed, ssn computed',
    ],
    ['SELECT nth_value(email, 2) FROM FIRST RESPECT NULLS OVER () FROM users', 'users: email computed'],
    ['SELECT id FROM users QUALIFY row_number() OVER (ORDER BY ssn) = 1', 'users: id passed, ssn computed'],
    ['SELECT id FROM users GROUP BY ROLLUP (id, email)', 'users: email computed, id computed'],
    ['SELECT id FROM users ORDER BY id, email LIMIT 1 OFFSET ?', 'users: email computed, id computed'],
    ['SELECT id FROM users PARTITION (p0, p1) AS u', 'users: id passed'],
    ['SELECT id FROM users TABLESAMPLE SYSTEM (10)', 'users!: id passed'],
    ['SELECT id FROM users FORCE INDEX FOR ORDER BY (PRIMARY, i) IGNORE KEY (j)', 'users!: id passed'],
    ['SELECT id FROM {oj tenants LEFT JOIN users u USING (id)}', 'tenants: id computed; users: id computed'],
    ['TABLE tenants ORDER BY plan LIMIT 1', 'tenants!: id passed, name passed, plan computed'],
    ['VALUES ROW(1, (SELECT email FROM users)), ROW(2, 3) ORDER BY column_1', 'users: email computed'],
    ['SELECT column_0 FROM (VALUES ROW(1)) v', ''],
    [
      "SELECT email INTO OUTFILE '/x' FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' LINES STARTING BY x'41' FROM users",
      'users: email computed',
    ],
    ['SELECT email FROM users INTO @a FOR UPDATE', 'users: email computed'],
    ['(SELECT id FROM users) ORDER BY email', 'users: email computed, id computed'],
    [
      '((SELECT id FROM users)) UNION ALL (SELECT id FROM tenants ORDER BY name LIMIT 1) LIMIT 2',
      'users: id computed; tenants: id computed, name computed',
    ],
    [
      'SELECT id FROM users EXCEPT SELECT id FROM tenants INTERSECT (SELECT priority FROM cases)',
      'users: id computed; tenants: id computed; cases: priority computed',
    ],
    ['SELECT 1 FROM users FOR SHARE OF users SKIP LOCKED', 'users: '],
  ])('%s', (sql, expected) => {
    expect(uses(one(sql))).toBe(expected)
  })

  it.each<[string, string]>([
    ['SELECT id FROM users FOR SYSTEM_TIME AS OF TIMESTAMP now() AS u', 'users!: id passed'],
    ["SELECT id FROM users FOR SYSTEM_TIME BETWEEN '2020-01-01' AND now() u", 'users!: id passed'],
    ['SELECT 1 FROM users LIMIT ROWS EXAMINED 5', 'users: '],
    ['SELECT email FROM users OFFSET 5 ROWS FETCH NEXT 2 ROWS WITH TIES', 'users: email passed'],
    ['VALUES (1, 2), (3, (SELECT email FROM users))', 'users: email computed'],
    [
      'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ssn) OVER (PARTITION BY email) FROM users',
      'users: email computed, ssn computed',
    ],
    ["SELECT group_concat(name ORDER BY id SEPARATOR ',' LIMIT 2) FROM tenants", 'tenants: id computed, name computed'],
    ['SELECT column_create(1, email AS char(5)) FROM users', 'users: email computed'],
    ['SELECT nextval(tenants), NEXT VALUE FOR shop.tenants', 'tenants!: ; tenants!: '],
    [
      'WITH RECURSIVE c AS (SELECT id FROM users UNION SELECT id + 1 FROM c) CYCLE id RESTRICT SELECT * FROM c',
      'users: id computed',
    ],
    ['SELECT id, \\N FROM users', 'users: id passed'],
  ])('MariaDB: %s', (sql, expected) => {
    expect(uses(one(sql, 'mariadb'))).toBe(expected)
  })

  it('takes for a column in one flavour what is a sequence in the other', () => {
    expect(uses(one('SELECT setval(email, 1) FROM users', 'mysql'))).toBe('users: email computed')
    expect(one('SELECT setval(email, 1) FROM users', 'mariadb').opaque?.code).toBe('SP-NAME')
  })

  it('reads a modifier of one flavour as a column in the other', () => {
    expect(one('SELECT sql_cache id FROM users', 'mysql').opaque?.code).toBe('SP-COLUMN')
    expect(uses(one('SELECT sql_cache id FROM users', 'mariadb'))).toBe('users: id passed')
  })
})

describe('what else a SELECT does', () => {
  it('says where the rows go', () => {
    const facts = one("SELECT id, ssn FROM users INTO DUMPFILE '/x'")
    expect([facts.into, facts.verbs, facts.output]).toEqual(['dumpfile', ['read', 'export'], null])
    const variables = one('SELECT id, ssn INTO @a, @B FROM users')
    expect([variables.into, variables.verbs]).toEqual(['variables', ['read']])
    expect(variables.settings.map(({ name }) => name)).toEqual(['@a', '@b'])
  })

  it('notes each variable that it assigns', () => {
    const { settings } = one('SELECT @a := 1, (SELECT @b := max(id) FROM users)')
    expect(settings.map(({ name, values }) => [name, values])).toEqual([
      ['@a', 'expression'],
      ['@b', 'expression'],
    ])
  })

  it('tells what orders the rows that a limit leaves', () => {
    const sql =
      'SELECT id FROM users WHERE id IN (SELECT id FROM tenants ORDER BY name, plan LIMIT 1) ORDER BY ssn LIMIT 2'
    const tops = one(sql).tops!.map((keys) => keys.map((refs) => refs.map(({ column }) => column)))
    expect(tops).toEqual([[['name'], ['plan']], [['ssn']]])
    expect(one('SELECT id FROM users ORDER BY ssn').tops).toBe(undefined)
  })
})

describe('joins', () => {
  it.each<[string, string]>([
    ['SELECT * FROM tenants NATURAL JOIN cases', 'id,name,plan,user_id,subject,state,priority'],
    ['SELECT * FROM tenants JOIN cases USING (id)', 'id,name,plan,user_id,subject,state,priority'],
    ['SELECT * FROM tenants RIGHT JOIN cases USING (id)', 'id,user_id,subject,state,priority,name,plan'],
    ['SELECT * FROM tenants NATURAL RIGHT JOIN cases', 'id,user_id,subject,state,priority,name,plan'],
    ['SELECT * FROM tenants RIGHT JOIN cases ON 1', 'id,name,plan,id,user_id,subject,state,priority'],
    ['SELECT tenants.* FROM tenants NATURAL JOIN cases', 'id,name,plan'],
    ['SELECT * FROM tenants t JOIN tenants u RIGHT JOIN cases USING (user_id)', ''],
    ['SELECT * FROM (SELECT 1 a) x JOIN (SELECT 2 b, 3 c) y RIGHT JOIN (SELECT 4 c, 5 d) z USING (c)', 'c,d,a,b'],
  ])('%s', (sql, expected) => {
    const facts = one(sql)
    if (expected === '') expect(facts.opaque?.code).toBe('SP-COLUMN')
    else expect(facts.output!.map(({ name }) => name).join(',')).toBe(expected)
  })

  it('attaches each condition to the join that the server attaches it to', () => {
    const sql = 'SELECT 1 FROM tenants t LEFT JOIN users u JOIN orders o ON o.notes = u.ssn ON t.name = u.email'
    expect(uses(one(sql))).toBe('tenants: name computed; users: email computed, ssn computed; orders: notes computed')
    expect(one('SELECT 1 FROM tenants t LEFT JOIN users u JOIN orders o ON t.name = u.ssn ON 1').opaque?.code).toBe(
      'SP-COLUMN',
    )
    expect(uses(one('SELECT 1 FROM tenants t JOIN users u LEFT JOIN orders o ON t.name = u.ssn'))).toBe(
      'tenants: name computed; users: ssn computed; orders: ',
    )
    expect(one('SELECT 1 FROM tenants LEFT JOIN users').opaque?.code).toBe('SP-SYNTAX')
  })

  it('lets LATERAL and JSON_TABLE see what stands before them', () => {
    expect(uses(one('SELECT l.v FROM users u, LATERAL (SELECT u.ssn v) l'))).toBe('users: ssn computed')
    expect(one('SELECT l.v FROM users u, (SELECT u.ssn v) l').opaque?.code).toBe('SP-COLUMN')
    const json =
      "SELECT j.v, j.n FROM documents d JOIN JSON_TABLE(d.body, '$[*]' COLUMNS (n FOR ORDINALITY, NESTED PATH '$.x' COLUMNS (v INT UNSIGNED EXISTS PATH '$'))) j"
    const facts = one(json)
    expect(uses(facts)).toBe('documents: body computed')
    expect(facts.output!.map(({ sources }) => sources.map(({ column }) => column))).toEqual([['body'], ['body']])
  })

  it('tells tables of one name by their database', () => {
    expect(uses(one('SELECT shop.users.email FROM shop.users, internal.users'))).toBe('users: email passed; users: ')
    expect(one('SELECT users.email FROM shop.users, internal.users').opaque?.code).toBe('SP-AMBIGUOUS')
  })

  it('matches common tables by case in MySQL and without in MariaDB', () => {
    const sql = 'WITH Users AS (SELECT 1 x) SELECT * FROM users'
    expect(one(sql, 'mysql').output!.length).toBeGreaterThan(1)
    expect(one(sql, 'mariadb').output!.map(({ name }) => name)).toEqual(['x'])
  })
})

describe('MariaDB’s tables of numbers', () => {
  it.each<[string, string]>([
    ['SELECT seq FROM seq_1_to_9', 'seq_1_to_9: seq passed'],
    ['SELECT s.SEQ + 1 FROM internal.seq_1_to_9_step_2 AS s', 'seq_1_to_9_step_2: seq computed'],
    ['SELECT * FROM users JOIN seq_9_to_1 ON id = seq LIMIT 0', ''],
  ])('%s', (sql, expected) => {
    expect(uses(one(sql, 'mariadb'))).toContain(expected)
  })

  it.each<[string, Dialect]>([
    ['SELECT seq FROM seq_1_to_9', 'mysql'],
    ['SELECT seq FROM SEQ_1_to_9', 'mariadb'],
    ['SELECT seq FROM seq_1_to_9_step_0', 'mariadb'],
    ['SELECT seq FROM `seq_-1_to_9`', 'mariadb'],
    ['SELECT seq FROM nowhere.seq_1_to_9', 'mariadb'],
  ])('%s of %s is none', (sql, dialect) => {
    expect(one(sql, dialect).opaque?.code).toBe('SP-NAME')
  })

  it('give way to a table of that name', () => {
    const catalog = typedCatalog('mariadb')
    const own = { ...catalog.relations.get(relationKey('shop', 'users'))!, name: 'seq_1_to_9' }
    const relations = new Map([...catalog.relations, [relationKey('shop', 'seq_1_to_9'), own]])
    const context = shopContext({ catalog: { ...catalog, relations } })
    const facts = analyzeMysql('SELECT id FROM seq_1_to_9', context).statements[0]!
    expect(facts.uses.map(({ relation }) => relation)).toEqual([own])
  })
})

describe('names of output columns', () => {
  it.each<[string, string, string]>([
    ["SELECT 'it''s', (id), ((id)), +id, (+id), -id, (id + 1) FROM users", "it's|id|id|id|id|-id|(id + 1)", ''],
    ["SELECT 'a' 'b', N'c', _utf8mb4'd', x'41', ' e', '  '", "a|c|d|x'41'|e|", "ab|c|d|x'41'|e|"],
    [
      'SELECT (1), +1.50, -1, (NULL), TRUE, (count(*)), users.id, (users.`id`) FROM users',
      '1|1.50|-1|NULL|TRUE|(count(*))|id|id',
      '',
    ],
    ['SELECT d.id FROM (SELECT (id) FROM users) d', 'id', ''],
  ])('%s', (sql, mysql, mariadb) => {
    const names = (dialect: Dialect) =>
      one(sql, dialect)
        .output!.map(({ name }) => name)
        .join('|')
    expect(names('mysql')).toBe(mysql)
    expect(names('mariadb')).toBe(mariadb || mysql)
  })
})

describe('names that the select list settles', () => {
  it.each<[string, string]>([
    [
      'SELECT u.id, o.total FROM users u JOIN orders o ON 1 ORDER BY id',
      'users: id computed; orders: id computed, total passed',
    ],
    [
      'SELECT t.* FROM tenants t, cases c ORDER BY id',
      'tenants: id computed, name passed, plan passed; cases: id computed',
    ],
    [
      'SELECT t.id, count(*) FROM tenants t, cases c GROUP BY id HAVING id > 1',
      'tenants: id computed; cases: id computed',
    ],
  ])('%s', (sql, expected) => {
    expect(uses(one(sql))).toBe(expected)
  })

  it('stay ambiguous everywhere else', () => {
    for (const sql of [
      'SELECT t.id FROM tenants t, cases c WHERE id = 1',
      'SELECT t.name FROM tenants t, cases c ORDER BY id',
      'SELECT t.id FROM tenants t JOIN cases c ON id = 1',
    ])
      expect(one(sql).opaque?.code).toBe('SP-AMBIGUOUS')
  })
})

describe('invisible columns', () => {
  const relations = new Map(shopCatalog('mysql').relations)
  const [key, tenants] = [...relations].find(([, { name }]) => name === 'tenants')!
  const columns = tenants.columns.map((column) =>
    column.name === 'plan' ? { ...column, invisible: true as const } : column,
  )
  relations.set(key, { ...tenants, columns })
  const context = shopContext({ catalog: shopCatalog('mysql', { relations }) })
  const read = (sql: string) => analyzeMysql(sql, context).statements[0]!

  it('stay out of * and NATURAL, and fix a reference that shows both', () => {
    expect(read('SELECT * FROM tenants').output!.map(({ name }) => name)).toEqual(['id', 'name'])
    expect(uses(read('SELECT plan FROM tenants'))).toBe('tenants: plan passed')
    expect(uses(read('SELECT *, plan FROM tenants'))).toBe('tenants!: id passed, name passed, plan passed')
    expect(uses(read('SELECT 1 FROM tenants NATURAL JOIN (SELECT 1 plan) d'))).toBe('tenants: ')
  })
})

describe('what tells nothing of a row', () => {
  it.each<[string, boolean]>([
    ['SELECT id, email FROM users WHERE id = 1', true],
    ["SELECT * FROM users WHERE id IN (1, 2) AND email = 'x' AND (id BETWEEN 1 AND -2)", true],
    ['SELECT id FROM users WHERE email = ? ORDER BY email LIMIT 1', true],
    ['SELECT id FROM users WHERE email IS NOT NULL AND email <> NULL', true],
    ['SELECT u.id FROM users u JOIN orders o ON o.id = u.id WHERE 1', true],
    ["SELECT id FROM users WHERE dob >= '2020-01-05'", true],
    ["SELECT id FROM users WHERE dob >= '2020-02-30'", false],
    ['SELECT id FROM users WHERE id = TRUE', true],
    ["SELECT id FROM users WHERE email_lower = 'x'", false],
    ['SELECT user_id FROM v_user_contacts', false],
    ['SELECT @v FROM users', false],
    ['SELECT id FROM users WHERE email = 1', false],
    ["SELECT id FROM users WHERE id = 'x'", false],
    ['SELECT id FROM users WHERE email', false],
    ['SELECT id FROM users WHERE id AND id = 1', false],
    ["SELECT id FROM users WHERE email LIKE 'x'", false],
    ['SELECT id FROM users WHERE NOT id = 1', false],
    ['SELECT id FROM users WHERE id = 1 OR id = 2', false],
    ['SELECT id FROM users WHERE id = 1 = 2', false],
    ['SELECT id + 1 FROM users', false],
    ['SELECT DISTINCT id FROM users', false],
    ['SELECT count(*) FROM users', false],
    ['SELECT id FROM users WHERE id = (SELECT 1)', false],
    ['SELECT id FROM (SELECT id FROM users) u', false],
    ['SELECT id FROM users ORDER BY id + 1', false],
  ])('%s: %s', (sql, plain) => {
    expect(one(sql).plain ?? false).toBe(plain)
  })

  it('is not so of a parameter beside text where the server takes its type from what is bound', () => {
    expect(one('SELECT id FROM users WHERE email = ?', 'mariadb').plain).toBe(undefined)
    expect(one('SELECT id FROM users WHERE id = ?', 'mariadb').plain).toBe(true)
    expect(one('SELECT id FROM users WHERE id = 1 LIMIT 5 ROWS EXAMINED 2', 'mariadb').plain).toBe(undefined)
  })

  it('is said of the rows of a write', () => {
    expect(one('UPDATE users SET email = upper(email) WHERE id = 1 ORDER BY id').plainRows).toBe(true)
    expect(one('DELETE FROM users WHERE id = 1').plainRows).toBe(true)
    expect(one("DELETE FROM users WHERE ? = id AND email = 'x'").plainRows).toBe(true)
    // What is bound to it decides what is converted, and fails on rows out of scope.
    for (const where of ['email = ?', 'id <> ?', 'id IN (1, ?)', 'tenant_id = ?', 'id BETWEEN ? AND 5'])
      expect(one(`UPDATE users SET id = 1 WHERE ${where}`).plainRows).toBe(undefined)
    expect(one('UPDATE users SET id = 1 WHERE id + 1 = 2').plainRows).toBe(undefined)
    expect(one('UPDATE users, tenants SET users.id = 1 WHERE users.id = 1').plainRows).toBe(undefined)
  })
})

describe('lookups', () => {
  const lookups = (sql: string, dialect: Dialect = 'mysql') =>
    one(sql, dialect).uses.flatMap(({ lookups }) => [...(lookups ?? [])])

  it.each<[string, [string, number][]]>([
    [
      "SELECT id, email FROM users WHERE email = 'x' AND tenant_id = 3",
      [
        ['email', 1],
        ['tenant_id', 1],
      ],
    ],
    ["SELECT id FROM users WHERE 'x' = email OR 1", []],
    ["SELECT id FROM users WHERE email IN ('x', ?, 'z')", [['email', 3]]],
    ["SELECT id FROM users WHERE email = 'x' ORDER BY email", []],
    ["SELECT upper(email) FROM users WHERE email = 'x'", []],
    ["SELECT id FROM users WHERE email = 'x' AND email <> 'y'", []],
    ['SELECT id FROM users WHERE email = 0', []],
    ['SELECT id FROM users WHERE email = ssn', []],
    ["SELECT id FROM users WHERE email NOT IN ('x')", []],
    ["SELECT id FROM users WHERE BINARY email = 'x'", []],
    ["SELECT o.id FROM orders o JOIN users u ON u.email = 'x'", [['email', 1]]],
  ])('%s', (sql, expected) => {
    expect(lookups(sql)).toEqual(expected)
  })

  it('name the parameters that have to be bound as text', () => {
    const sql = "SELECT id, ? FROM users WHERE id = ? AND email = ? AND phone IN ('x', ?)"
    const facts = one(sql, 'mariadb')
    expect([...(facts.uses[0]?.lookups ?? [])]).toEqual([
      ['id', 1],
      ['email', 1],
      ['phone', 2],
    ])
    expect(facts.textParameters).toEqual([2, 3])
    expect(one(sql).textParameters).toEqual([2, 3])
    expect(one("SELECT id FROM users WHERE email = 'x'", 'mariadb').textParameters).toBe(undefined)
    expect(lookups('DELETE FROM orders WHERE notes IN (SELECT email FROM users WHERE email = ?)', 'mariadb')).toEqual(
      [],
    )
  })

  it.each<[string, string[]]>([
    ["SELECT id FROM users WHERE email = 'x' AND tenant_id > 3", ['email']],
    ["SELECT id FROM users WHERE ? = email AND phone IN ('y')", ['email', 'phone']],
    ["SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.email = 'x'", ['email']],
    ["SELECT o.id FROM orders o LEFT JOIN users u USING (id) WHERE u.email = 'x'", ['email']],
    ["SELECT id FROM users WHERE email IN ('x', 'y')", []],
    ["SELECT id FROM users WHERE email = 'x' OR id = 1", []],
    ["SELECT id FROM users WHERE (email = 'x') IS TRUE", []],
    ["SELECT o.id FROM orders o JOIN users u ON u.email = 'x'", []],
    ["SELECT id FROM users GROUP BY id HAVING max(email) = 'x'", []],
    ["SELECT id, @a := id FROM users WHERE email = 'x'", []],
    ["SELECT o.id FROM users u JOIN orders o ON o.id = length(u.phone) WHERE u.email = 'x'", []],
    ["SELECT id FROM (SELECT id FROM users WHERE email = 'x') q", []],
    ["SELECT (SELECT max(id) FROM users WHERE email = 'x')", []],
    ["SELECT id FROM users WHERE email = 'x' UNION SELECT 1", []],
    ["SELECT u.id FROM users u, (SELECT 1 AS n) q WHERE u.email = 'x'", []],
  ])('%s settles what every row has', (sql, expected) => {
    expect(one(sql).uses.flatMap(({ settled }) => [...(settled ?? [])])).toEqual(expected)
  })
})

describe('aggregates', () => {
  const aggregated = (sql: string) => one(sql).uses.flatMap((use) => [...(use.aggregated ?? [])])

  it.each<[string, string[]]>([
    ['SELECT country, avg(id), count(ssn) / 2 FROM users GROUP BY country ORDER BY sum(id)', ['id', 'ssn']],
    ['SELECT avg(id) FROM users WHERE id > 5', []],
    ['SELECT avg(id), max(id) FROM users', []],
    ['SELECT sum(DISTINCT id) FROM users', []],
    ['SELECT sum(id + 1) FROM users', []],
    ['SELECT sum(id) OVER () FROM users', []],
    ['SELECT sum(id), rank() OVER () FROM users', []],
    ['SELECT sum(id) FROM users GROUP BY country WITH ROLLUP', []],
    ['SELECT sum(id) FROM users HAVING count(*) > 1', []],
    ['SELECT sum(id) FROM users, tenants', []],
    ['SELECT sum(id), (SELECT 1) FROM users', []],
    ['SELECT sum(id) FROM users u JOIN users v USING (id)', []],
    ['SELECT sum(id) INTO @a FROM users', []],
    ['SELECT @a := sum(id) FROM users', []],
    ['SELECT `sum`(id) FROM users', []],
    ['SELECT sum(id), country AS id FROM users', []],
  ])('%s', (sql, expected) => {
    expect(aggregated(sql)).toEqual(expected)
  })
})

describe('any text', () => {
  const pieces =
    'SELECT FROM users u tenants WHERE id email ( ) , . * = + ? 1 1e 0x \'a\' "b" `c` @v := @@x IN AND JOIN LEFT ON USING NATURAL UNION ORDER BY LIMIT GROUP HAVING WITH AS VALUES ROW TABLE LATERAL JSON_TABLE CASE WHEN END INTERVAL DAY CAST OVER WINDOW INTO OUTFILE FOR UPDATE { } /*! */ /* -- \n ;'.split(
      ' ',
    )

  it('is understood or opaque, and never an exception', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), fc.boolean(), (parts, maria) => {
        const context = shopContext({ catalog: shopCatalog(maria ? 'mariadb' : 'mysql') })
        for (const { kind, opaque } of analyzeMysql(parts.join(' '), context).statements)
          expect(kind === 'opaque').toBe(opaque !== null)
      }),
      { numRuns: 3000 },
    )
  })

  it.each<[string, string]>([
    ['parentheses', `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`],
    ['parentheses that stay open', `SELECT ${'('.repeat(100_000)}`],
    ['subqueries', `${'SELECT (('.repeat(20_000)}`],
    ['signs', `SELECT ${'- '.repeat(100_000)}1`],
    ['NOT', `SELECT ${'NOT '.repeat(50_000)}1`],
    ['CASE', `SELECT ${'CASE WHEN '.repeat(30_000)}`],
    ['joins', `SELECT 1 FROM users${' JOIN users'.repeat(10_000)}`],
    ['conditions', `SELECT 1 FROM users WHERE id IN (${'1,'.repeat(200_000)}1)`],
    ['rows', `VALUES ${'ROW(1, 2), '.repeat(20_000)}ROW(1, 2)`],
    ['digits', `SELECT ${'1'.repeat(200_000)}`],
    ['intervals', `SELECT ${'INTERVAL ('.repeat(20_000)}`],
  ])('takes a bounded time: %s', (_, sql) => {
    const begun = performance.now()
    analyzeMysql(sql, shopContext())
    expect(performance.now() - begun).toBeLessThan(5_000)
  })
})
