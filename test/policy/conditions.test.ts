import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionSql } from '../../src/policy/conditions.ts'
import type { RowCondition } from '../../src/policy/role.ts'
import { relation } from './build.ts'

const orders = relation('orders', ['id', 'we"ird', 'tenant'])

function sql(dialect: 'postgres' | 'mysql', condition: RowCondition): string | null {
  return conditionSql(dialect, orders, [condition])
}

describe('row conditions as SQL', () => {
  it.each<[RowCondition, string]>([
    [{ column: 'id', op: '=', value: [3] }, '("id" OPERATOR(pg_catalog.=) 3)'],
    [{ column: 'id', op: '<', value: [-3] }, '("id" OPERATOR(pg_catalog.<) (-3))'],
    [{ column: 'we"ird', op: '<>', value: ["it's"] }, `("we""ird" OPERATOR(pg_catalog.<>) 'it''s')`],
    [{ column: 'id', op: 'is null', value: null }, '("id" IS NULL)'],
    [{ column: 'id', op: 'in', value: [1, 2] }, '("id" OPERATOR(pg_catalog.=) 1 OR "id" OPERATOR(pg_catalog.=) 2)'],
    [{ column: 'id', op: 'in', value: [] }, '(false)'],
    [{ column: 'id', op: '=', value: [true] }, '("id" OPERATOR(pg_catalog.=) TRUE)'],
  ])('PostgreSQL: %j', (condition, expected) => {
    expect(sql('postgres', condition)).toBe(expected)
  })

  it('MySQL: a value says its character set, and goes as digits where the mode or that could change it', () => {
    expect(sql('mysql', { column: 'TENANT', op: '=', value: ["a'b"] })).toBe("(`tenant` = _utf8mb4'a''b')")
    expect(sql('mysql', { column: 'tenant', op: '=', value: ["\\' OR 1=1 -- "] })).toMatch(
      /^\(`tenant` = _utf8mb4 X'[0-9a-f]+'\)$/,
    )
    expect(sql('mysql', { column: 'tenant', op: '<>', value: ['\u03a9'] })).toBe("(`tenant` <> _utf8mb4 X'cea9')")
  })

  it('a moment is one whatever zone the session is in', () => {
    const of = (type: string, dialect: 'postgres' | 'mysql', value: string) => {
      const made = relation('made', ['at'])
      const columns = made.columns.map((column) => ({ ...column, type }))
      return conditionSql(dialect, { ...made, columns }, [{ column: 'at', op: '>=', value: [value] }])
    }
    const day = '2026-01-01 00:00:00'
    expect(of('timestamp(6)', 'mysql', day)).toBe(
      `(UNIX_TIMESTAMP(\`at\`) * 1000000 >= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', '${day}'))`,
    )
    expect(of('datetime', 'mysql', day)).toBe(`(\`at\` >= _utf8mb4'${day}')`)
    expect(of('timestamp with time zone', 'postgres', day)).toBe(`("at" OPERATOR(pg_catalog.>=) '${day} UTC')`)
    expect(of('timestamp with time zone', 'postgres', `${day}+02:00`)).toContain(`'${day}+02:00'`)
    expect(of('timestamp(3) without time zone', 'postgres', day)).toBe(`("at" OPERATOR(pg_catalog.>=) '${day}')`)
    expect(() => of('timestamp', 'mysql', '2026-01-01 00:00:00+02:00')).toThrow('UTC')
    expect(() => of('timestamp with time zone', 'postgres', '01/02/2026')).toThrow('UTC')
  })

  it('several hold together, and each once', () => {
    const one: RowCondition = { column: 'id', op: '=', value: [3] }
    expect(conditionSql('mysql', orders, [one, one, { column: 'id', op: 'is not null', value: null }])).toBe(
      '(`id` = 3) AND (`id` IS NOT NULL)',
    )
    expect(conditionSql('mysql', orders, [])).toBeNull()
  })

  it.each<RowCondition>([
    { column: 'none', op: '=', value: [3] },
    { column: 'id', op: '=', value: [] },
    { column: 'id', op: '=', value: [1, 2] },
    { column: 'id', op: '=', value: null },
    { column: 'id', op: '=', value: { parameter: 'unbound' } },
    { column: 'id', op: '=', value: [Number.NaN] },
    { column: 'id', op: '=', value: ['a\0b'] },
  ])('refuses %j', (condition) => {
    expect(() => sql('postgres', condition)).toThrow('SP-')
  })

  it('no value ends its literal', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(!value.includes('\0'))
        for (const dialect of ['postgres', 'mysql'] as const) {
          const text = sql(dialect, { column: 'id', op: '=', value: [value] }) ?? ''
          const inside = text.slice(text.indexOf("'") + 1, text.lastIndexOf("'"))
          expect(inside.replaceAll("''", '')).not.toContain("'")
          if (dialect === 'mysql') expect(inside).not.toContain('\\')
        }
      }),
    )
  })
})
