import { describe, expect, it } from 'vitest'
import type { Relation } from '../../src/sql/catalog.ts'
import type { ColumnUse, RelationUse, StatementFacts } from '../../src/sql/facts.ts'
import { allowed, call, type Given, maskLine, refused, relation, scopeRule, selectOf, statement, use } from './build.ts'

const PRIMARY = { name: 'PRIMARY', columns: ['id'], unique: true } as const
const BY_EMAIL = { name: 'by_email', columns: ['tenant', 'email'] } as const
const users = relation('users', ['id', 'tenant', 'email', 'note'], { indexes: [PRIMARY, BY_EMAIL] })
const EMAIL = maskLine('users', 'email', { strategy: 'email' })
const NOTE = maskLine('users', 'note', { strategy: 'email' })
const WRITER = { scope: [scopeRule({ verbs: ['read', 'insert', 'update', 'delete'] })] }
const TENANT = {
  scope: [
    scopeRule({
      verbs: ['read', 'insert', 'update', 'delete'],
      where: [{ column: 'tenant', op: '=', value: ['7'] }],
    }),
  ],
}

function given(of: readonly Relation[], one: StatementFacts, over: Partial<Given> = {}): Given {
  return { relations: of, statements: [one], dialect: 'mysql', ...over }
}

function write(
  kind: 'insert' | 'update' | 'delete',
  of: Relation,
  over: Partial<RelationUse> = {},
  columns: Readonly<Record<string, ColumnUse>> = {},
): StatementFacts {
  return statement({
    kind,
    verbs: [kind],
    uses: [use(of, columns, { role: 'target', alone: true, ...over })],
    hasWhere: true,
  })
}

describe('the order of rows', () => {
  const substituted = (of: Relation, masks = [EMAIL]) =>
    allowed(given([of], selectOf(of, ['id']), { masks })).plans[0]?.substitutions.get(0)

  it('is seen to where an index or the partitions hold a masked column that only passes', () => {
    expect(substituted(users)).toEqual({ masks: new Map(), where: null, unordered: new Set(['email']) })
    expect(substituted(users, [EMAIL, NOTE])?.unordered).toEqual(new Set(['email']))
    expect(substituted(users, [NOTE])).toBeUndefined()
    const spread = relation('users', ['id', 'note'], { indexes: [PRIMARY], partitionedBy: ['note'] })
    expect(substituted(spread, [NOTE])?.unordered).toEqual(new Set(['note']))
  })

  const view = relation('shown', ['id'], { kind: 'view', definition: 'select `id` from `shop`.`users`' })
  const inView = (over: Partial<Given>, of = view) =>
    given([users, of], selectOf(of, ['id']), { views: { shown: selectOf(users, ['id']) }, ...over })

  it('is seen to in a view over such a table, also where the view shows no masked column', () => {
    const plan = allowed(inView({ masks: [EMAIL] })).plans[0]
    expect(plan?.substitutions.get(0)).toEqual({ masks: new Map(), where: null, unordered: new Set() })
    expect(allowed(inView({ masks: [NOTE] })).plans[0]?.substitutions.size).toBe(0)
  })

  it('must not choose the rows of a view', () => {
    for (const more of [' limit 5', ' /* */ LIMIT 1', ', row_number() over ()', ', group_concat(`id`)']) {
      const of = { ...view, definition: `${view.definition}${more}` }
      expect(refused(inView({ masks: [EMAIL] }, of)), more).toMatchObject({ code: 'SP-MASKED', rule: 'views' })
      expect(allowed(inView({ masks: [NOTE] }, of)).effect).toBe('allow')
    }
  })
})

describe('what a write tells', () => {
  it('of a masked column, where something happens to changed rows alone', () => {
    const touched = relation('users', ['id', 'email', 'at'], {
      indexes: [PRIMARY],
      columns: ['id', 'email', 'at'].map((name, index) => ({
        name,
        ordinal: index + 1,
        type: 'text',
        typeOid: 0,
        collation: null,
        generatedFrom: [],
        ...(name === 'at' ? { onUpdate: true as const } : {}),
      })),
    })
    const set = (of: Relation, ...names: string[]) =>
      write(
        'update',
        of,
        { given: new Map(names.map((name) => [name, ['x']])) },
        Object.fromEntries(names.map((name) => [name, 'written' as const])),
      )
    const options = { masks: [EMAIL], role: WRITER }
    expect(refused(given([touched], set(touched, 'email'), options))).toMatchObject({
      code: 'SP-MASKED',
      rule: 'writes',
    })
    expect(allowed(given([touched], set(touched, 'email', 'at'), options)).effect).toBe('allow')
    expect(allowed(given([touched], set(touched, 'at'), options)).effect).toBe('allow')
    expect(allowed(given([users], set(users, 'email'), options)).effect).toBe('allow')
    const versioned = { ...users, versioned: true as const }
    expect(refused(given([versioned], set(versioned, 'email'), options))).toMatchObject({ code: 'SP-MASKED' })
  })

  it('of rows out of scope, where the row is given a value that they are compared by, or meets them', () => {
    const options = { role: TENANT }
    const row = new Map([
      ['tenant', ['7']],
      ['note', ['x']],
    ])
    expect(allowed(given([users], write('insert', users, { given: row }), options)).effect).toBe('allow')
    const meets = write('insert', users, { given: row, conflict: true })
    expect(refused(given([users], meets, options)).reason).toContain('ON DUPLICATE KEY, REPLACE or IGNORE')
    const keyed = write('insert', users, { given: new Map([...row, ['id', ['1']]]) })
    expect(refused(given([users], keyed, options)).reason).toContain('a constraint on id')
    const elsewhere = write('insert', users, { given: new Map([['tenant', ['8']]]) })
    expect(refused(given([users], elsewhere, options))).toMatchObject({ code: 'SP-SCOPE' })
  })
})

