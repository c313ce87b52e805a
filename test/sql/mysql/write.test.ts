import { describe, expect, it } from 'vitest'
import type { StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { shopCatalog, shopContext } from './shop.ts'
import { WRITES } from './write_cases.ts'

function one(sql: string, dialect: 'mysql' | 'mariadb' = 'mysql'): StatementFacts {
  const { statements } = analyzeMysql(sql, shopContext({ catalog: shopCatalog(dialect) }))
  expect(statements).toHaveLength(1)
  return statements[0]!
}

/** `>` marks a target; what it is given stands behind its columns. */
function uses({ uses: all }: StatementFacts): string {
  return [...all]
    .sort((left, right) => left.span.start - right.span.start)
    .map(({ relation, role, columns, given }) => {
      const list = [...columns].sort().map(([column, use]) => `${column} ${use}`)
      const values = [...(given ?? [])].map(([column, all]) => `${column}=${all.map(shown).join('|')}`)
      const target = role === 'target' ? '>' : ''
      return `${target}${relation.name}: ${list.join(', ')}${values.length > 0 ? ` (${values.join(' ')})` : ''}`
    })
    .join('; ')
}

function shown(value: string | null | undefined): string {
  return value === undefined ? '?' : String(value)
}

describe('writes', () => {
  it.each(WRITES)('$sql ($server)', ({ sql, server, verbs, uses: expected }) => {
    const facts = one(sql, server === 'mariadb' ? 'mariadb' : 'mysql')
    expect(facts.opaque).toBe(null)
    expect(facts.verbs.join(',')).toBe(verbs)
    expect(uses(facts)).toBe(expected)
  })

  it('are read with all of their words', () => {
    const context = shopContext({ catalog: shopCatalog('mysql') })
    for (const sql of [
      'UPDATE LOW_PRIORITY tenants SET name = 1',
      'DELETE LOW_PRIORITY QUICK IGNORE FROM tenants WHERE id = 1',
      'INSERT INTO tenants PARTITION (p0) (id) VALUES (3)',
      'DELETE t, u FROM tenants t JOIN users u ON t.id = u.id',
      'DELETE FROM t, u USING tenants t JOIN users u ON t.id = u.id',
      'INSERT INTO tenants (id) VALUES (1) AS new (a) ON DUPLICATE KEY UPDATE name = a',
    ])
      expect([sql, analyzeMysql(sql, context).statements[0]!.opaque]).toEqual([sql, null])
  })

  it('tell what RETURNING gives', () => {
    const { output } = one('DELETE FROM tenants RETURNING name, plan AS p', 'mariadb')
    expect(output?.map(({ name }) => name)).toEqual(['name', 'p'])
    expect(one('DELETE FROM tenants').output).toBe(null)
  })

  it.each([
    ['INSERT IGNORE INTO tenants VALUES (1, 2, 3)', true],
    ['REPLACE INTO tenants VALUES (1, 2, 3)', true],
    ['INSERT INTO tenants (id) VALUES (1) ON DUPLICATE KEY UPDATE id = 2', true],
    ['INSERT INTO tenants VALUES (1, 2, 3)', false],
  ])('%s meets rows that are there: %s', (sql, conflict) => {
    expect(one(sql).uses[0]!.conflict).toBe(conflict)
  })

  it.each([
    ['UPDATE tenants SET plan = 1', true, true],
    ['UPDATE tenants SET plan = 1 WHERE id = 1', undefined, true],
    ['UPDATE tenants t JOIN users u ON t.id = u.id SET t.plan = 1', true, false],
    ['DELETE t FROM tenants t, users', true, false],
    ['DELETE FROM tenants LIMIT 1', true, true],
  ])('%s: unconditional %s, alone %s', (sql, unconditional, alone) => {
    const facts = one(sql)
    expect(facts.unconditional).toBe(unconditional)
    expect(facts.uses.find(({ role }) => role === 'target')!.alone).toBe(alone)
  })

  it('lock what they read where they say so', () => {
    const [target, read] = one('INSERT INTO tenants (id) SELECT id FROM users FOR UPDATE').uses
    expect([target!.locked, read!.locked]).toEqual([undefined, true])
  })

  it.each([
    ['UPDATE (SELECT 1 AS a) d SET a = 1', 'SP-OPAQUE'],
    ['UPDATE tenants, users SET id = 1', 'SP-AMBIGUOUS'],
    ['DELETE x FROM tenants', 'SP-NAME'],
    ['DELETE d FROM (SELECT 1) d', 'SP-OPAQUE'],
    ['DELETE HISTORY FROM tenants', 'SP-OPAQUE'],
    ['INSERT INTO tenants SELECT 1, 2, 3 FROM users AS new ON DUPLICATE KEY UPDATE plan = id', 'SP-AMBIGUOUS'],
    ['INSERT INTO tenants VALUES (1, 2, 3) AS tenants ON DUPLICATE KEY UPDATE plan = 1', 'SP-AMBIGUOUS'],
    [
      'INSERT INTO tenants SELECT tenant_id, count(*), 1 FROM users GROUP BY tenant_id ON DUPLICATE KEY UPDATE plan = email',
      'SP-COLUMN',
    ],
  ])('%s is refused with %s', (sql, code) => {
    expect(one(sql).opaque?.code).toBe(code)
  })
})
