import { describe, expect, it } from 'vitest'
import type { Catalog, Column, Relation } from '../../src/sql/catalog.ts'
import { bounded, byKey, namesBySchema, sealed, unreachable, withSources } from '../../src/upstream/catalog_content.ts'

function column(name: string, generatedFrom: readonly string[] = []): Column {
  return { name, ordinal: 1, type: 'text', typeOid: 25, collation: null, generatedFrom }
}

function relation(name: string, columns: readonly Column[] = [column('id')]): Relation {
  return {
    kind: 'table',
    schema: 'shop',
    name,
    oid: 1,
    columns,
    primaryKey: [],
    constrained: [],
    parents: [],
    definition: null,
    hasTriggers: false,
    hasRules: false,
    rowSecurity: false,
  }
}

function content(relations: readonly Relation[], schemas: readonly string[] = ['shop']): Omit<Catalog, 'digest'> {
  return {
    dialect: 'postgres',
    version: '18.4',
    major: 18,
    database: 'shop',
    schemas: new Set(schemas),
    relations: byKey(relations),
    relationsByOid: new Map(),
    functions: new Map(),
    operators: new Map(),
    types: new Map(),
    searchPath: ['shop'],
    lowerCaseTableNames: 0,
    sqlMode: new Set(),
  }
}

describe('sealed', () => {
  const { digest } = sealed(content([relation('a'), relation('b')], ['shop', 'public']))

  it('does not depend on the order of the server', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(sealed(content([relation('b'), relation('a')], ['public', 'shop'])).digest).toBe(digest)
  })

  it('differs with any part of the content', () => {
    const others = [
      content([relation('a')], ['shop', 'public']),
      content([relation('a'), { ...relation('b'), hasTriggers: true }], ['shop', 'public']),
      content([relation('a'), relation('b', [column('id', ['x'])])], ['shop', 'public']),
      { ...content([relation('a'), relation('b')], ['shop', 'public']), searchPath: [] },
      { ...content([relation('a'), relation('b')], ['shop', 'public']), functions: new Map([['f', ['shop']]]) },
    ]
    const digests = others.map((other) => sealed(other).digest)
    expect(new Set([digest, ...digests]).size).toBe(others.length + 1)
  })
})

describe('the parts of a catalog', () => {
  it('are bounded', () => {
    expect(bounded([1, 2], 2, 'things')).toEqual([1, 2])
    expect(() => bounded([1, 2, 3], 2, 'things')).toThrow('SP-CATALOG: the database has more than 2 things')
  })

  it('list names once for each schema', () => {
    const rows = [
      { name: 'f', schema: 'z' },
      { name: 'f', schema: 'a' },
      { name: 'f', schema: 'z' },
    ]
    expect([...namesBySchema(rows)]).toEqual([['f', ['a', 'z']]])
  })

  it('count the sources of a constrained generated column as constrained', () => {
    const columns = [column('id'), column('email'), column('lower', ['email'])]
    expect(withSources(['lower'], columns)).toEqual(['email', 'lower'])
  })

  it('tell a driver’s error by its code alone', () => {
    const error = Object.assign(new Error('password of carol'), { code: '28P01' })
    expect(unreachable(error, 'PostgreSQL').message).toBe(
      'SP-UPSTREAM: the catalog could not be read from PostgreSQL (28P01)',
    )
    expect(unreachable('text', 'MySQL').detail).toBe('the catalog could not be read from MySQL')
  })
})
