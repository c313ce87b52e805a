import { describe, expect, it } from 'vitest'
import type { MaskRule } from '../../src/masking/rule.ts'
import { createMasks } from '../../src/policy/masks.ts'
import { isMaskedInSql, sqlMaskOf } from '../../src/policy/sql_mask.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import { type Given, inputOf, maskLine, relation } from './build.ts'

const REDACT: MaskRule = { strategy: 'redact', text: 'X' }
const PARTIAL: MaskRule = { strategy: 'partial', keepFirst: 1, keepLast: 0, fill: '*' }
const NULL: MaskRule = { strategy: 'null' }

function masks(relations: readonly Relation[], over: Partial<Given> = {}) {
  return createMasks(inputOf({ relations, statements: [], ...over }))
}

const users = relation('users', ['id', 'email', 'ssn'])

describe('createMasks', () => {
  it('takes the first line that matches', () => {
    const of = masks([users], { masks: [maskLine('users', 'email', PARTIAL), maskLine('*', 'e*', REDACT)] }).of
    expect(of(users, 'email')).toBe(PARTIAL)
    expect(of(users, 'id')).toBeNull()
  })

  it.each([[{ targets: ['other'] }], [{ databases: ['other'] }], [{ schemas: ['other'] }]])(
    'a line for %j is for another place',
    (place) => {
      const line = { ...maskLine('users', 'email', REDACT), ...place }
      expect(masks([users], { masks: [line] }).of(users, 'email')).toBeNull()
    },
  )

  it('MySQL: matches without case, and a database pattern names the schema', () => {
    const line = { ...maskLine('USERS', 'EMAIL', REDACT), databases: ['shop'] }
    const known = masks([users], { masks: [line], dialect: 'mysql' })
    expect(known.of(users, 'email')).toBe(REDACT)
    expect(known.ofOrigin('shop', 'users', 'EMAIL')).toBe(REDACT)
  })

  it('a child is masked as its parent, and a parent as its child', () => {
    const child = relation('users_1', ['id', 'email', 'tier'], { parents: ['shop\0users'] })
    const grandchild = relation('users_1_a', ['id', 'email', 'ssn'], { parents: ['shop\0users_1'] })
    const relations = [users, child, grandchild]
    const byParent = masks(relations, { masks: [maskLine('users', 'email', REDACT)] })
    expect([child, grandchild].map((one) => byParent.of(one, 'email'))).toEqual([REDACT, REDACT])
    expect(byParent.of(child, 'tier')).toBeNull()
    const byChild = masks(relations, { masks: [maskLine('users_1_a', 'ssn', REDACT)] })
    expect(byChild.of(users, 'ssn')).toBe(REDACT)
  })

  it('a new name takes no mask away, and lifts none', () => {
    const renamed = relation('people', ['id', 'contact', 'ssn'], {
      formerly: [{ schema: 'shop', name: 'users' }],
      columns: relation('people', ['id', 'contact', 'ssn']).columns.map((column) =>
        column.name === 'contact' ? { ...column, formerly: ['email'] } : column,
      ),
    })
    const of = (over: Partial<Given>) => masks([renamed], over).of(renamed, 'contact')
    expect(of({ masks: [maskLine('users', 'email', PARTIAL)] })).toBe(PARTIAL)
    expect(of({ masks: [maskLine('people', 'email', PARTIAL)] })).toBe(PARTIAL)
    expect(of({ masks: [maskLine('users', 'contact', PARTIAL), maskLine('*', 'id', REDACT)] })).toBe(PARTIAL)
    expect(of({ masks: [maskLine('users', 'email', PARTIAL), maskLine('people', 'contact', REDACT)] })).toEqual(NULL)
    const lines = [maskLine('*', 'email', PARTIAL)]
    expect(of({ masks: lines, role: { unmask: ['shop.people.contact'] } })).toBe(PARTIAL)
    expect(of({ masks: lines, role: { unmask: ['shop.*.email'] } })).toBeNull()
  })

  it('what had another name makes no exception to a mask', () => {
    const exception = {
      ...maskLine('people', 'ssn', PARTIAL),
      equality: { budgetPerHour: 3 },
      aggregate: { minGroup: 5 },
    }
    const people = relation('people', ['id', 'ssn'])
    const before = { ...people, formerly: [{ schema: 'shop', name: 'users' }] }
    const swapped = { ...people, columns: people.columns.map((column) => ({ ...column, formerly: ['x'] })) }
    const known = (one: Relation) => masks([one], { masks: [exception] })
    const given = (one: Relation) => [known(one).lookupBudget(one, 'ssn'), known(one).minGroup(one, 'ssn')]
    expect([people, before, swapped].map(given)).toEqual([
      [3, 5],
      [null, null],
      [null, null],
    ])
  })

  it('a generated column is masked as its source is', () => {
    const columns = users.columns.map((column) =>
      column.name === 'ssn' ? { ...column, generatedFrom: ['email'] } : column,
    )
    const made = { ...users, columns }
    expect(masks([made], { masks: [maskLine('users', 'email', REDACT)] }).of(made, 'ssn')).toBe(REDACT)
    expect(masks([made], { masks: [maskLine('users', 'email', PARTIAL)] }).of(made, 'ssn')).toEqual(NULL)
    const both = [maskLine('users', 'email', PARTIAL), maskLine('users', 'ssn', REDACT)]
    expect(masks([made], { masks: both }).of(made, 'ssn')).toBe(REDACT)
  })

  it('a role lifts what it names, by pattern, and nothing else', () => {
    const lines = [maskLine('users', '*', REDACT)]
    const lifted = (unmask: string) => masks([users], { masks: lines, role: { unmask: [unmask] } }).of(users, 'email')
    expect(lifted('shop.users.email')).toBeNull()
    expect(lifted('shop.*.e*')).toBeNull()
    expect(lifted('shop.users.ssn')).toBe(REDACT)
    expect(lifted('users.email')).toBe(REDACT)
    expect(lifted('shop.users.email.x')).toBe(REDACT)
  })

  it('an unrestricted role sees all, a view that can not be followed shows nothing', () => {
    const view = relation('v', ['id'], { kind: 'view', definition: null })
    const lines = [maskLine('users', 'email', REDACT)]
    expect(masks([users], { masks: lines, role: { unrestricted: true } }).of(users, 'email')).toBeNull()
    expect(masks([view], { masks: lines }).of(view, 'id')).toEqual(NULL)
    expect(masks([view]).of(view, 'id')).toBeNull()
  })

  it('a table that the catalog does not hold is judged by its name', () => {
    const known = masks([], { masks: [maskLine('users', 'email', REDACT)] })
    expect(known.ofOrigin('shop', 'users', 'email')).toBe(REDACT)
    expect(known.ofOrigin('shop', 'users', 'id')).toBeNull()
  })
})

