import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coversNarrowing } from '../../src/policy/narrow.ts'
import type { Role } from '../../src/policy/role.ts'
import { narrowerRole, unusedUnits, usedNarrowing } from '../../src/reports/scope_use.ts'
import { role } from '../access/fixture.ts'
import { scopeRule } from '../policy/build.ts'

function named(name: string, ...rules: readonly Partial<Role['scope'][number]>[]): Role {
  return role(name, {}, { scope: rules.map((rule) => scopeRule({ schemas: ['shop'], tables: ['*'], ...rule })) })
}

function did(table: string, verb: string, clear = 0) {
  return { schema: 'shop', table, verb, clear }
}

const wide = named('wide', { verbs: ['read', 'update'] }, { tables: ['log_*'], verbs: ['insert'] })

describe('what of a scope was used', () => {
  it.each([
    ['nothing', [], 3],
    ['one verb of one rule', [did('users', 'read')], 2],
    ['a table that the other rule does not cover', [did('users', 'insert')], 3],
    ['each verb of each rule', [did('users', 'read'), did('a', 'update'), did('log_1', 'insert')], 0],
    ['a verb that leaves no line of its own', [did('users', 'explain')], 3],
  ])('%s', (_what, uses, unused) => {
    expect(unusedUnits(wide, uses)).toHaveLength(unused)
  })

  it('of an unrestricted role is each verb on everything', () => {
    const all = role('all', {}, { unrestricted: true, scope: [] })
    expect(unusedUnits(all, [did('users', 'read')]).map(({ verb }) => verb)).toEqual([
      'insert',
      'update',
      'delete',
      'ddl',
    ])
  })
})

it('the least that would have done names the tables with the verbs that were used', () => {
  const uses = [did('b', 'read'), did('a', 'read'), did('c', 'read'), did('c', 'update')]
  const rule = { databases: ['*'], schemas: ['shop'], columns: null }
  expect(usedNarrowing(uses)).toEqual([
    { ...rule, tables: ['c'], verbs: ['read', 'update'] },
    { ...rule, tables: ['a', 'b'], verbs: ['read'] },
  ])
  expect(usedNarrowing([])).toEqual([])
})

describe('the narrower role that would have been enough', () => {
  const reads = named('reads', { verbs: ['read'] })
  const users = named('users', { tables: ['users'], verbs: ['read'] })
  const other = named('other', { schemas: ['hr'], verbs: ['read'] })
  const some = named('some', { tables: ['users'], verbs: ['read'], columns: ['id'] })
  const rows = named('rows', {
    tables: ['users'],
    verbs: ['read'],
    where: [{ column: 'tenant', op: '=', value: [1] }],
  })
  const clear = { ...users, name: 'clear', unmask: ['shop.users.email'] }

  it.each<[string, Role, readonly ReturnType<typeof did>[], readonly Role[], string | null]>([
    ['the narrowest of several', wide, [did('users', 'read')], [reads, users, other], 'users'],
    ['one that covers every table', wide, [did('users', 'read'), did('a', 'read')], [reads, users], 'reads'],
    ['none for a verb that no other has', wide, [did('users', 'update')], [reads, users], null],
    ['none that lies beside the one that was held', reads, [did('users', 'read')], [other, wide], null],
    ['not itself', users, [did('users', 'read')], [users], null],
    ['none where nothing was used: nothing is what was enough', wide, [], [reads], null],
    ['none that has some columns or rows, which may not have done', wide, [did('users', 'read')], [some, rows], null],
    [
      'of an unrestricted role',
      role('all', {}, { unrestricted: true, scope: [] }),
      [did('users', 'read')],
      [users],
      'users',
    ],
    [
      'none that masks what was seen in clear',
      { ...wide, unmask: ['shop.users.email'] },
      [did('users', 'read', 1)],
      [users],
      null,
    ],
    [
      'one that lifts the same masks',
      { ...wide, unmask: ['shop.users.email'] },
      [did('users', 'read', 1)],
      [users, clear],
      'clear',
    ],
    [
      'one that masks more, where nothing masked was seen',
      { ...wide, unmask: ['*.*.*'] },
      [did('users', 'read')],
      [users],
      'users',
    ],
    ['none beside row conditions, which are not compared', rows, [did('users', 'read')], [users], null],
  ])('%s', (_what, held, uses, roles, name) => {
    expect(narrowerRole(held, uses, roles)).toBe(name)
  })

  it('always covers what was used, and never what the held role does not', () => {
    const tables = fc.subarray(['users', 'orders', 'log_1'], { minLength: 1 })
    const verbs = fc.subarray(['read', 'update', 'insert'] as const, { minLength: 1 })
    const roles = fc.array(fc.tuple(tables, verbs), { minLength: 1, maxLength: 5 })
    const uses = fc.array(fc.tuple(fc.constantFrom('users', 'orders', 'log_1'), fc.constantFrom('read', 'update')), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(roles, uses, (scopes, done) => {
        const all = scopes.map(([names, may], at) => named(`r${at}`, { tables: names, verbs: may }))
        const held = all[0]!
        const found = all.find(
          ({ name }) =>
            name ===
            narrowerRole(
              held,
              done.map(([t, v]) => did(t, v)),
              all,
            ),
        )
        if (found === undefined) return
        expect(coversNarrowing(found.scope, usedNarrowing(done.map(([t, v]) => did(t, v))))).toBe(true)
        expect(coversNarrowing(held.scope, found.scope)).toBe(true)
        expect(coversNarrowing(found.scope, held.scope)).toBe(false)
      }),
    )
  })
})
