import { describe, expect, it } from 'vitest'
import type { Narrowing } from '../../src/policy/grant.ts'
import { createMasks } from '../../src/policy/masks.ts'
import { narrowRole } from '../../src/policy/narrow.ts'
import { needsOf } from '../../src/policy/needs.ts'
import { analyzeMysql } from '../../src/sql/mysql/analyze.ts'
import { analyze } from '../sql/postgres/parsers.ts'
import { SHOP } from '../sql/postgres/shop.ts'
import {
  allowed,
  catalogOf,
  inputOf,
  maskLine,
  refused,
  relation,
  roleOf,
  scopeRule,
  selectOf,
  statement,
  use,
} from './build.ts'

const MASKS = [maskLine('users', 'email', { strategy: 'null' })]

function needs(sql: string) {
  const facts = analyze(sql)
  const { catalog } = SHOP
  const role = roleOf()
  const of = createMasks({ ...inputOf({ relations: [], statements: [], masks: MASKS }), role, catalog })
  return needsOf({ facts, catalog, database: 'app', masks: of })
}

function rule(table: string, columns: readonly string[] | null, ...verbs: Narrowing[number]['verbs']) {
  return { databases: ['app'], schemas: ['shop'], tables: [table], columns, verbs }
}

const ORDERS = ['id', 'user_id', 'tenant_id', 'status', 'total', 'placed_at', 'notes']

describe('the least scope that a message needs', () => {
  it.each<[string, Narrowing, readonly string[]]>([
    ['SELECT status FROM shop.orders WHERE id = 1', [rule('orders', ['id', 'status'], 'read')], []],
    ['SELECT * FROM shop.orders', [rule('orders', null, 'read')], []],
    ['SELECT count(*) FROM shop.orders', [rule('orders', ['id'], 'read')], []],
    ['DELETE FROM shop.orders WHERE id = 1', [rule('orders', null, 'delete'), rule('orders', ['id'], 'read')], []],
    ["INSERT INTO shop.orders (status) VALUES ('x')", [rule('orders', ['status'], 'insert')], []],
    [
      'UPDATE shop.orders SET status = notes',
      [rule('orders', ['status'], 'update'), rule('orders', ['notes'], 'read')],
      [],
    ],
    ['SELECT email FROM shop.users WHERE email = $1', [rule('users', ['email'], 'read')], ['shop.users.email']],
    [
      'SELECT o.id FROM shop.orders o JOIN shop.users u ON u.id = o.user_id; SELECT name FROM shop.tenants',
      [rule('orders', ['id', 'user_id'], 'read'), rule('users', ['id'], 'read'), rule('tenants', ['name'], 'read')],
      [],
    ],
    ['ALTER TABLE shop.orders ADD COLUMN x int', [rule('orders', null, 'ddl')], []],
    ['SELECT relname FROM pg_class', [], []],
    ['SELEC', [], []],
    ['SELECT 1', [], []],
  ])('%s', (sql, expected, clear) => {
    const found = needs(sql)
    expect(found.clear).toEqual(clear)
    for (const one of expected) expect(found.needs).toContainEqual(one)
    expect(found.needs).toHaveLength(expected.length)
  })

  it('names a routine with the verb call, and no built-in', () => {
    const facts = {
      dialect: 'postgres',
      text: '',
      statements: [statement({ functions: [used('lower', false), used('tidy', true)] })],
    } as const
    const found = needsOf({ facts, catalog: SHOP.catalog, database: 'app', masks: { of: () => null } })
    expect(found.needs).toEqual([rule('tidy', null, 'call')])
  })

  it('leaves out what would be a pattern', () => {
    const odd = relation('a*', ['id'])
    const facts = { dialect: 'postgres', text: '', statements: [selectOf(odd, ['id'])] } as const
    expect(needsOf({ facts, catalog: catalogOf([odd]), database: 'app', masks: { of: () => null } }).needs).toEqual([])
  })

  it('asks for the export of what a COPY reads', () => {
    const of = relation('users', ['id', 'email'])
    const copy = statement({ kind: 'copy', verbs: ['read', 'export'], uses: [use(of, { id: 'passed' })] })
    const facts = { dialect: 'postgres', text: '', statements: [copy] } as const
    const found = needsOf({ facts, catalog: catalogOf([of]), database: 'app', masks: { of: () => null } })
    expect(found.needs).toEqual([rule('users', ['id'], 'read', 'export')])
  })
})

function used(name: string, userDefined: boolean) {
  return { schema: userDefined ? 'shop' : 'pg_catalog', name, userDefined, args: 1 }
}

const RELATIONS = [
  relation('orders', ORDERS, { constrained: [] }),
  relation('users', ['id', 'email'], { constrained: [] }),
]

describe('a role narrowed to what a message needs', () => {
  it.each([
    'SELECT status FROM orders WHERE id = 1',
    'SELECT * FROM orders',
    'SELECT count(*) FROM orders',
    "UPDATE orders SET status = 'x' WHERE id = 1",
    "INSERT INTO orders (id, status) VALUES (1, 'x')",
    'DELETE FROM orders WHERE id = 1',
    'SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id',
    'SELECT status FROM orders WHERE id = 1 FOR UPDATE',
  ])('lets it through, and no other table: %s', (sql) => {
    const catalog = catalogOf(RELATIONS, 'mysql')
    const context = { catalog, searchPath: [], defaultDatabase: 'shop', sqlMode: new Set<string>() }
    const facts = analyzeMysql(sql, context)
    const role = roleOf({ scope: [scopeRule({ verbs: ['read', 'insert', 'update', 'delete'] })] })
    const found = needsOf({ facts, catalog, database: '', masks: { of: () => null } })
    const given = { relations: RELATIONS, dialect: 'mysql', role: narrowRole(role, found.needs) } as const
    expect(allowed({ ...given, statements: facts.statements }).effect).toBe('allow')
    const others = analyzeMysql('SELECT email FROM users', context).statements
    expect(refused({ ...given, statements: others }).code).toBe('SP-SCOPE')
  })
})