describe('the rows of a target', () => {
  const options = { role: TENANT }
  const plan = (one: StatementFacts) => allowed(given([users], one, options)).plans[0]?.substitutions.get(0)

  it('get the condition, under the name that the statement gives the table', () => {
    const where = "(`u``s`.`tenant` = _utf8mb4'7')"
    const named = { alias: 'u`s', given: new Map() }
    expect(plan(write('delete', users, named))).toEqual({ masks: new Map(), where, plain: false })
    expect(plan({ ...write('update', users, named), plainRows: true })).toEqual({
      masks: new Map(),
      where,
      plain: true,
    })
    expect(plan(write('insert', users, { given: new Map([['tenant', ['7']]]) }))).toBeUndefined()
  })

  it('are not written to in a join', () => {
    const joined = write('delete', users, { given: new Map(), alone: false })
    expect(refused(given([users], { ...joined, plainRows: true }, options)).reason).toContain('without a join')
  })

  it('carry the columns whose order must not choose them', () => {
    const masked = { masks: [EMAIL], role: WRITER }
    const of = (one: StatementFacts) => allowed(given([users], one, masked)).plans[0]?.substitutions.get(0)
    const unordered = { masks: new Map(), where: null, unordered: new Set(['email']) }
    expect(of(write('delete', users, { given: new Map() }))).toEqual(unordered)
    expect(of(write('update', users, { given: new Map([['note', ['x']]]) }))).toEqual(unordered)
    expect(of(write('insert', users, { given: new Map([['note', ['x']]]) }))).toBeUndefined()
  })

  it('are not chosen by partitions that a masked column decides', () => {
    const spread = relation('users', ['id', 'note'], { indexes: [PRIMARY], partitionedBy: ['note'] })
    const one = write('delete', spread, { given: new Map() })
    const substitutions = allowed(given([spread], one, { masks: [NOTE], role: WRITER })).plans[0]?.substitutions
    expect(substitutions?.get(0)).toEqual({ masks: new Map(), where: null, unordered: new Set(['note']) })
  })
})

describe('columns out of scope', () => {
  it('are not named, since the account may not be able to read them', () => {
    const role = { scope: [scopeRule({ columns: ['id', 'tenant'] })] }
    const plan = allowed(given([users], selectOf(users, ['id']), { role })).plans[0]?.substitutions.get(0)
    expect(plan?.unread).toEqual(new Set(['email', 'note']))
  })
})

describe('procedures', () => {
  const one = statement({
    kind: 'call',
    verbs: ['call'],
    functions: [call('report', { schema: 'shop', userDefined: true })],
  })

  it('run where the role lists them, and nowhere else', () => {
    expect(refused(given([users], one))).toMatchObject({ code: 'SP-FUNCTION' })
    expect(allowed(given([users], one, { role: { call: ['shop.report'] } })).effect).toBe('allow')
    expect(refused({ ...given([users], one, { role: { call: ['shop.report'] } }), dialect: 'postgres' }).rule).toBe(
      'kinds',
    )
    expect(refused(given([users], { ...one, functions: [] })).rule).toBe('kinds')
  })
})

describe('exports to files of the server', () => {
  const one: StatementFacts = { ...selectOf(users, ['id', 'email']), verbs: ['read', 'export'], into: 'outfile' }

  it('take the verb, and are masked as a whole', () => {
    expect(refused(given([users], one))).toMatchObject({ code: 'SP-EXPORT' })
    const role = { scope: [scopeRule({ verbs: ['read', 'export'] })] }
    const plan = allowed(given([users], one, { role, masks: [EMAIL] })).plans[0]
    expect(plan?.substitutions.get(0)?.masks.has('email')).toBe(true)
    expect(refused({ ...given([users], one, { role }), statements: [one, one] })).toMatchObject({ code: 'SP-MULTI' })
  })
})
