import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coverageOf } from '../../src/policy/coverage.ts'
import type { Narrowing } from '../../src/policy/grant.ts'
import { coversNarrowing, narrowFurther, narrowRole } from '../../src/policy/narrow.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import { analyzeMysql } from '../../src/sql/mysql/analyze.ts'
import {
  allowed,
  catalogOf,
  type Given,
  refused,
  relation,
  roleOf,
  scopeRule,
  selectOf,
  statement,
  use,
} from './build.ts'

type Rule = Narrowing[number]

function by(over: Partial<Rule> = {}): Rule {
  return { databases: ['*'], schemas: ['*'], tables: ['*'], columns: null, verbs: ['read'], ...over }
}

const VERBS = ['read', 'insert', 'export'] as const
const pattern = fc.constantFrom('*', 'a*', 'ab*', 'a', 'ab', 'abc', 'b')
const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 2 })
const place = {
  databases: fc.constantFrom(['*'], ['app'], ['other']),
  schemas: patterns,
  tables: patterns,
  columns: fc.option(patterns, { nil: null }),
  verbs: fc.subarray([...VERBS], { minLength: 1 }),
}
const narrowingRule = fc.record(place)
const anyScopeRule = fc.record({
  ...place,
  exceptTables: fc.constantFrom<string[]>([], ['ab']),
  exceptColumns: fc.constantFrom<string[]>([], ['abc'], ['b.ab']),
  where: fc.constantFrom([], [{ column: 'a', op: '=' as const, value: ['x'] }]),
})
const scopes = fc.array(anyScopeRule, { maxLength: 3 })
const narrowings = fc.array(narrowingRule, { maxLength: 3 })

const NAMES = ['a', 'ab', 'abc', 'b']
const RELATIONS: readonly Relation[] = ['a', 'ab'].flatMap((schema) => [
  relation('a', NAMES, { schema }),
  relation('ab', NAMES, { schema, parents: [`${schema}\0a`] }),
  relation('abc', NAMES, { schema, parents: [`${schema}\0ab`] }),
  relation('b', NAMES, { schema }),
])
const catalog = catalogOf(RELATIONS)

function covers(
  scope: ReturnType<typeof roleOf>['scope'],
  narrowing: Narrowing | null,
  of: Relation,
  verb: Rule['verbs'][number],
) {
  return coverageOf({ catalog, database: 'app', role: narrowRole(roleOf({ scope }), narrowing) }, of, verb)
}

