import { describe, expect, it } from 'vitest'
import { makeConnectionPassword } from '../../src/session/connection_password.ts'
import { passwordsMeant, verifiersOf } from '../../src/session/meant_passwords.ts'
import type { LivePassword } from '../../src/session/ports.ts'
import { ALICE, grantOf, START } from './fixture.ts'

const GRANTS = [grantOf({ id: 'g1' }), grantOf({ id: 'g2', role: 'writer' })]
const BOB = { ...ALICE, subject: 'bob-1', email: 'bob@example.test', aliases: ['bob', 'bob@example.test'] }

function password(id: string, over: Partial<LivePassword> & { salt?: number } = {}): LivePassword {
  const { salt = 1, ...more } = over
  const made = makeConnectionPassword(new Uint8Array(20).fill(id.charCodeAt(1)), new Uint8Array(16).fill(salt))
  const base = { identity: ALICE, target: 'shop-db', grantId: 'g1', createdAt: START, expiresAt: START + 1000 }
  return { id, ...base, ...made, ...more }
}

function meant(user: string, live: readonly LivePassword[], now = START): string {
  const [person = '', choice] = user.split('/')
  const route = { person, target: 'shop-db', choice: choice ?? null }
  return passwordsMeant(route, live, GRANTS, now)
    .map(({ id }) => id)
    .join(' ')
}

describe('the passwords that a user name means', () => {
  const live = [
    password('p1'),
    password('p2', { grantId: 'g2', createdAt: START + 5 }),
    password('p3', { identity: BOB, createdAt: START + 9 }),
    password('p4', { target: 'other-db' }),
  ]

  it.each([
    ['alice', 'p2 p1'],
    ['alice@example.test', 'p2 p1'],
    ['alice/analyst', 'p1'],
    ['alice/writer', 'p2'],
    ['alice/g2', 'p2'],
    ['alice/p1', 'p1'],
    ['alice/nothing', ''],
    ['bob', 'p3'],
    ['', ''],
    ['sso', ''],
    ['sso/p3', 'p3'],
    ['/p3', 'p3'],
    ['sso/g1', ''],
    ['mallory', ''],
  ])('%s: %s', (user, ids) => {
    expect(meant(user, live)).toBe(ids)
  })

  it('are not those of somebody who only calls themselves so', () => {
    const eve = { ...ALICE, subject: 'eve-1', email: 'eve@example.test', aliases: ['eve-1', 'alice@example.test'] }
    const newest = password('p5', { identity: eve, salt: 9, createdAt: START + 20 })
    expect(meant('alice@example.test', [...live, newest])).toBe('p2 p1')
    expect(meant('eve-1', [...live, newest])).toBe('p5')
  })

  it('are none that have expired', () => {
    expect(meant('alice', live, START + 1000)).toBe('')
  })
})

it('one exchange verifies all that share the salt of the newest', () => {
  const [a, b, c] = [password('p1', { salt: 2 }), password('p2', { salt: 2 }), password('p3', { salt: 3 })]
  const ids = (list: readonly LivePassword[]) => verifiersOf(list).map((one) => one.password.id)
  expect(ids([a, c, b])).toEqual(['p1', 'p2'])
  expect(ids([c, a, b])).toEqual(['p3'])
  expect(ids([{ ...a, scram: 'unreadable' }, b])).toEqual(['p2'])
  expect(ids([])).toEqual([])
})
