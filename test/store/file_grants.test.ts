import { expect, it, vi } from 'vitest'
import type { Grant } from '../../src/policy/grant.ts'
import type { Role } from '../../src/policy/role.ts'
import type { Target } from '../../src/session/ports.ts'
import { createFileGrants } from '../../src/store/file_grants.ts'
import { createStaticAccounts } from '../../src/store/static_accounts.ts'

function grant(id: string, more: Partial<Grant> = {}): Grant {
  return {
    id,
    kind: 'file',
    principal: { email: 'alice@example.test' },
    target: 'orders',
    role: 'reader',
    parameters: new Map(),
    narrowing: null,
    start: 0,
    end: 10_000,
    reason: 'test',
    ticket: null,
    incident: null,
    requestId: null,
    plan: null,
    ...more,
  }
}

function clockAt(now: number) {
  const at = { now, monotonic: 500 }
  return { at, clock: { now: () => at.now, monotonic: () => at.monotonic } }
}

it('ends a grant by either clock, and never takes it back', () => {
  const { at, clock } = clockAt(1000)
  const grants = createFileGrants([grant('a'), grant('b', { end: 20_000 })], clock)
  const changed = vi.fn()
  grants.onChange(changed)
  const first = grants.snapshot()
  expect(grants.snapshot()).toBe(first)
  at.monotonic += 9000
  expect(grants.snapshot().grants.map(({ id }) => id)).toEqual(['b'])
  expect(grants.snapshot().version).toBe(first.version + 1)
  expect(changed).toHaveBeenCalledTimes(1)
  at.now = 0
  expect(grants.snapshot().grants).toHaveLength(1)
  at.now = 20_000
  expect(grants.snapshot().grants).toEqual([])
  at.now = 0
  grants.replace([grant('a'), grant('b', { end: 20_000 })])
  expect(grants.snapshot().grants).toEqual([])
})

it('ends what a reload leaves out; an edit or a revival is refused, and nothing changes', () => {
  const { clock } = clockAt(1000)
  const grants = createFileGrants([grant('a'), grant('b')], clock)
  grants.replace([grant('b'), grant('c')])
  const version = grants.snapshot().version
  expect(grants.snapshot().grants.map(({ id }) => id)).toEqual(['b', 'c'])
  expect(() => grants.replace([grant('a'), grant('b', { role: 'dba' })])).toThrow(
    /SP-CONFIG: grant a has ended.*\n.*grant b was edited/,
  )
  expect(grants.snapshot().version).toBe(version)
})

it('gives the account of the role', async () => {
  const accounts = createStaticAccounts((target, role) => ({ user: `${target}-${role}`, password: 'x' }))
  expect(
    (
      await accounts.open(
        { id: 's', person: 'alice', database: '', role: {} as Role },
        { name: 'orders' } as Target,
        grant('a'),
      )
    ).user,
  ).toBe('orders-reader')
  await accounts.close('s')
})
