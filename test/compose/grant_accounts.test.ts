import { expect, it } from 'vitest'
import { followGrants } from '../../src/compose/grant_accounts.ts'
import { SallyportError } from '../../src/errors.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { grantOf, NOW, roleOf } from '../policy/build.ts'
import { targetOf } from '../session/fixture.ts'

function world() {
  let grants: Grant[] = []
  let lease = Number.POSITIVE_INFINITY
  let listener = () => {}
  const did: string[] = []
  const warned: unknown[] = []
  const target = targetOf('postgres')
  const grant = (id: string, over: Partial<Grant> = {}) =>
    grantOf({ id, target: target.name, start: NOW, end: NOW + 10, ...over })
  grants = [grant('old')]
  const stop = followGrants({
    grants: {
      snapshot: () => ({ version: 1, grants }),
      leaseUntil: () => lease,
      onChange: (added) => {
        listener = added
        return () => did.push('stopped')
      },
    },
    live: {
      settings: { targets: new Map([[target.name, target]]) } as never,
      policy: { configDigest: '', roleOf: () => roleOf(), masking: () => ({}) as never },
      makesAccounts: () => true,
    },
    accounts: {
      prepare: async ({ database }, { name }, { id }) => {
        did.push(`prepare ${id} ${name}/${database}`)
        if (id === 'bad') throw new SallyportError('SP-ACCOUNT', 'no')
      },
      letGo: async (id) => void did.push(`let go ${id}`),
    },
    clock: { now: () => NOW, monotonic: () => 1 },
    log: { warn: (what: unknown) => warned.push(what) } as never,
  })
  const now = async (...next: Grant[]) => {
    grants = next
    listener()
    await new Promise((done) => setImmediate(done))
    return did.splice(0)
  }
  const place = `${target.name}/${target.defaultDatabase}`
  return { grant, now, warned, stop, did, place, cutOff: (until: number) => (lease = until) }
}

it('makes what a grant needs when it begins, and lets go of it when it ends', async () => {
  const { grant, now, place, stop, did } = world()
  const old = grant('old')
  expect(await now(old, grant('a'), grant('later', { start: NOW + 5 }))).toEqual([`prepare a ${place}`])
  expect(await now(old, grant('a'))).toEqual([])
  expect(await now(grant('b'))).toEqual(['let go old', 'let go a', `prepare b ${place}`])
  stop()
  expect(did).toEqual(['stopped'])
})

it('goes on after one that fails', async () => {
  const { grant, now, place, warned } = world()
  expect(await now(grant('old'), grant('bad'), grant('a'))).toEqual([`prepare bad ${place}`, `prepare a ${place}`])
  expect(warned).toMatchObject([{ code: 'SP-ACCOUNT' }])
})

it('takes nothing for ended because the store was not heard of', async () => {
  const { grant, now, cutOff } = world()
  cutOff(0)
  expect(await now()).toEqual([])
  cutOff(2)
  expect(await now(grant('old'))).toEqual([])
})