describe('sqlMaskOf', () => {
  const of = (rule: MaskRule, typeOid: number) =>
    sqlMaskOf(rule, 'postgres', { ...users.columns[0]!, type: 'x', typeOid })
  const BUCKET: MaskRule = { strategy: 'bucket', width: 10, unit: 'year' }

  it.each<[string, MaskRule, number, string]>([
    ['redact of text', REDACT, 25, 'constant'],
    ['redact of jsonb', REDACT, 3802, 'constant'],
    ['redact of integer', REDACT, 23, 'null'],
    ['partial of text', PARTIAL, 1043, 'partial'],
    ['partial of text[]', PARTIAL, 1009, 'null'],
    ['partial of integer', PARTIAL, 23, 'null'],
    ['email of name', { strategy: 'email' }, 19, 'email'],
    ['bucket of numeric', BUCKET, 1700, 'bucket'],
    ['bucket of date', BUCKET, 1082, 'date_trunc'],
    ['bucket of text', BUCKET, 25, 'null'],
    ['a day of a date', { strategy: 'date_trunc', unit: 'day' }, 1082, 'null'],
    ['a day of a timestamp', { strategy: 'date_trunc', unit: 'day' }, 1114, 'date_trunc'],
    ['hash of text', { strategy: 'hash', keyId: 'k', key: new Uint8Array(1), length: 8 }, 25, 'null'],
    ['null of text', NULL, 25, 'null'],
  ])('%s', (_what, rule, typeOid, kind) => {
    expect(of(rule, typeOid).kind).toBe(kind)
  })

  const NULL_FORM = { kind: 'null' }
  const DAY: MaskRule = { strategy: 'date_trunc', unit: 'day' }
  it.each<[string, readonly string[]]>([
    ['varchar(120)', ['constant', 'partial', 'null', 'null']],
    ['mediumtext', ['constant', 'partial', 'null', 'null']],
    ['char(3)', ['constant', 'partial', 'null', 'null']],
    ["enum('a')", ['null', 'null', 'null', 'null']],
    ['varbinary(3)', ['constant', 'null', 'null', 'null']],
    ['json', ['constant', 'null', 'null', 'null']],
    ['tinyint(1)', ['null', 'null', 'null', 'null']],
    ['tinyint(4) unsigned', ['null', 'null', 'bucket', 'null']],
    ['bigint unsigned', ['null', 'null', 'bucket', 'null']],
    ['decimal(10,2)', ['null', 'null', 'bucket', 'null']],
    ['year(4)', ['null', 'null', 'bucket', 'null']],
    ['date', ['null', 'null', 'date_trunc', 'null']],
    ['datetime(6)', ['null', 'null', 'date_trunc', 'date_trunc']],
    ['timestamp', ['null', 'null', 'date_trunc', 'date_trunc']],
    ['time', ['null', 'null', 'null', 'null']],
    ['uuid', ['null', 'null', 'null', 'null']],
    ['point', ['null', 'null', 'null', 'null']],
  ])('MySQL: redact, partial, bucket and day of %s are %j', (type, kinds) => {
    const column = { ...users.columns[0]!, type, typeOid: 0 }
    expect([REDACT, PARTIAL, BUCKET, DAY].map((rule) => sqlMaskOf(rule, 'mysql', column).kind)).toEqual(kinds)
  })

  it('MariaDB: a VECTOR is masked in SQL alone, since its rows can not tell it from VARBINARY', () => {
    const vector = { ...users.columns[0]!, type: 'vector(3)' }
    expect([isMaskedInSql(PARTIAL, 'mariadb', vector), sqlMaskOf(REDACT, 'mariadb', vector)]).toEqual([true, NULL_FORM])
  })

  it('MySQL: a TIMESTAMP is cut in SQL alone, since a session chooses the zone that it is shown in', () => {
    const of = (rule: MaskRule, type: string) => isMaskedInSql(rule, 'mariadb', { ...users.columns[0]!, type })
    expect([of(DAY, 'timestamp'), of(BUCKET, 'timestamp(3)'), of(PARTIAL, 'timestamp'), of(DAY, 'datetime')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
