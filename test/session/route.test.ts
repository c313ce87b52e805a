import { describe, expect, it } from 'vitest'
import { personMatches, routeOf } from '../../src/session/route.ts'

const open = { listenerTarget: null, serverName: null, sniSuffix: null }

describe('routeOf', () => {
  it.each([
    ['alice/orders', open, { person: 'alice', target: 'orders', choice: null }],
    ['alice/orders/reader', open, { person: 'alice', target: 'orders', choice: 'reader' }],
    ['/orders', open, { person: '', target: 'orders', choice: null }],
    ['alice', { ...open, listenerTarget: 'orders' }, { person: 'alice', target: 'orders', choice: null }],
    ['alice/reader', { ...open, listenerTarget: 'orders' }, { person: 'alice', target: 'orders', choice: 'reader' }],
    ['alice/orders', { ...open, listenerTarget: 'orders' }, { person: 'alice', target: 'orders', choice: null }],
    [
      'alice',
      { ...open, serverName: 'Orders.DB.example', sniSuffix: 'db.example' },
      { person: 'alice', target: 'orders', choice: null },
    ],
  ])('reads %s', (user, from, expected) => {
    expect(routeOf({ ...from, user })).toEqual(expected)
  })

  it.each([
    ['alice', open],
    ['a/b/c/d', open],
    ['alice//reader', open],
    ['alice/other/reader', { ...open, listenerTarget: 'orders' }],
    ['alice', { ...open, serverName: 'a.b.db.example', sniSuffix: 'db.example' }],
    ['alice', { ...open, serverName: 'db.example', sniSuffix: 'db.example' }],
  ])('refuses %s', (user, from) => {
    expect(() => routeOf({ ...from, user })).toThrowError(/SP-ROUTE/)
  })

  it('takes a claim of the token, nothing, or sso for the person', () => {
    expect(personMatches('', ['a'])).toBe(true)
    expect(personMatches('sso', ['a'])).toBe(true)
    expect(personMatches('a', ['a'])).toBe(true)
    expect(personMatches('A', ['a'])).toBe(false)
    expect(personMatches('b', ['a'])).toBe(false)
  })
})
