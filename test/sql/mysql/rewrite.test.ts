import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import type { Relation } from '../../../src/sql/catalog.ts'
import type { AnalysisContext } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { foldName } from '../../../src/sql/mysql/fold.ts'
import { keptName } from '../../../src/sql/mysql/kept_names.ts'
import { rewriteMysql } from '../../../src/sql/mysql/rewrite.ts'
import type { Substitution, SubstitutionPlan } from '../../../src/sql/substitution.ts'
import { shopCatalog, shopContext } from './shop.ts'

const NAME: Substitution = { masks: new Map([['name', { kind: 'null' }]]), where: null }
/** What stands for `tenants` under NAME. */
const MASKED = '(SELECT `id`, IF(FALSE, `name`, NULL) AS `name`, `plan` FROM `shop`.`tenants` USE INDEX (PRIMARY))'

/** Substitutes each reference to `tenants` that the statement reads. */
function rewrite(
  sql: string,
  substitution: Substitution | null = NAME,
  context: AnalysisContext = shopContext(),
): string {
  const facts = analyzeMysql(sql, context)
  expect(facts.statements.map(({ opaque }) => opaque?.reason ?? null)).toEqual(facts.statements.map(() => null))
  const plans = facts.statements.map(
    ({ uses }): SubstitutionPlan =>
      new Map(
        substitution
          ? uses
              .filter(({ relation, role }) => relation.name === 'tenants' && role === 'read')
              .map(({ id }) => [id, substitution])
          : [],
      ),
  )
  return rewriteMysql(facts, plans, context)
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof SallyportError) return error.code
    throw error
  }
  return ''
}

describe('what is not substituted', () => {
  it.each([
    ['SELECT  id\nFROM shop.users', 'SELECT  id\nFROM shop.users'],
    ['SELECT id FROM users', 'SELECT id FROM `shop`.`users`'],
    ['SELECT users.id FROM users, orders o', 'SELECT users.id FROM `shop`.`users`, `shop`.`orders` o'],
    ['SELECT id FROM `Mixed Case`', 'SELECT id FROM `shop`.`Mixed Case`'],
    ['SELECT/**/id/* x */FROM users -- end', 'SELECT id FROM `shop`.`users`'],
    ['SELECT /*+ NO_MERGE() */ id /*!40001 , 1 */ FROM users', 'SELECT id , 1 FROM `shop`.`users`'],
    ['-- nothing but this', '/**/'],
    ['/*!99999 DROP TABLE users */', '/**/'],
    ['', ''],
    ['WITH users AS (SELECT 1) SELECT * FROM users', 'WITH users AS (SELECT 1) SELECT * FROM users'],
    ['INSERT INTO users (id) VALUES (1)', 'INSERT INTO `shop`.`users` (id) VALUES (1)'],
    ['UPDATE users SET id = 1', 'UPDATE `shop`.`users` SET id = 1'],
    ['DELETE FROM users', 'DELETE FROM `shop`.`users`'],
    ['DESC users', 'DESC `shop`.`users`'],
    ['EXPLAIN SELECT id FROM users', 'EXPLAIN SELECT id FROM `shop`.`users`'],
    ['SELECT id FROM users; SELECT id FROM orders;', 'SELECT id FROM `shop`.`users`; SELECT id FROM `shop`.`orders`;'],
    ["PREPARE s FROM 'SELECT ''a'' FROM users'", "PREPARE s FROM 'SELECT ''a'' FROM `shop`.`users`'"],
    ['SET NAMES utf8mb4', 'SET NAMES utf8mb4'],
    ['', ''],
  ])('%j', (sql, expected) => {
    expect(rewrite(sql, null)).toBe(expected)
  })
})

