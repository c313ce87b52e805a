import { expect, it, onTestFinished } from 'vitest'
import type { GrantRecord } from '../../src/access/model.ts'
import type { Store } from '../../src/access/ports.ts'
import { SallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open_store.ts'
import { createPlanProgress } from '../../src/store/plan_progress.ts'
import { grantRecord } from './records.ts'

const PLAN = { digest: 'd', statements: ['a', 'b'].map((text) => ({ text, compared: text })) }

async function world() {
  const store = await openStore({ kind: 'sqlite', dir: null })
  onTestFinished(() => store.close())
  const errors: string[] = []
  const progress = createPlanProgress(store, ({ detail }) => errors.push(detail))
  onTestFinished(() => progress.close())
  return { store, progress, errors }
}

async function stored(store: Store, id: string): Promise<GrantRecord['progress']> {
  return (await store.read((tx) => tx.grants.get(id)))?.progress ?? null
}

async function migrationGrant(store: Store): Promise<string> {
  const record = grantRecord()
  const grant = { ...record.grant, kind: 'migration' as const, plan: PLAN }
  const progress = { done: 0, outcome: 'running' as const, deviations: [] }
  await store.write((tx) => tx.grants.insert({ ...record, state: 'active', grant, progress }))
  return record.id
}

it('answers from memory, and stores what it is told', async () => {
  const { store, progress, errors } = await world()
  expect(progress.current('unknown')).toBeNull()
  const id = await migrationGrant(store)
  await progress.load()
  expect(progress.current(id)).toBe(0)
  progress.advance(id, 1)
  expect(progress.current(id)).toBe(1)
  await progress.settled()
  expect(await stored(store, id)).toEqual({ done: 1, outcome: 'running', deviations: [] })
  progress.failed(id, 1)
  await progress.settled()
  expect(await stored(store, id)).toMatchObject({ outcome: 'failed' })
  progress.advance(id, 2)
  await progress.settled()
  expect(await stored(store, id)).toMatchObject({ done: 2, outcome: 'ran_as_approved' })
  progress.deviated(id, { at: 5, expected: 2, sha256: 'x' })
  await progress.settled()
  expect(await stored(store, id)).toMatchObject({ outcome: 'deviated', deviations: [{ expected: 2 }] })
  expect(errors).toEqual([])
})

it('gives the script to one session at a time', async () => {
  const { store, progress } = await world()
  const id = await migrationGrant(store)
  await progress.load()
  expect([progress.take(id, 'one'), progress.take(id, 'two'), progress.take('unknown', 'one')]).toEqual([
    true,
    false,
    false,
  ])
  progress.leave(id, 'two')
  expect(progress.take(id, 'two')).toBe(false)
  progress.leave(id, 'one')
  expect(progress.take(id, 'two')).toBe(true)
})

it('runs nothing by its own count where another node has moved it, until it was read anew', async () => {
  const { store, progress } = await world()
  const other = createPlanProgress(store, () => {})
  onTestFinished(() => other.close())
  const id = await migrationGrant(store)
  await progress.load()
  await other.load()
  other.advance(id, 1)
  progress.advance(id, 2)
  await Promise.all([other.settled(), progress.settled()])
  await progress.load()
  await other.load()
  const done = (await stored(store, id))?.done
  expect([progress.current(id), other.current(id)]).toEqual([done, done])
})

it('runs nothing while a count could not be stored, and stores it later', async () => {
  const { store, errors } = await world()
  const id = await migrationGrant(store)
  let broken = false
  const write: Store['write'] = (work) =>
    broken ? Promise.reject(new SallyportError('SP-STORE', 'is gone')) : store.write(work)
  const flaky: Store = {
    read: (work) => store.read(work),
    write,
    onChange: () => () => {},
    leaseUntil: () => Number.POSITIVE_INFINITY,
    close: async () => {},
  }
  const progress = createPlanProgress(flaky, ({ detail }) => errors.push(detail))
  await progress.load()
  broken = true
  progress.advance(id, 1)
  await progress.settled()
  expect([progress.current(id), errors]).toEqual([null, ['is gone']])
  broken = false
  expect(progress.current(id)).toBeNull()
  await progress.settled()
  expect(progress.current(id)).toBe(1)
  expect((await stored(store, id))?.done).toBe(1)
})
