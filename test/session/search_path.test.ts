import { describe, expect, it } from 'vitest'
import { agrees, SearchPath } from '../../src/session/postgres/search_path.ts'

describe('SearchPath', () => {
  it('keeps a SET after COMMIT and takes it back after ROLLBACK', () => {
    const path = new SearchPath(null)
    path.set('session', ['a'])
    path.commit()
    path.set('session', ['b'])
    expect(path.uncommitted).toBe(true)
    path.rollback()
    expect(path.current).toEqual(['a'])
    expect(path.uncommitted).toBe(false)
  })

  it('ends SET LOCAL with its transaction, and lets a later SET win over it', () => {
    const path = new SearchPath(null)
    path.set('local', ['l'])
    expect(path.current).toEqual(['l'])
    path.commit()
    expect(path.current).toBeNull()
    path.set('local', ['l'])
    path.set('session', ['s'])
    expect(path.current).toEqual(['s'])
    path.commit()
    expect(path.current).toEqual(['s'])
  })

  it('ends SET LOCAL TO DEFAULT with its transaction too', () => {
    const path = new SearchPath(['start'])
    path.set('session', ['s'])
    path.commit()
    path.reset('local')
    expect(path.current).toEqual(['start'])
    path.commit()
    expect(path.current).toEqual(['s'])
  })

  it('goes back to a savepoint, to the newest of that name, and keeps it', () => {
    const path = new SearchPath(null)
    path.savepoint('x')
    path.set('session', ['a'])
    path.savepoint('x')
    path.set('session', ['b'])
    path.rollbackTo('x')
    expect(path.current).toEqual(['a'])
    path.set('local', ['c'])
    path.rollbackTo('x')
    expect(path.current).toEqual(['a'])
    path.release('x')
    path.rollbackTo('x')
    expect(path.current).toBeNull()
  })

  it('resets to what the startup message said', () => {
    const path = new SearchPath(['start'])
    path.set('session', ['a'])
    path.commit()
    path.reset()
    expect(path.current).toEqual(['start'])
  })
})

describe('the path that the server reports', () => {
  it.each([
    [null, 'anything', true],
    [['a'], null, true],
    [['a', 'b'], 'a, b', true],
    [['a', 'b'], 'a,b', true],
    [['a'], 'A', true],
    [['A b', 'c"d'], '"A b", "c""d"', true],
    [['$user', 'public'], '"$user", public', true],
    [[''], '""', true],
    [[''], '', true],
    [['a'], 'b', false],
    [['a'], 'a, b', false],
    [['a', 'b'], 'b, a', false],
    [['A'], 'A', false],
    [['a'], '"a', false],
    [['a'], '', false],
  ] as const)('%j against %j: %j', (followed, reported, expected) => {
    expect(agrees(followed, reported)).toBe(expected)
  })
})