describe('what is substituted', () => {
  it.each([
    ['SELECT upper(name) FROM tenants', `SELECT upper(name) FROM ${MASKED} AS \`tenants\``],
    ['SELECT upper(t.name) FROM tenants t', `SELECT upper(t.name) FROM ${MASKED} t`],
    ['SELECT upper(t.name) FROM shop.tenants AS t', `SELECT upper(t.name) FROM ${MASKED} AS t`],
    [
      'SELECT upper(shop.tenants.name), shop.tenants.* FROM shop.tenants',
      `SELECT upper(\`tenants\`.name) AS \`upper(shop.tenants.name)\`, \`tenants\`.* FROM ${MASKED} AS \`tenants\``,
    ],
    [
      'SELECT shop.t.name FROM tenants t WHERE shop . t . name = 1',
      `SELECT \`t\`.name FROM ${MASKED} t WHERE \`t\` . name = 1`,
    ],
    ['SELECT 1 FROM tenants a JOIN tenants b USING (name)', `SELECT 1 FROM ${MASKED} a JOIN ${MASKED} b USING (name)`],
    [
      'WITH tenants AS (SELECT name FROM tenants) SELECT name FROM tenants',
      `WITH tenants AS (SELECT name FROM ${MASKED} AS \`tenants\`) SELECT name FROM tenants`,
    ],
    [
      'INSERT INTO tenants (name) SELECT name FROM tenants',
      `INSERT INTO \`shop\`.\`tenants\` (name) SELECT name FROM ${MASKED} AS \`tenants\``,
    ],
    ['EXPLAIN SELECT 1 FROM tenants WHERE name = 1', `EXPLAIN SELECT 1 FROM ${MASKED} AS \`tenants\` WHERE name = 1`],
    [
      "EXECUTE IMMEDIATE 'SELECT name FROM tenants WHERE plan = ?' USING 'x'",
      `EXECUTE IMMEDIATE 'SELECT name FROM ${MASKED} AS \`tenants\` WHERE plan = ?' USING 'x'`,
    ],
    ["PREPARE s FROM 'SELECT name FROM tenants'", `PREPARE s FROM 'SELECT name FROM ${MASKED} AS \`tenants\`'`],
    [
      'SELECT name FROM tenants PARTITION (p0) x',
      'SELECT name FROM (SELECT `id`, IF(FALSE, `name`, NULL) AS `name`, `plan` FROM `shop`.`tenants` PARTITION (p0) USE INDEX (PRIMARY)) x',
    ],
    [
      'SELECT name FROM users u LEFT JOIN (tenants, orders o) ON u.tenant_id = tenants.id',
      `SELECT name FROM \`shop\`.\`users\` u LEFT JOIN (${MASKED} AS \`tenants\`, \`shop\`.\`orders\` o) ON u.tenant_id = tenants.id`,
    ],
  ])('%s', (sql, expected) => {
    expect(rewrite(sql)).toBe(expected)
  })

  it('keeps the name of an expression that changes', () => {
    expect(rewrite('SELECT (SELECT max(name) FROM tenants), 1 FROM users')).toBe(
      `SELECT (SELECT max(name) FROM ${MASKED} AS \`tenants\`) AS \`(SELECT max(name) FROM tenants)\`, 1 FROM \`shop\`.\`users\``,
    )
  })

  it('keeps as much of a long name as the server does', () => {
    const written = `concat('${'é'.repeat(130)}', shop.t.name)`
    expect(rewrite(`SELECT ${written} FROM tenants t`)).toContain(` AS \`concat('${'é'.repeat(123)}\` FROM`)
  })

  it('keeps the spelling of a column, and of nothing else', () => {
    expect(rewrite('SELECT NAME, t.Name, name, `nAmE`, plan FROM tenants t')).toBe(
      `SELECT NAME AS \`NAME\`, t.Name AS \`Name\`, name, \`nAmE\` AS \`nAmE\`, plan FROM ${MASKED} t`,
    )
    expect(rewrite("SELECT (Name), + t.NAME, (shop.t.name), -name, 'NAME' FROM tenants t")).toBe(
      `SELECT (Name) AS \`Name\`, + t.NAME AS \`NAME\`, (\`t\`.name), -name, 'NAME' FROM ${MASKED} t`,
    )
    // Two tables that spell it otherwise were replaced.
    const named = (names: string[]) =>
      keptName({ span: { start: 7, end: 11 }, name: 'Name' }, { text: '', edits: [], names })
    expect(named(['Name', 'id', 'name'])).toEqual([{ start: 11, end: 11, text: ' AS `Name`' }])
    expect(named(['Name', 'id'])).toEqual([])
    expect(rewrite('SELECT COUNTRY FROM users')).toBe('SELECT COUNTRY FROM `shop`.`users`')
  })

  it('takes away parentheses around one reference, which MySQL does not take', () => {
    const context = shopContext({ catalog: shopCatalog('mysql') })
    const attempt = (sql: string) => rewrite(sql, NAME, context).replaceAll(/ +/g, ' ').trim()
    expect(attempt('SELECT 1 FROM (tenants)')).toBe(`SELECT 1 FROM ${MASKED} AS \`tenants\``)
    expect(attempt('SELECT 1 FROM((tenants AS t))WHERE 1')).toBe(`SELECT 1 FROM ${MASKED} AS t WHERE 1`)
    expect(attempt('SELECT 1 FROM ((tenants AS t))')).toBe(`SELECT 1 FROM ${MASKED} AS t`)
    expect(attempt('SELECT 1 FROM users u JOIN (tenants t) ON 1')).toBe(
      `SELECT 1 FROM \`shop\`.\`users\` u JOIN ${MASKED} t ON 1`,
    )
    expect(attempt('SELECT 1 FROM (tenants t, users u)')).toBe(`SELECT 1 FROM (${MASKED} t, \`shop\`.\`users\` u)`)
    expect(rewrite('SELECT 1 FROM (tenants)')).toBe(`SELECT 1 FROM (${MASKED} AS \`tenants\`)`)
  })

  it('keeps MariaDB from merging what it merges wrongly', () => {
    const apart = MASKED.replace(/\)$/, ' LIMIT 18446744073709551615)')
    for (const sql of [
      'SELECT id, sum(id) OVER (ORDER BY plan) FROM tenants t ORDER BY plan',
      'SELECT plan FROM tenants t GROUP BY plan HAVING max(id) > (SELECT 1)',
    ]) {
      expect(rewrite(sql)).toContain(`FROM ${apart} t`)
      expect(rewrite(sql, NAME, shopContext({ catalog: shopCatalog('mysql') }))).toContain(`FROM ${MASKED} t`)
    }
    expect(rewrite('SELECT plan FROM tenants t WHERE id IN (SELECT 1) GROUP BY plan HAVING max(id) > 1')).toContain(
      `FROM ${MASKED} t`,
    )
  })

  it('lets a merged table be searched, and says so where it can not be', () => {
    const sql = "SELECT id FROM tenants WHERE MATCH (plan) AGAINST ('x')"
    expect(rewrite(sql)).toContain(`FROM ${MASKED} AS`)
    expect(refusal(() => rewrite(sql, { ...NAME, where: '`id` = 1' }))).toBe('SP-MASKED')
  })

  it('fences a row condition', () => {
    const plan: Substitution = { masks: new Map(), where: "`plan` = 'pro'" }
    expect(rewrite('SELECT name FROM tenants', plan)).toBe(
      "SELECT name FROM (SELECT `id`, `name`, `plan` FROM `shop`.`tenants` WHERE (`plan` = 'pro') LIMIT 18446744073709551615) AS `tenants`",
    )
  })

  it('reads a masked table without a primary key by no index, and puts the rows of a view in an order of clear columns', () => {
    const context = shopContext()
    const replaced = (name: string, primaryKey: readonly string[]) => {
      const key = `shop\0${name}`
      const relation = { ...context.catalog.relations.get(key)!, primaryKey }
      const relations = new Map([...context.catalog.relations, [key, relation]])
      const own = { ...context, catalog: { ...context.catalog, relations } }
      const facts = analyzeMysql(`SELECT 1 FROM ${name} x`, own)
      const plan: SubstitutionPlan = new Map([
        [0, { masks: new Map([[relation.columns[1]!.name, { kind: 'null' }]]), where: null }],
      ])
      return rewriteMysql(facts, [plan], own)
    }
    expect(replaced('tenants', [])).toContain('USE INDEX ()) x')
    expect(replaced('v_user_contacts', [])).toMatch(
      /FROM `shop`\.`v_user_contacts` ORDER BY `\w+`(, `\w+`)*, RAND\(\) LIMIT 18446744073709551615\) AS `r`\) x$/,
    )
  })

  it('quotes constants by sql_mode', () => {
    const plan: Substitution = { masks: new Map([['name', { kind: 'constant', text: "it's \\ x" }]]), where: null }
    expect(rewrite('SELECT name FROM tenants', plan)).toContain("'it''s \\\\ x'")
    const context = shopContext({ sqlMode: new Set(['NO_BACKSLASH_ESCAPES']) })
    expect(rewrite('SELECT name FROM tenants', plan, context)).toContain("'it''s \\ x'")
  })

  it('keeps names in double quotes under ANSI_QUOTES', () => {
    const context = shopContext({ sqlMode: new Set(['ANSI_QUOTES']) })
    expect(rewrite('SELECT "t"."name" FROM "tenants" "t"', NAME, context)).toBe(`SELECT "t"."name" FROM ${MASKED} "t"`)
  })
})

