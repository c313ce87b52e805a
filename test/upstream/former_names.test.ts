import { describe, expect, it } from 'vitest'
import type { Catalog, Relation } from '../../src/sql/catalog.ts'
import { relationKey } from '../../src/sql/catalog.ts'
import { createFormerNames } from '../../src/upstream/former_names.ts'
import { catalogOf, relation } from '../policy/build.ts'

function seen(...relations: readonly Relation[]): Catalog {
  return { ...catalogOf(relations), relationsByOid: new Map(relations.map((one) => [one.oid, one])) }
}

const users = relation('users', ['id', 'email'], { oid: 1 })
const people = relation('people', ['id', 'email'], { oid: 1 })

function formerlyOf(catalog: Catalog, name: string) {
  return catalog.relations.get(relationKey('shop', name))?.formerly?.map((one) => `${one.schema}.${one.name}`)
}

describe('createFormerNames', () => {
  it('says nothing of what never had another name, and gives that catalog as it is', () => {
    const catalog = seen(users)
    expect(createFormerNames(null).recalled('db', catalog)).toBe(catalog)
  })

  it('remembers the names of a relation through renames, another schema and two swaps', () => {
    const names = createFormerNames(null)
    names.recalled('db', seen(users, relation('spare', ['id', 'email'], { oid: 2 })))
    const moved = names.recalled('db', seen({ ...people, schema: 'archive' }))
    expect([...moved.relations.values()].map(({ formerly }) => formerly)).toEqual([[{ schema: 'shop', name: 'users' }]])
    expect(moved.relationsByOid.get(1)?.formerly).toHaveLength(1)
    const other = createFormerNames(null)
    other.recalled('db', seen(users, relation('spare', ['id', 'email'], { oid: 2 })))
    const swapped = other.recalled('db', seen({ ...users, oid: 2 }, relation('spare', ['id', 'email'], { oid: 1 })))
    expect([formerlyOf(swapped, 'users'), formerlyOf(swapped, 'spare')]).toEqual([['shop.spare'], ['shop.users']])
    expect(swapped.digest).not.toBe('c')
  })

  it('remembers the names of columns by their number', () => {
    const names = createFormerNames(null)
    names.recalled('db', seen(users))
    const columns = users.columns.map((column) => (column.name === 'email' ? { ...column, name: 'contact' } : column))
    const renamed = names.recalled('db', seen({ ...users, columns }))
    const found = renamed.relations.get(relationKey('shop', 'users'))?.columns
    expect(found?.map(({ name, formerly }) => [name, formerly])).toEqual([
      ['id', undefined],
      ['contact', ['email']],
    ])
  })

  it('gives a partition the names of its parent once it is detached, and no sooner', () => {
    const part = relation('part', ['id', 'email'], { oid: 2, parents: [relationKey('shop', 'users')] })
    const names = createFormerNames(null)
    expect(formerlyOf(names.recalled('db', seen(users, part)), 'part')).toBeUndefined()
    expect(formerlyOf(names.recalled('db', seen(users, { ...part, parents: [] })), 'part')).toEqual(['shop.users'])
    expect(formerlyOf(names.recalled('db', seen({ ...part, parents: [] })), 'part')).toEqual(['shop.users'])
  })

  it('forgets what was dropped: another relation may get its number one day', () => {
    const names = createFormerNames(null)
    names.recalled('db', seen(users))
    names.recalled('db', seen())
    expect(formerlyOf(names.recalled('db', seen(people)), 'people')).toBeUndefined()
  })

  it('keeps databases apart', () => {
    const names = createFormerNames(null)
    names.recalled('db', seen(users))
    expect(formerlyOf(names.recalled('other', seen(people)), 'people')).toBeUndefined()
  })

  it('goes on after a restart, and says when there is something to keep', () => {
    const names = createFormerNames(null)
    expect(names.taken()).toBeNull()
    names.recalled('db', seen(users))
    const kept = names.taken()
    names.recalled('db', seen(users))
    expect(names.taken()).toBeNull()
    const later = createFormerNames(kept)
    expect(formerlyOf(later.recalled('db', seen(people)), 'people')).toEqual(['shop.users'])
    expect(() => createFormerNames('{')).toThrow(/damaged/)
    expect(() => createFormerNames('[1]')).toThrow(/damaged/)
  })

  it('does not go on with a relation that has had more names than can be kept', () => {
    const names = createFormerNames(null)
    const rename = (times: number) => {
      for (let i = 0; i < times; i++) names.recalled('db', seen({ ...users, name: `users_${i}` }))
    }
    expect(() => rename(1_100)).toThrow(/former names/)
  })
})
