import { describe, expect, it } from 'vitest'
import { createIds } from '../../src/proxy/ids.ts'
import { addressKey, ConnectionCounts, FailedLogins } from '../../src/proxy/limits.ts'
import { networkMatcher } from '../../src/proxy/networks.ts'
import { Sessions } from '../../src/proxy/sessions.ts'

describe('ConnectionCounts', () => {
  it('gives places up to the limit, and each back once only', () => {
    const counts = new ConnectionCounts()
    const first = counts.take('a', 2, 'x')
    counts.take('a', 2, 'x')
    expect(() => counts.take('a', 2, 'x')).toThrowError(/SP-LIMIT-CONNECTIONS/)
    first()
    first()
    expect(counts.get('a')).toBe(1)
    counts.take('a', 2, 'x')
    expect(() => counts.take('a', 2, 'x')).toThrowError(/SP-LIMIT-CONNECTIONS/)
  })
})

describe('FailedLogins', () => {
  it('stops an address and a person after ten failures each', () => {
    const failures = new FailedLogins()
    for (let i = 0; i < 10; i++) failures.failed('192.0.2.1', 'alice')
    expect(() => failures.check('192.0.2.1', 'bob')).toThrowError(/SP-AUTH-RATE/)
    expect(() => failures.check('192.0.2.2', 'Alice')).toThrowError(/SP-AUTH-RATE/)
    failures.check('192.0.2.2', 'bob')
  })

  it('counts an IPv6 /64 as one address', () => {
    expect(addressKey('2001:db8::1')).toBe(addressKey('2001:db8:0:0:ffff::9'))
    expect(addressKey('2001:db8:0:1::1')).not.toBe(addressKey('2001:db8::1'))
    expect(addressKey('::1')).toBe('address:0:0:0:0')
  })
})

describe('networkMatcher', () => {
  it('matches networks of both families, and IPv4 in IPv6 clothes', () => {
    const inside = networkMatcher(['10.0.0.0/8', 'fd00::/8', '192.0.2.7'])
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.0.2.7'].map(inside)).toEqual([true, true, true, true])
    expect(['11.0.0.1', 'fe80::1', '192.0.2.8', 'nonsense'].map(inside)).toEqual([false, false, false, false])
    expect(() => networkMatcher(['10.0.0.0/99'])).toThrowError(/SP-CONFIG/)
  })
})

describe('createIds', () => {
  it('makes UUIDv7 that carry the time and do not repeat', () => {
    const { uuid } = createIds(() => 0x0123456789ab)
    const made = new Set(Array.from({ length: 5000 }, uuid))
    expect(made.size).toBe(5000)
    for (const id of made) expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})

describe('Sessions', () => {
  const session = (number: number, cancelKey: Uint8Array) => ({
    id: `s${number}`,
    person: { issuer: 'https://one.example.test', subject: 'p' },
    unfounded: () => null,
    target: 't',
    number,
    cancelKey,
    cancelStatement: () => {},
    end: () => {},
    tick: () => {},
    idle: () => true,
  })

  it('finds a session by number and whole key only', () => {
    const sessions = new Sessions(3, 1)
    const number = sessions.newNumber()
    expect(number >>> 20).toBe((3 << 4) | 1)
    const key = sessions.newKey(2)
    expect(key.length).toBe(32)
    sessions.add(session(number, key))
    expect(sessions.byCancelKey(number, key)?.id).toBe(`s${number}`)
    expect(sessions.byCancelKey(number, key.slice(0, 4))).toBeUndefined()
    expect(sessions.byCancelKey(number, new Uint8Array(32))).toBeUndefined()
    expect(sessions.byCancelKey(number + 1, key)).toBeUndefined()
    sessions.remove(`s${number}`)
    expect(sessions.byCancelKey(number, key)).toBeUndefined()
  })

  it('means one of a person’s own by either number, and none where that is not sure', () => {
    const sessions = new Sessions()
    const key = new Uint8Array(4)
    const other = { ...session(30, key), person: { ...session(30, key).person, subject: 'q' } }
    const namesake = { ...session(50, key), person: { ...session(50, key).person, issuer: 'https://two.example.test' } }
    const elsewhere = { ...session(40, key), target: 'u' }
    for (const one of [session(10, key), session(20, key), other, elsewhere, namesake]) sessions.add(one)
    sessions.knownAs('s10', 7)
    sessions.knownAs('s20', 10)
    sessions.knownAs('s30', 8)
    sessions.knownAs('s40', 7)
    const meant = (number: number) => sessions.meant(session(0, key).person, 't', number)?.id
    expect(sessions.of(namesake.person, 't')).toEqual([namesake])
    expect([7, 20, 8, 30, 40, 9, 50].map(meant)).toEqual(['s10', 's20', ...Array(5).fill(undefined)])
    expect(meant(10)).toBeUndefined()
    sessions.remove('s20')
    expect(meant(10)).toBe('s10')
    sessions.knownAs('s20', 99)
    expect(meant(99)).toBeUndefined()
  })
})
