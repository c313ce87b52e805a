import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Store } from '../../src/access/ports.ts'
import { personKey } from '../../src/identity/identity.ts'
import { createFileGrants } from '../../src/store/file_grants.ts'
import { openStore } from '../../src/store/open_store.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { createCredentials } from '../../src/store/store_credentials.ts'
import { createStoreGrants, type StoreGrants } from '../../src/store/store_grants.ts'
import { createLocks, type StoreLocks } from '../../src/store/store_locks.ts'
import { clockAt } from './clock.ts'
import { ALICE, BOB, certificate, grantRecord, lock, password } from './records.ts'

const { at, clock } = clockAt(1_000)
const failed = vi.fn()
let store: SqlStore
/** The same store, whose reads may fail and whose lease may end. */
let view: Store
let broken = false
let lease = Number.POSITIVE_INFINITY
let locks: StoreLocks
let grants: StoreGrants

beforeEach(async () => {
  Object.assign(at, { now: 1_000, monotonic: 500 })
  broken = false
  lease = Number.POSITIVE_INFINITY
  store = await openStore({ kind: 'sqlite', dir: null })
  view = {
    read: (work) => (broken ? Promise.reject(new Error('broken')) : store.read(work)),
    write: (work) => store.write(work),
    onChange: (listener) => store.onChange(listener),
    leaseUntil: () => lease,
    close: async () => {},
  }
})
afterEach(async () => {
  await grants?.close()
  await locks?.close()
  await store.close()
})

async function open(): Promise<void> {
  const deps = { store: view, clock, failed }
  locks = await createLocks(deps)
  const files = createFileGrants([{ ...grantRecord().grant, id: 'from-file', kind: 'file', end: 50_000 }], clock)
  grants = await createStoreGrants({ ...deps, files, locks })
}

function standing(): string[] {
  return grants.snapshot().grants.map(({ id }) => id)
}

const refusal = (id: string) => grants.refusal(id, ALICE, 'orders')?.code ?? null

it('joins the grants of files and of the store, and hears of each change', async () => {
  await store.write(async (tx) => {
    await tx.grants.insert(grantRecord({ id: 'a' }))
    await tx.grants.insert(grantRecord({ id: 'later', state: 'scheduled' }, { start: 5_000 }))
    await tx.grants.insert(grantRecord({ id: 'gone', state: 'revoked' }))
  })
  await open()
  expect(standing()).toEqual(['from-file', 'a', 'later'])
  const first = grants.snapshot()
  expect(grants.snapshot()).toBe(first)
  const heard = vi.fn()
  grants.onChange(heard)
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'b' })))
  await vi.waitFor(() => expect(standing()).toContain('b'))
  expect(heard).toHaveBeenCalled()
  expect(grants.snapshot().version).toBeGreaterThan(first.version)
  expect(['from-file', 'a', 'b'].map(refusal)).toEqual([null, null, null])
  expect(refusal('nobody knows')).toBe('SP-GRANT-ENDED')
})

it('says who revoked a grant and why, and never takes one back', async () => {
  const record = grantRecord({ id: 'a' })
  await store.write((tx) => tx.grants.insert(record))
  await open()
  const end = { state: 'revoked', endedAt: 900, endedBy: BOB, endReason: 'a leaver' } as const
  const ended = await store.write((tx) => tx.grants.update({ ...record, ...end }))
  await vi.waitFor(() => expect(refusal('a')).toBe('SP-REVOKED'))
  expect(grants.refusal('a', ALICE, 'orders')?.detail).toMatch(/by bob@example.test at 1970.*: a leaver/)
  expect(grants.endedAt('a', ALICE, 'orders')).toBe(900)
  expect(standing()).toEqual(['from-file'])
  await store.write((tx) => tx.grants.update({ ...ended, state: 'active', endedAt: null }))
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'b' })))
  await vi.waitFor(() => expect(standing()).toContain('b'))
  expect(standing()).not.toContain('a')
  expect(refusal('a')).toBe('SP-GRANT-ENDED')
})

it('ends a grant by either clock, also where the store still has it as active', async () => {
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'a' })))
  await open()
  at.monotonic += 9_000
  expect(refusal('a')).toBe('SP-GRANT-ENDED')
  expect(standing()).toEqual(['from-file'])
  at.now = 0
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'b' })))
  await vi.waitFor(() => expect(standing()).toContain('b'))
  expect(standing()).not.toContain('a')
  expect(grants.endedAt('a', ALICE, 'orders')).toBeNull()
})