describe('a role that a grant narrows', () => {
  it('allows only what the role allows and the narrowing names, and keeps all of that', () => {
    fc.assert(
      fc.property(
        scopes,
        narrowings,
        fc.constantFrom(...RELATIONS),
        fc.constantFrom(...VERBS),
        (scope, narrowing, of, verb) => {
          const whole = covers(scope, null, of, verb)
          const left = covers(scope, narrowing, of, verb)
          const asked = covers(
            narrowing.map((rule) => scopeRule({ ...rule })),
            null,
            { ...of, parents: [] },
            verb,
          )
          const named = narrowing.filter(
            (rule) => covers([scopeRule({ ...rule })], null, { ...of, parents: [] }, verb) !== null,
          )
          for (const column of NAMES) {
            const isNamed = named.some((rule) =>
              covers([scopeRule({ ...rule })], null, { ...of, parents: [] }, verb)?.column(column),
            )
            expect(left?.column(column) ?? false).toBe((whole?.column(column) ?? false) && isNamed)
          }
          if (left) expect(left.where).toEqual(whole?.where)
          if (left) expect(asked).not.toBeNull()
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('is the same object for the same grant, under another digest', () => {
    const role = roleOf()
    const narrowing = [by({ tables: ['users'] })]
    expect(narrowRole(role, narrowing)).toBe(narrowRole(role, narrowing))
    expect(narrowRole(role, [by({ tables: ['users'] })])).toBe(narrowRole(role, narrowing))
    expect(narrowRole(role, null)).toBe(role)
    expect(narrowRole(role, narrowing).digest).not.toBe(role.digest)
    expect(narrowRole(role, narrowing).digest).toBe(narrowRole(role, [by({ tables: ['users'] })]).digest)
    expect(narrowRole(role, narrowing).digest).not.toBe(narrowRole(role, [by()]).digest)
  })

  it('that allowed everything is left with the narrowing alone, in clear, and exports where it might before', () => {
    const narrowing = [by({ tables: ['users'], verbs: ['read', 'export'] })]
    const left = narrowRole(roleOf({ unrestricted: true, scope: [] }), narrowing)
    expect(left).toMatchObject({
      unrestricted: false,
      unmask: ['*.*.*'],
      scope: [{ tables: ['users'], verbs: ['read'] }],
    })
    expect(narrowRole(roleOf({ unrestricted: true, exports: true, scope: [] }), narrowing).scope[0]?.verbs).toContain(
      'export',
    )
  })

  it('calls only the routines that the narrowing names with the verb call', () => {
    const role = roleOf({ call: ['shop.tidy', 'shop.wipe', 'ops.tidy'] })
    const left = narrowRole(role, [
      by({ schemas: ['shop'], tables: ['t*'], verbs: ['call'] }),
      by({ tables: ['wipe'] }),
    ])
    expect(left.call).toEqual(['shop.tidy'])
  })
})

const EU = [{ column: 'region', op: '=', value: ['EU'] }] as const
const ORDERS = relation('orders', ['id', 'region'], { constrained: [] })
const LINES = relation('lines', ['id', 'order_id'], {
  constrained: ['order_id'],
  references: [{ columns: ['order_id'], to: { schema: 'shop', name: 'orders' }, theirs: ['id'] }],
})

describe('a rule that was narrowed away', () => {
  const role = roleOf({
    scope: [
      scopeRule({ tables: ['orders'], where: EU }),
      scopeRule({ tables: ['lines', 'seen'], verbs: ['read', 'insert'] }),
    ],
  })

  it('still bounds what a foreign key would tell', () => {
    const relations = [ORDERS, LINES]
    const context = {
      catalog: catalogOf(relations, 'mysql'),
      searchPath: [],
      defaultDatabase: 'shop',
      sqlMode: new Set<string>(),
    }
    const { statements } = analyzeMysql('INSERT INTO `lines` (order_id) VALUES (1)', context)
    const given: Given = { relations, statements, dialect: 'mysql' }
    const narrowing = [by({ tables: ['lines'], verbs: ['insert'] })]
    expect(refused({ ...given, role })).toMatchObject({ code: 'SP-SCOPE', rule: 'references' })
    expect(refused({ ...given, role: narrowRole(role, narrowing) })).toMatchObject({
      code: 'SP-SCOPE',
      rule: 'references',
    })
  })

  it('still bounds the rows that a view shows, and what a view reads need not be named', () => {
    const view = relation('seen', ['id'], { kind: 'view', definition: 'x' })
    const inside = (of: Relation) =>
      statement({
        uses: [use(of, { id: 'passed' })],
        output: [{ name: 'id', origin: { use: 0, column: 'id' }, sources: [{ relation: of, column: 'id' }] }],
      })
    const narrowing = [by({ tables: ['seen'] })]
    const given = {
      relations: [view, ORDERS, LINES],
      statements: [selectOf(view, ['id'])],
      role: narrowRole(role, narrowing),
    }
    expect(refused({ ...given, views: { seen: inside(ORDERS) } })).toMatchObject({ rule: 'views' })
    expect(allowed({ ...given, views: { seen: inside(LINES) } }).plans).toHaveLength(1)
  })

  it('still excludes what it excepts', () => {
    const scope = [scopeRule({ exceptTables: ['lines'] }), scopeRule({ tables: ['part'], verbs: ['insert'] })]
    const part = relation('part', ['id'], { parents: ['shop\0lines'] })
    const narrow = narrowRole(roleOf({ scope }), [by({ tables: ['pa*'], verbs: ['insert'] })])
    const input = { catalog: catalogOf([LINES, part]), database: 'app', role: narrow }
    expect(coverageOf(input, relation('lines', ['id']), 'insert')).toBeNull()
    expect(
      coverageOf(
        {
          ...input,
          role: narrowRole(
            roleOf({
              scope: [scopeRule({ tables: ['p*'], verbs: ['insert'] }), scopeRule({ exceptTables: ['lines'] })],
            }),
            [by({ tables: ['pa*'], verbs: ['insert'] })],
          ),
        },
        part,
        'insert',
      ),
    ).toBeNull()
  })
})

describe('one narrowing and another', () => {
  it.each([
    [[by()], [by({ tables: ['a'] })], true],
    [[by({ tables: ['a'] })], [by()], false],
    [[by({ tables: ['a*'] })], [by({ tables: ['ab*', 'a'] })], true],
    [[by({ columns: ['a'] })], [by()], false],
    [[by({ columns: ['a*'] })], [by({ columns: ['ab'] })], true],
    [[by(), by({ verbs: ['insert'] })], [by({ verbs: ['read', 'insert'] })], true],
    [[by()], [by({ verbs: ['insert'] })], false],
    [[], [], true],
    [[], [by()], false],
  ])('%j covers %j: %s', (outer, asked, expected) => {
    expect(coversNarrowing(outer, asked)).toBe(expected)
  })

  it('leave together what both cover, which each covers', () => {
    expect(narrowFurther(null, null)).toBeNull()
    expect(narrowFurther([by()], null)).toEqual([by()])
    fc.assert(
      fc.property(narrowings, narrowings, (one, other) => {
        const both = narrowFurther(one, other) ?? []
        expect(coversNarrowing(one, both)).toBe(true)
        expect(coversNarrowing(other, both)).toBe(true)
      }),
    )
  })
})
