import { describe, expect, it } from 'vitest'
import { analyzeMysql } from '../../src/sql/mysql/analyze.ts'
import { allowed, catalogOf, type Given, maskLine, refused, relation, scopeRule } from './build.ts'

const RELATIONS = [
  relation('users', ['id', 'email'], { constrained: [] }),
  relation('orders', ['id', 'region'], { constrained: [] }),
  relation('keys', ['id'], { constrained: [] }),
  relation('lines', ['id', 'order_id', 'region', 'email', 'key_id', 'note'], {
    constrained: ['order_id', 'region', 'email', 'key_id'],
    references: [
      { columns: ['email'], to: { schema: 'shop', name: 'users' }, theirs: ['email'] },
      { columns: ['order_id', 'region'], to: { schema: 'shop', name: 'orders' }, theirs: ['id', 'region'] },
      { columns: ['key_id'], to: { schema: 'shop', name: 'keys' }, theirs: ['id'] },
    ],
  }),
]
const EU = [{ column: 'region', op: '=', value: ['EU'] }] as const
const ROLE = {
  scope: [
    scopeRule({ tables: ['orders'], where: EU }),
    scopeRule({ exceptTables: ['keys'] }),
    scopeRule({ tables: ['lines'], verbs: ['insert', 'update'] }),
  ],
}

function given(sql: string, over: Partial<Given> = {}): Given {
  const catalog = catalogOf(RELATIONS, 'mysql')
  const context = { catalog, searchPath: [], defaultDatabase: 'shop', sqlMode: new Set<string>() }
  const { statements } = analyzeMysql(sql, context)
  const masks = [maskLine('users', 'email', { strategy: 'null' })]
  return { relations: RELATIONS, statements, dialect: 'mysql', masks, role: ROLE, ...over }
}

describe('a foreign key', () => {
  it.each([
    ["INSERT INTO `lines` (email) VALUES ('a@b.example')", 'SP-MASKED'],
    ["UPDATE `lines` SET email = 'a@b.example' WHERE id = 1", 'SP-MASKED'],
    ['INSERT INTO `lines` (email) SELECT note FROM `lines`', 'SP-MASKED'],
    ["INSERT INTO `lines` (order_id, region) VALUES (1, 'US')", 'SP-SCOPE'],
    ["INSERT INTO `lines` (order_id, region) VALUES (1, 'EU'), (2, 'US')", 'SP-SCOPE'],
    ['INSERT INTO `lines` (order_id) VALUES (1)', 'SP-SCOPE'],
    ['UPDATE `lines` SET order_id = 2 WHERE id = 1', 'SP-SCOPE'],
    ['INSERT INTO `lines` (key_id) VALUES (1)', 'SP-SCOPE'],
    ["INSERT INTO `lines` VALUES (1, 1, 'EU', 'x', 1, 'n')", 'SP-MASKED'],
  ])('%s would be told whether a row exists', (sql, code) => {
    expect(refused(given(sql))).toMatchObject({ rule: 'references', code })
  })

  it.each([
    ["INSERT INTO `lines` (note) VALUES ('n')"],
    ["INSERT INTO `lines` (order_id, region) VALUES (1, 'EU')"],
    ["INSERT INTO `lines` (order_id, region, email, key_id) VALUES (1, 'EU', NULL, NULL)"],
    ["UPDATE `lines` SET note = 'x', email = NULL WHERE id = 1"],
  ])('%s asks for nothing that is hidden', (sql) => {
    expect(allowed(given(sql)).plans).toHaveLength(1)
  })

  it('to a table that nothing is said of is no secret', () => {
    const role = { scope: [scopeRule({ tables: ['lines'], verbs: ['read', 'insert'] })] }
    expect(allowed(given('INSERT INTO `lines` (key_id) VALUES (1)', { role })).plans).toHaveLength(1)
  })
})
