import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/policy/grant.ts'
import { chooseGrant, matchGrants } from '../../src/policy/grants.ts'
import { matchesAnyFolded, matchesPattern } from '../../src/policy/patterns.ts'
import { grantOf, IDENTITY, NOW } from './build.ts'

function choose(grants: readonly Grant[], role: string | null = null): Grant {
  return chooseGrant(IDENTITY, { version: 1, grants }, 'shop-db', role, NOW)
}

describe('matchGrants', () => {
  it.each<[string, Partial<Grant>, boolean]>([
    ['subject', {}, true],
    ['another subject', { principal: { subject: 'bob-1', issuer: null } }, false],
    ['subject of its issuer', { principal: { subject: 'alice-1', issuer: 'https://idp.example.test' } }, true],
    ['subject of another issuer', { principal: { subject: 'alice-1', issuer: 'https://else.example.test' } }, false],
    ['email, whatever its case', { principal: { email: 'Alice@Example.test' } }, true],
    ['an email that only folds to it', { principal: { email: 'alice@e\u212aample.test' } }, false],
    ['group', { principal: { group: 'analysts' } }, true],
    ['another group', { principal: { group: 'Analysts' } }, false],
    ['another target', { target: 'other' }, false],
    ['not begun', { start: NOW + 1 }, false],
    ['begins now', { start: NOW }, true],
    ['ends now', { end: NOW }, false],
  ])('%s', (_what, over, held) => {
    const snapshot = { version: 1, grants: [grantOf(over)] }
    expect(matchGrants(IDENTITY, snapshot, 'shop-db', NOW)).toHaveLength(held ? 1 : 0)
  })
})

describe('chooseGrant', () => {
  it('takes the only one, the named one, and of one role the one that ends last', () => {
    expect(choose([grantOf()]).id).toBe('g1')
    expect(choose([grantOf(), grantOf({ id: 'g2', role: 'writer' })], 'writer').id).toBe('g2')
    expect(choose([grantOf(), grantOf({ id: 'g2', end: NOW + 5000 })]).id).toBe('g2')
  })

  it('never guesses', () => {
    expect(() => choose([])).toThrow('SP-NO-GRANT')
    expect(() => choose([grantOf()], 'writer')).toThrow('SP-NO-GRANT')
    expect(() => choose([grantOf(), grantOf({ id: 'g2', role: 'writer' })])).toThrow('analyst, writer')
    const tenant = (value: number) => grantOf({ id: `g${value}`, parameters: new Map([['tenant', value]]) })
    expect(() => choose([tenant(1), tenant(2)])).toThrow('SP-GRANT-CHOICE')
  })

  const READ = { databases: ['*'], schemas: ['shop'], tables: ['orders'], columns: null, verbs: ['read'] } as const
  const PLAN = { digest: 'd1', statements: [] }

  it.each<[string, Partial<Grant>]>([
    ['parameters', { parameters: new Map([['tenant', 1]]) }],
    ['narrowing', { narrowing: [READ] }],
    ['plan', { plan: PLAN }],
  ])('lets the person choose by id among grants of one role that differ in %s', (_what, over) => {
    const two = [grantOf(), grantOf({ id: 'g2', ...over })]
    expect(() => choose(two)).toThrow(/SP-GRANT-CHOICE.*g1, g2/)
    expect(() => choose(two, 'analyst')).toThrow(/SP-GRANT-CHOICE.*g1, g2/)
    expect(choose(two, 'g2').id).toBe('g2')
    expect(choose(two, 'g1').id).toBe('g1')
    expect(choose([grantOf(over), grantOf({ id: 'g2', ...over, end: NOW + 5000 })]).id).toBe('g2')
  })

  it('takes a name for a role before it takes it for an id, and finds no id of somebody else', () => {
    const two = [grantOf(), grantOf({ id: 'analyst', role: 'writer' })]
    expect(choose(two, 'analyst').id).toBe('g1')
    expect(() => choose([grantOf({ principal: { group: 'others' } })], 'g1')).toThrow('SP-NO-GRANT')
  })

  it('gives a workload no grant of a subject whose issuer nobody named', () => {
    const machine = { ...IDENTITY, machine: true }
    const held = (issuer: string | null) =>
      matchGrants(
        machine,
        { version: 1, grants: [grantOf({ principal: { subject: 'alice-1', issuer } })] },
        'shop-db',
        NOW,
      )
    expect(held(null)).toHaveLength(0)
    expect(held(IDENTITY.issuer)).toHaveLength(1)
  })
})

describe('patterns', () => {
  it.each([
    ['*', 'users', true],
    ['users', 'users', true],
    ['users', 'Users', false],
    ['user*', 'users', true],
    ['user*', 'use', false],
    ['*s', 'users', false],
    ['', 'users', false],
  ])('%s against %s is %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected)
  })

  it('folds case where asked', () => {
    expect(matchesAnyFolded(['User*'], 'USERS')).toBe(true)
    expect(matchesAnyFolded([], 'users')).toBe(false)
  })
})
