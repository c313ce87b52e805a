import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MaskRule } from '../../src/masking/rule.ts'
import { coverageOf } from '../../src/policy/coverage.ts'
import type { ColumnMask } from '../../src/policy/masking_policy.ts'
import { createMasks } from '../../src/policy/masks.ts'
import { allowedByBoth, type Privileges, privilegesOf } from '../../src/policy/privileges.ts'
import type { Role, ScopeRule } from '../../src/policy/role.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import { inputOf, maskLine, relation, scopeRule, selectOf, type statement } from './build.ts'

const users = relation('users', ['id', 'email', 'ssn', 'dob'])
const orders = relation('orders', ['id', 'user_id', 'total'])
const ssns = relation('ssns', ['id', 'ssn'], { kind: 'view', definition: 'SELECT id, ssn FROM users', primaryKey: [] })
const numbers = relation('numbers', ['last_value'], { kind: 'sequence', primaryKey: [] })
const RELATIONS = [users, orders, ssns, numbers]

function privileges(
  role: Partial<Role>,
  masks: readonly ColumnMask[] = [],
  views: Readonly<Record<string, ReturnType<typeof statement> | null>> = { ssns: selectOf(users, ['id', 'ssn']) },
): Privileges {
  return privilegesOf(inputOf({ relations: RELATIONS, statements: [], role, masks, views }))
}

/** `table: verb columns`, `*` for the whole of it. */
function shown({ relations }: Privileges): readonly string[] {
  return relations.flatMap(({ relation: { name }, privileges: of }) =>
    of.map(({ privilege, columns }) => `${name}: ${privilege} ${columns?.join(' ') ?? '*'}`),
  )
}

const NULL: MaskRule = { strategy: 'null' }

describe('what two policies allow both', () => {
  const wide = privileges({ scope: [scopeRule({ tables: ['users', 'orders'], verbs: ['read', 'update'] })] })
  const masked = privileges({ scope: [scopeRule({ tables: ['users'], columns: ['id', 'ssn'] })] }, [
    maskLine('users', 'ssn', NULL),
  ])
  const rest = privileges({ scope: [scopeRule({ tables: ['users'], columns: ['ssn'], verbs: ['read', 'update'] })] })

  it('is by column what stands in both, whichever comes first', () => {
    expect(shown(allowedByBoth(wide, masked))).toEqual(['users: select id'])
    expect(shown(allowedByBoth(masked, wide))).toEqual(['users: select id'])
    expect(shown(allowedByBoth(wide, rest))).toEqual(['users: select ssn', 'users: update ssn'])
    // Rows may be counted under both, and no column read.
    expect(shown(allowedByBoth(masked, rest))).toEqual(['users: select '])
    expect(allowedByBoth(wide, wide)).toEqual(wide)
    expect(allowedByBoth(wide, masked).readOnly).toBe(true)
  })

  it('is the other where one is unrestricted', () => {
    const all: Privileges = { ...wide, unrestricted: true }
    expect([allowedByBoth(all, masked), allowedByBoth(masked, all)]).toEqual([masked, masked])
  })
})

describe('what an account may do', () => {
  it.each<[string, Partial<Role>, readonly ColumnMask[], readonly string[]]>([
    [
      'a whole table where nothing could tell its columns apart',
      { scope: [scopeRule({ tables: ['orders'] })] },
      [],
      ['orders: select *'],
    ],
    [
      'columns of a table that any line of the masking policy reaches',
      { scope: [scopeRule({ tables: ['users'] })] },
      [maskLine('users', 'other', NULL)],
      ['users: select id email ssn dob'],
    ],
    [
      'no column whose mask is a constant',
      { scope: [scopeRule({ tables: ['users'] })] },
      [maskLine('users', 'ssn', NULL), maskLine('users', 'dob', { strategy: 'redact', text: '1' })],
      ['users: select id email'],
    ],
    [
      'columns of other masks, which the wire holds',
      { scope: [scopeRule({ tables: ['users'] })] },
      [maskLine('users', 'email', { strategy: 'email' })],
      ['users: select id email ssn dob'],
    ],
    [
      'a lifted column',
      { scope: [scopeRule({ tables: ['users'] })], unmask: ['shop.users.ssn'] },
      [maskLine('users', 'ssn', NULL)],
      ['users: select id email ssn dob'],
    ],
    [
      'a constant one that is looked up by a value',
      { scope: [scopeRule({ tables: ['users'] })] },
      [{ ...maskLine('users', 'ssn', NULL), equality: { budgetPerHour: 9 } }],
      ['users: select id email ssn dob'],
    ],
    [
      'what row conditions and keys need, covered or not',
      {
        scope: [
          scopeRule({
            tables: ['users'],
            columns: ['email'],
            where: [{ column: 'dob', op: '=', value: [1] }],
          }),
        ],
      },
      [],
      ['users: select id email dob'],
    ],
    [
      'each verb by its own columns',
      {
        scope: [
          scopeRule({ tables: ['users'], columns: ['email', 'dob'], verbs: ['insert', 'update'] }),
          scopeRule({ tables: ['users'], columns: ['id'], verbs: ['read', 'delete'] }),
        ],
      },
      [],
      ['users: select id', 'users: insert email dob', 'users: update email dob', 'users: delete *'],
    ],
    [
      'no exceptions',
      { scope: [scopeRule({ tables: ['users', 'orders'], exceptColumns: ['users.ssn'], exceptTables: ['orders'] })] },
      [],
      ['users: select id email dob'],
    ],
    [
      'a plan without the rows, which the server takes for reading',
      { scope: [scopeRule({ tables: ['orders'], verbs: ['explain'] })] },
      [],
      ['orders: select *'],
    ],
    [
      'a view whose tables are covered',
      { scope: [scopeRule({ tables: ['users', 'ssns'] })] },
      [],
      ['users: select *', 'ssns: select *'],
    ],
    ['no view that reads what is not covered', { scope: [scopeRule({ tables: ['ss*'] })] }, [], []],
    ['a view that the role names itself', { scope: [scopeRule({ tables: ['ssns'] })] }, [], ['ssns: select *']],
    [
      'a view without the columns that are constants in it',
      { scope: [scopeRule({ tables: ['users', 'ssns'] })] },
      [maskLine('users', 'ssn', NULL)],
      ['users: select id email dob', 'ssns: select id'],
    ],
    [
      'a sequence that may be read, and no writing to views and sequences',
      { scope: [scopeRule({ tables: ['numbers', 'ssns'], verbs: ['read', 'insert'] })] },
      [],
      ['ssns: select *', 'numbers: select *'],
    ],
  ])('%s', (_name, role, masks, expected) => {
    expect(shown(privileges(role, masks))).toEqual(expected)
  })

  it('is everything of the target for an unrestricted role, by one word', () => {
    expect(privileges({ unrestricted: true, scope: [] })).toMatchObject({ unrestricted: true, relations: [] })
  })

  it('names schemas, routines, where definitions change, and whether anything is written', () => {
    const reading = privileges({ scope: [scopeRule({ tables: ['users'] })] })
    expect(reading).toMatchObject({ schemas: ['shop'], routines: [], definitions: [], readOnly: true })
    const calling = privileges({ call: ['shop.f', 'trigger:shop.users'], scope: [scopeRule({ verbs: ['ddl'] })] })
    expect(calling).toMatchObject({ schemas: ['shop'], routines: ['shop.f'], definitions: ['shop'], readOnly: false })
  })
})