describe('refusals', () => {
  it('refuses where nothing can be substituted', () => {
    expect(refusal(() => rewrite('SELECT name FROM tenants USE INDEX (i)'))).toBe('SP-MASKED')
    expect(refusal(() => rewrite('SHOW CREATE TABLE tenants'))).toBe('SP-MASKED')
  })

  it('refuses the target of a write', () => {
    const context = shopContext()
    const facts = analyzeMysql('UPDATE tenants SET plan = name', context)
    expect(refusal(() => rewriteMysql(facts, [new Map([[0, NAME]])], context))).toBe('SP-MASKED')
  })

  it('refuses a condition that reads another table or breaks out', () => {
    for (const where of [
      'id IN (SELECT id FROM shop.users)',
      '1) OR (1',
      "1) UNION SELECT * FROM shop.users WHERE ('1' = '1",
      '1 -- ',
      '',
    ]) {
      const plan: Substitution = { masks: new Map(), where }
      expect(refusal(() => rewrite('SELECT name FROM tenants', plan))).toBe(
        where === '1 -- ' ? 'SP-OPAQUE' : 'SP-SYNTAX',
      )
    }
  })

  it('refuses opaque facts and masks of unknown columns', () => {
    const context = shopContext()
    const facts = analyzeMysql('SELECT 1 FROM', context)
    expect(refusal(() => rewriteMysql(facts, [], context))).toBe('SP-SYNTAX')
    const plan: Substitution = { masks: new Map([['nothing', { kind: 'null' }]]), where: null }
    expect(refusal(() => rewrite('SELECT name FROM tenants', plan))).toBe('SP-OPAQUE')
  })
})

