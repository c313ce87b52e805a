import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Classification, classesCovered, classesOf, classificationDrift } from '../../src/policy/classification.ts'
import { createMasks } from '../../src/policy/masks.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import { classesInComment } from '../../src/sql/column_class.ts'
import { catalogOf, type Given, inputOf, relation, roleOf, scopeRule } from './build.ts'

const ANY = { targets: ['*'], databases: ['*'], schemas: ['*'], tables: ['*'], columns: ['*'] }

function commented(of: Relation, comments: Readonly<Record<string, readonly string[]>>): Relation {
  const columns = of.columns.map((column) => {
    const classes = comments[column.name]
    return classes ? { ...column, classes } : column
  })
  return { ...of, columns }
}

const USERS = commented(relation('users', ['id', 'email', 'phone', 'note']), { phone: ['1-4-2'], note: ['free'] })
const CLASSIFICATION: Classification = {
  columns: [
    { ...ANY, columns: ['e*'], class: 'pii.email' },
    { ...ANY, schemas: ['other'], columns: ['*'], class: 'secret' },
  ],
  ids: new Map([['1-4-2', 'pii.phone']]),
}

function masksOf(of: Relation, over: Partial<Given> = {}) {
  const rule = { strategy: 'redact', text: 'X' } as const
  const input = inputOf({ relations: [of], statements: [], masks: [{ ...ANY, classes: ['pii.*'], rule }], ...over })
  return createMasks({ ...input, masking: { ...input.masking, classification: CLASSIFICATION } })
}

describe('the classes in a comment', () => {
  it.each([
    ['of the person [class: pii.email]', ['pii.email']],
    ['[Class: PII.Email , contact] and [class:x]', ['pii.email', 'contact', 'x']],
    ['1-4-2-mobile number', ['1-4-2']],
    ['1-4-2', ['1-4-2']],
    [' 1-4-2 [class: a]', ['1-4-2', 'a']],
    ['since 1-4-2', []],
    ['2026-11-21 changed', ['2026-11-21']],
    ['1-4-2.5', []],
    ['[class: ]', []],
    ['[class: a b]', []],
    ['', []],
  ])('%s', (comment, expected) => {
    expect(classesInComment(comment)).toEqual(expected)
  })

  it('are words whatever stands there, and found in time', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (comment) => {
        for (const name of classesInComment(`${comment}[class:${comment}`)) expect(name).toMatch(/^[\w.-]+$/)
      }),
    )
    expect(classesInComment(`[class: ${'a, '.repeat(700)}`)).toEqual([])
  })
})

describe('the classes of a column', () => {
  it('are those of the policy and of the comment, whose ids have names', () => {
    const input = { target: 't', database: 'app', catalog: catalogOf([USERS]), classification: CLASSIFICATION }
    expect(classesOf(input, USERS, 'email')).toEqual(['pii.email'])
    expect(classesOf(input, USERS, 'phone', ['1-4-2', '9-9-9'])).toEqual(['pii.phone', '9-9-9'])
    expect(classesOf(input, { schema: 'other', name: 'x' }, 'email')).toEqual(['pii.email', 'secret'])
  })

  it('bring its mask with them, from the policy, a comment or a former name', () => {
    const { of } = masksOf(USERS)
    expect(of(USERS, 'email')).not.toBeNull()
    expect(of(USERS, 'phone')).not.toBeNull()
    expect([of(USERS, 'note'), of(USERS, 'id')]).toEqual([null, null])
    const renamed = {
      ...USERS,
      columns: USERS.columns.map((one) => (one.name === 'id' ? { ...one, formerly: ['email'] } : one)),
    }
    expect(masksOf(renamed).of(renamed, 'id')).not.toBeNull()
  })

  it('mask a child as its parent, and a field by the name that the server gives it', () => {
    const child = relation('part', ['id', 'phone'], { parents: ['shop\0users'] })
    expect(masksOf(USERS, { relations: [USERS, child] }).of(child, 'phone')).not.toBeNull()
    expect(masksOf(USERS).ofOrigin('shop', 'unknown', 'email')).not.toBeNull()
  })

  it('are known of what a role covers', () => {
    const input = { target: 't', database: 'app', catalog: catalogOf([USERS]), classification: CLASSIFICATION }
    const covered = (columns: readonly string[] | null) =>
      classesCovered({ ...input, role: roleOf({ scope: [scopeRule({ columns })] }) })
    expect(covered(null)).toEqual(['free', 'pii.email', 'pii.phone'])
    expect(covered(['id', 'note'])).toEqual(['free'])
    expect(classesCovered({ ...input, role: roleOf({ unrestricted: true, scope: [] }) })).toContain('pii.phone')
  })

  it('drift', () => {
    const input = { target: 't', database: 'app', catalog: catalogOf([USERS]), classification: CLASSIFICATION }
    const first = classificationDrift(input, {})
    expect(first.unclassified).toEqual(['shop.users.id'])
    const later = relation('users', ['id', 'email', 'phone', 'note', 'x'])
    const second = classificationDrift({ ...input, catalog: catalogOf([later]) }, first.snapshot)
    expect(second.added).toEqual(['shop.users.x'])
    expect(second.lost).toEqual(['shop.users.phone', 'shop.users.note'])
  })
})