const VERBS = ['read', 'insert', 'update', 'delete', 'explain'] as const
const NAMES = ['id', 'email', 'ssn', 'dob', 'user_id', 'total']
const tables = fc.constantFrom('*', 'users', 'orders', 'ss*', 'o*')
const rules: fc.Arbitrary<ScopeRule> = fc
  .record({
    tables: fc.array(tables, { minLength: 1, maxLength: 2 }),
    columns: fc.option(fc.subarray(NAMES), { nil: null }),
    exceptTables: fc.subarray(['users', 'shop.orders'], { maxLength: 1 }),
    exceptColumns: fc.subarray(['ssn', 'orders.total']),
    verbs: fc.subarray([...VERBS], { minLength: 1 }),
    where: fc.constantFrom([], [{ column: 'id', op: '=' as const, value: [1] }]),
  })
  .map((over) => scopeRule(over))
const masks = fc.array(
  fc.record({
    table: fc.constantFrom('users', 'orders', '*'),
    column: fc.constantFrom(...NAMES),
    constant: fc.boolean(),
  }),
  { maxLength: 3 },
)

describe('under any scope and any masks', () => {
  it('holds nothing that the scope does not cover, and no constant', () => {
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 3 }), masks, (scope, lines) => {
        const given = lines.map(({ table, column, constant }) =>
          maskLine(table, column, constant ? NULL : { strategy: 'email' }),
        )
        const input = inputOf({ relations: [users, orders], statements: [], role: { scope }, masks: given })
        const held = createMasks(input)
        const covers = (one: Relation, verb: (typeof VERBS)[number]) => coverageOf(input, one, verb)
        for (const { relation: one, privileges: of } of privilegesOf(input).relations) {
          for (const { privilege, columns } of of) {
            const verbs = privilege === 'select' ? (['read', 'explain'] as const) : ([privilege] as const)
            const coverages = verbs.flatMap((verb) => covers(one, verb) ?? [])
            const conditioned = VERBS.some((verb) => (covers(one, verb)?.where.length ?? 0) > 0)
            expect(coverages.length > 0 || conditioned).toBe(true)
            if (columns === null && privilege === 'delete') continue
            for (const { name } of one.columns) {
              if (columns !== null && !columns.includes(name)) continue
              if (conditioned && name === 'id') continue
              expect(coverages.some((coverage) => coverage.column(name))).toBe(true)
              if (privilege === 'select') expect(held.of(one, name)?.strategy).not.toBe('null')
            }
          }
        }
      }),
    )
  })

  it('lets a wider scope do no less', () => {
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 2 }), (scope) => {
        const plain = scope.map((rule) => ({ ...rule, where: [], exceptTables: [], exceptColumns: [] }))
        const wide = shown(privileges({ scope: [scopeRule({ verbs: VERBS })] }))
        const tablesOf = (lines: readonly string[]) =>
          new Set(lines.map((line) => line.split(' ').slice(0, 2).join(' ')))
        for (const line of tablesOf(shown(privileges({ scope: plain })))) expect(tablesOf(wide)).toContain(line)
      }),
    )
  })
})