/** Of a table that the catalog knows more of. */
function rewriteWith(over: Partial<Relation>, sql: string, plan: Substitution): string {
  const context = shopContext()
  const key = 'shop\0tenants'
  const relations = new Map([...context.catalog.relations, [key, { ...context.catalog.relations.get(key)!, ...over }]])
  const own = { ...context, catalog: { ...context.catalog, relations } }
  const facts = analyzeMysql(sql, own)
  const [first] = facts.statements
  expect(first?.opaque).toBeNull()
  const plans = new Map(first?.uses.filter(({ relation }) => relation.name === 'tenants').map(({ id }) => [id, plan]))
  return rewriteMysql(facts, [plans], own)
}

const INDEXES = [
  { name: 'PRIMARY', columns: ['id'], unique: true },
  { name: 'by`name', columns: ['plan', 'name'] },
  { name: 'by_plan', columns: ['plan'] },
] as const

describe('the order of rows', () => {
  const unordered = (...names: string[]): Substitution => ({
    masks: new Map(),
    where: null,
    unordered: new Set(names),
  })

  it('leaves out the indexes that hold a hidden column, and no other', () => {
    expect(rewriteWith({ indexes: INDEXES }, 'SELECT id FROM tenants', NAME)).toBe(
      'SELECT id FROM (SELECT `id`, IF(FALSE, `name`, NULL) AS `name`, `plan` FROM `shop`.`tenants` IGNORE INDEX (`by``name`)) AS `tenants`',
    )
    expect(rewriteWith({ indexes: [INDEXES[0], INDEXES[2]] }, 'SELECT id FROM tenants', NAME)).not.toContain('INDEX')
  })

  it('sorts a table that is stored by a hidden column, and lets chance decide between what is alike', () => {
    const sorted =
      'SELECT id FROM (SELECT `id`, `name`, `plan` FROM `shop`.`tenants` IGNORE INDEX (`PRIMARY`) ORDER BY `name`, `plan`, RAND() LIMIT 18446744073709551615) AS `tenants`'
    expect(rewriteWith({ indexes: INDEXES }, 'SELECT id FROM tenants', unordered('id'))).toBe(sorted)
    const unique = [{ name: 'PRIMARY', columns: ['id'], unique: true }] as const
    expect(rewriteWith({ indexes: unique, primaryKey: [] }, 'SELECT id FROM tenants', unordered('id'))).toBe(sorted)
    const partitioned = { indexes: [], partitionedBy: ['name'] }
    expect(rewriteWith(partitioned, 'SELECT id FROM tenants', unordered('name'))).toContain(
      'ORDER BY `id`, `plan`, RAND()',
    )
  })

  it('refuses to choose a partition by a hidden column', () => {
    const over = { indexes: [], partitionedBy: ['name'] }
    const attempt = (sql: string) => refusal(() => rewriteWith(over, sql, unordered('name')))
    expect(attempt('SELECT id FROM tenants PARTITION (p0)')).toBe('SP-MASKED')
    expect(attempt('UPDATE tenants PARTITION (p0) SET plan = 1')).toBe('SP-MASKED')
    expect(attempt('UPDATE tenants SET plan = 1')).toBe('')
  })

  it('sorts a view that shows none of what orders it', () => {
    const over = { kind: 'view', definition: 'select 1' } as const
    expect(rewriteWith(over, 'SELECT id FROM tenants', unordered())).toContain('ORDER BY `id`, `name`, `plan`, RAND()')
  })

  it('does not name what the account may not read', () => {
    const plan: Substitution = { ...NAME, unread: new Set(['name']), where: '`plan` = 1' }
    expect(rewriteWith({ indexes: [] }, 'SELECT id FROM tenants', plan)).toBe(
      'SELECT id FROM (SELECT `id`, CAST(NULL AS CHAR(120)) AS `name`, `plan` FROM (SELECT `id`, `plan` FROM `shop`.`tenants` WHERE (`plan` = 1) LIMIT 18446744073709551615) AS `r`) AS `tenants`',
    )
  })

  it('leaves an invisible column to who names it', () => {
    const columns = shopContext().catalog.relations.get('shop\0tenants')!.columns
    const over = { columns: columns.map((one) => (one.name === 'plan' ? ({ ...one, invisible: true } as const) : one)) }
    expect(rewriteWith(over, 'SELECT id FROM tenants', NAME)).not.toContain('plan')
    expect(rewriteWith(over, 'SELECT plan FROM tenants', NAME)).toContain('`plan`')
  })
})