it('locks a person, a target and a grant until the lock is lifted, or over by both clocks', async () => {
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'a' })))
  await open()
  const whats = [
    lock({ what: 'person', value: personKey(ALICE) }),
    lock({ what: 'target', value: 'orders' }),
    lock({ what: 'grant', value: 'a' }),
  ]
  for (const set of whats) {
    await store.write((tx) => tx.locks.insert({ ...set, at: 77 }))
    await vi.waitFor(() => expect(refusal('a')).toBe('SP-LOCKED'))
    expect(grants.endedAt('a', ALICE, 'orders')).toBe(77)
    await store.write((tx) => tx.locks.update({ ...set, at: 77, liftedAt: 99 }))
    await vi.waitFor(() => expect(refusal('a')).toBeNull())
  }
  await store.write((tx) => tx.locks.insert(lock({ until: 2_000 })))
  await vi.waitFor(() => expect(refusal('a')).toBe('SP-LOCKED'))
  at.now = 3_000
  expect(refusal('a')).toBe('SP-LOCKED')
  at.monotonic += 2_000
  expect(refusal('a')).toBeNull()
})

it('lets nothing through without a lease, and says so to those who listen', async () => {
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'a' })))
  await open()
  const heard = vi.fn()
  grants.onChange(heard)
  lease = at.monotonic
  expect(refusal('a')).toBe('SP-LEASE')
  expect(refusal('from-file')).toBe('SP-LEASE')
  expect(locks.lockedBy({ person: '', target: 'orders', grantId: null })).toMatchObject({ code: 'SP-LEASE' })
  expect(standing()).toEqual(['from-file'])
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1))
  expect(standing()).toEqual(['from-file'])
  lease = at.monotonic + 100
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2))
  expect(standing()).toEqual(['from-file', 'a'])
})

it('does not rely for long on what it knows to be old, nor beyond the lease that it had', async () => {
  await store.write((tx) => tx.grants.insert(grantRecord({ id: 'a' }, { end: 100_000 })))
  await open()
  broken = true
  lease = at.monotonic + 5_000
  await store.write((tx) => tx.locks.insert(lock({ value: 'elsewhere' })))
  await vi.waitFor(() => expect(failed).toHaveBeenCalled())
  lease = Number.POSITIVE_INFINITY
  expect(refusal('a')).toBeNull()
  at.monotonic += 5_000
  expect(refusal('a')).toBe('SP-LEASE')
  broken = false
  await vi.waitFor(() => expect(refusal('a')).toBeNull())
})

it('knows connection passwords and certificates that are live', async () => {
  const first = password({ id: 'one', grantId: 'a', expiresAt: 5_000 })
  await store.write(async (tx) => {
    await tx.passwords.insert(first)
    await tx.passwords.insert(password({ id: 'old', expiresAt: 900 }))
    await tx.passwords.insert(password({ id: 'revoked', expiresAt: 5_000, revokedAt: 1 }))
    await tx.certificates.insert(certificate({ id: 'c1', expiresAt: 5_000 }))
  })
  await open()
  const credentials = await createCredentials({ store: view, clock, failed }, locks)
  const live = () => credentials.passwordsFor('orders').map(({ id }) => id)
  expect(live()).toEqual(['one'])
  expect(credentials.passwordsFor('another')).toEqual([])
  expect(credentials.certificate('c1')).toMatchObject({ id: 'c1', fingerprint: 'ff' })
  expect(credentials.certificate('c2')).toBeNull()

  const held = lock({ what: 'grant', value: 'a' })
  await store.write((tx) => tx.locks.insert(held))
  await vi.waitFor(() => expect(live()).toEqual([]))
  expect(credentials.certificate('c1')).not.toBeNull()
  await store.write((tx) => tx.locks.update({ ...held, liftedAt: 1 }))
  await vi.waitFor(() => expect(live()).toEqual(['one']))

  at.monotonic += 4_000
  expect(live()).toEqual([])
  expect(credentials.certificate('c1')).toBeNull()
  at.monotonic -= 1
  expect(live()).toEqual(['one'])
  lease = at.monotonic
  expect(live()).toEqual([])
  lease = Number.POSITIVE_INFINITY
  await store.write((tx) => tx.passwords.update({ ...first, revokedAt: 1_000 }))
  await vi.waitFor(() => expect(live()).toEqual([]))
  await credentials.close()
})