describe('rows that are locked', () => {
  const masked = '(SELECT `id`, IF(FALSE, `name`, NULL) AS `name`, `plan` FROM `shop`.`tenants`'
  const attempt = (sql: string, plan = NAME) => rewriteWith({ indexes: [] }, sql, plan)

  it.each([
    ['SELECT id FROM tenants FOR UPDATE', `SELECT id FROM ${masked} FOR UPDATE) AS \`tenants\` FOR UPDATE`],
    [
      'SELECT id FROM tenants LOCK IN SHARE MODE',
      `SELECT id FROM ${masked} LOCK IN SHARE MODE) AS \`tenants\` LOCK IN SHARE MODE`,
    ],
    [
      'SELECT id FROM tenants WHERE id = 1 for update nowait',
      `SELECT id FROM ${masked} for update nowait) AS \`tenants\` WHERE id = 1 for update nowait`,
    ],
    [
      'SELECT id FROM tenants FOR UPDATE SKIP LOCKED',
      `SELECT id FROM ${masked} FOR UPDATE SKIP LOCKED) AS \`tenants\` FOR UPDATE SKIP LOCKED`,
    ],
  ])('%s', (sql, expected) => {
    expect(attempt(sql)).toBe(expected)
  })

  it('are not locked behind a fence, in two ways at once, or some tables of several', () => {
    expect(refusal(() => attempt('SELECT id FROM tenants FOR UPDATE', { ...NAME, where: '`id` = 1' }))).toBe(
      'SP-MASKED',
    )
    expect(refusal(() => attempt('SELECT id FROM (SELECT id FROM tenants FOR SHARE) q FOR UPDATE'))).toBe('SP-MASKED')
    expect(refusal(() => attempt('SELECT t.id FROM tenants t, users u FOR UPDATE OF t'))).toBe('SP-MASKED')
  })
})

describe('groups that are aggregated in clear', () => {
  const plan: Substitution = { masks: new Map(), where: null, minGroup: [{ column: 'plan', rows: 5 }] }
  const reference = '(SELECT `id`, `name`, `plan` FROM `shop`.`tenants`)'

  it.each([
    ['SELECT avg(plan) FROM tenants', '$ AS `tenants` HAVING COUNT(`tenants`.`plan`) >= 5'],
    [
      'SELECT name, avg(t.plan) FROM tenants t GROUP BY name ORDER BY 2 LIMIT 3',
      '$ t GROUP BY name HAVING COUNT(`t`.`plan`) >= 5 ORDER BY 2 LIMIT 3',
    ],
    [
      'SELECT avg(plan) FROM tenants WHERE id IN (1, 2) LIMIT 1',
      '$ AS `tenants` WHERE id IN (1, 2) HAVING COUNT(`tenants`.`plan`) >= 5 LIMIT 1',
    ],
    ['(SELECT avg(plan) FROM tenants)', '$ AS `tenants` HAVING COUNT(`tenants`.`plan`) >= 5)'],
  ])('%s', (sql, expected) => {
    expect(rewriteWith({ indexes: [] }, sql, plan)).toContain(expected.replace('$', reference))
  })

  it('are refused under a HAVING, which would be asked of small groups too', () => {
    const sql = 'SELECT avg(plan) FROM tenants HAVING avg(plan) > 1'
    expect(refusal(() => rewriteWith({ indexes: [] }, sql, plan))).toBe('SP-MASKED')
  })
})

describe('rows of a target', () => {
  const where = '`tenants`.`plan` = 1'
  const fence = 'LIMIT 18446744073709551615'
  const picked = (columns: string, own: string, alias = 'tenants') =>
    `WHERE (\`${alias}\`.\`id\`) IN (SELECT \`${alias}\`.\`id\` FROM (SELECT ${columns} FROM \`shop\`.\`tenants\` AS \`${alias}\` WHERE (${where}) ${fence}) AS \`${alias}\` WHERE ( ${own})) AND (${where})`

  it.each([
    ["UPDATE tenants SET name = 'x'", true, `UPDATE \`shop\`.\`tenants\` SET name = 'x' WHERE (${where})`],
    [
      'DELETE FROM tenants WHERE id = 1 OR id = 2',
      true,
      `DELETE FROM \`shop\`.\`tenants\` WHERE ( id = 1 OR id = 2) AND (${where})`,
    ],
    [
      'DELETE FROM tenants WHERE id = 1 ORDER BY id LIMIT 2',
      true,
      `DELETE FROM \`shop\`.\`tenants\` WHERE ( id = 1) AND (${where}) ORDER BY id LIMIT 2`,
    ],
    ['DELETE FROM tenants WHERE 1 / id', false, `DELETE FROM \`shop\`.\`tenants\` ${picked('`id`', '1 / id')}`],
    [
      'UPDATE tenants SET shop.tenants.name = (SELECT max(id) FROM users WHERE id > 1) WHERE shop.tenants.plan / 2 LIMIT 1',
      false,
      `UPDATE \`shop\`.\`tenants\` SET \`tenants\`.name = (SELECT max(id) FROM \`shop\`.\`users\` WHERE id > 1) ${picked('`id`, `name`, `plan`', '`tenants`.plan / 2')} LIMIT 1`,
    ],
  ])('%s', (sql, plain, expected) => {
    expect(rewriteWith({}, sql, { masks: new Map(), where, plain })).toBe(expected)
  })

  it('are not taken or shown in the order of a hidden column', () => {
    const plan: Substitution = { masks: new Map(), where: null, unordered: new Set(['name']) }
    const attempt = (sql: string, over: Partial<Relation> = { indexes: INDEXES }) =>
      refusal(() => rewriteWith(over, sql, plan))
    for (const sql of [
      'DELETE FROM tenants WHERE plan = 1 LIMIT 1',
      'UPDATE tenants SET plan = 2 ORDER BY plan LIMIT 1',
      'DELETE FROM tenants WHERE plan = 1 RETURNING id',
    ]) {
      expect(attempt(sql), sql).toBe('SP-MASKED')
      expect(attempt(sql, {}), sql).toBe('SP-MASKED')
      expect(attempt(sql, { indexes: [{ name: 'first', columns: ['name', 'plan'] }] }), sql).toBe('')
      expect(
        attempt(sql, { indexes: [{ name: 'PRIMARY', columns: ['name'], unique: true }], primaryKey: ['name'] }),
      ).toBe('SP-MASKED')
    }
    expect(attempt('DELETE FROM tenants WHERE plan = 1 ORDER BY plan')).toBe('')
    expect(attempt('UPDATE tenants SET plan = (SELECT 1 LIMIT 1) WHERE plan = 1')).toBe('')
  })

  it('need a key to be picked by', () => {
    const attempt = () =>
      rewriteWith({ primaryKey: [] }, 'DELETE FROM tenants WHERE 1 / id', { masks: new Map(), where })
    expect(refusal(attempt)).toBe('SP-SCOPE')
  })
})

describe('foldName', () => {
  it('lower-cases unless names keep their case', () => {
    expect(foldName({ lowerCaseTableNames: 0 }, 'Users')).toBe('Users')
    expect(foldName({ lowerCaseTableNames: 1 }, 'Users')).toBe('users')
    expect(foldName({ lowerCaseTableNames: 2 }, 'Users')).toBe('users')
  })
})
