import { expect, it, onTestFinished } from 'vitest'
import type { GrantRecord } from '../../src/access/model.ts'
import type { Store } from '../../src/access/ports.ts'
import { SallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open_store.ts'
import { createPlanProgress, type StoredPlanProgress } from '../../src/store/plan_progress.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { grantRecord, newId } from './records.ts'

const NOW = 1_800_000_000_000

const PLAN = { digest: 'd', statements: ['a', 'b'].map((text) => ({ text, compared: text })) }

function progressOf(store: SqlStore, errors: string[], node = 'one', startedAt = 1) {
  const clock = { now: () => NOW, monotonic: () => performance.now() }
  const failed = ({ detail }: SallyportError) => errors.push(detail)
  const progress = createPlanProgress({ store, clock, ids: { uuid: newId }, failed, runner: { node, startedAt } })
  onTestFinished(() => progress.close())
  return progress
}

async function world() {
  const store = await openStore({ kind: 'sqlite', dir: null })
  onTestFinished(() => store.close())
  const errors: string[] = []
  return { store, progress: progressOf(store, errors), errors }
}

async function takes(progress: StoredPlanProgress, id: string, session: string): Promise<boolean> {
  if (progress.awaited(id, session)) await progress.settled()
  return progress.take(id, session)
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
  progress.advance(id, 1, 1)
  expect(progress.current(id)).toBe(1)
  await progress.settled()
  expect(await stored(store, id)).toEqual({ done: 1, outcome: 'running', deviations: [] })
  progress.failed(id, 1)
  await progress.settled()
  expect(await stored(store, id)).toMatchObject({ outcome: 'failed' })
  progress.advance(id, 2, 2)
  await progress.settled()
  expect(await stored(store, id)).toMatchObject({ done: 2, outcome: 'ran_as_approved' })
  progress.deviated(id, { at: 5, expected: 2, sha256: 'x' })
  await progress.settled()
  expect(await stored(store, id)).toMatchObject({ outcome: 'deviated', deviations: [{ expected: 2 }] })
  expect(errors).toEqual([])
})

it('says of each step that it was taken', async () => {
  const { store, progress } = await world()
  const id = await migrationGrant(store)
  await progress.load()
  progress.advance(id, 1, 1)
  await progress.settled()
  progress.deviated(id, { at: 5, expected: 1, sha256: 'x' })
  await progress.settled()
  const rows = await store.database.reading.selectFrom('outbox').select('body').orderBy('seq').execute()
  expect(rows.map(({ body }) => JSON.parse(body))).toMatchObject([
    { activity: 'grant.progress', grantId: id, detail: { done: 1, of: 2, outcome: 'running' } },
    { activity: 'grant.progress', severity: 'medium', detail: { outcome: 'deviated', deviations: 1 } },
  ])
})

it('stores what was committed alone', async () => {
  const { store, progress, errors } = await world()
  const id = await migrationGrant(store)
  await progress.load()
  progress.advance(id, 2, 1)
  await progress.settled()
  expect([progress.current(id), (await stored(store, id))?.done]).toEqual([2, 1])
  const next = progressOf(store, errors, 'one', 2)
  await next.load()
  expect(next.current(id)).toBe(1)
})

it('gives the script to one session at a time', async () => {
  const { store, progress } = await world()
  const id = await migrationGrant(store)
  await progress.load()
  expect(progress.take(id, 'one')).toBe(false)
  expect(await takes(progress, id, 'one')).toBe(true)
  expect([await takes(progress, id, 'two'), await takes(progress, 'unknown', 'one')]).toEqual([false, false])
  progress.leave(id, 'two')
  expect(progress.take(id, 'two')).toBe(false)
  progress.leave(id, 'one')
  expect(await takes(progress, id, 'two')).toBe(true)
})

it('gives it to one node at a time, for as long as that node lives', async () => {
  const { store, progress, errors } = await world()
  const id = await migrationGrant(store)
  const seen = (node: string, startedAt: number, seenAt: number) =>
    store.write(async (tx) => {
      if (await tx.nodes.get(node)) await tx.nodes.remove(node)
      await tx.nodes.insert({ id: node, version: 1, startedAt, seenAt, address: null, clockSkewMs: 0 })
    })
  const other = progressOf(store, errors, 'two')
  await seen('one', 1, NOW)
  await progress.load()
  await other.load()
  expect(await takes(progress, id, 'a')).toBe(true)
  expect(await takes(other, id, 'b')).toBe(false)
  progress.advance(id, 1, 1)
  progress.leave(id, 'a')
  await progress.settled()
  // Asked again at once it says no from memory; a moment later it asks the store.
  expect(other.awaited(id, 'b')).toBe(false)
  await expect.poll(() => takes(other, id, 'b'), { timeout: 5_000 }).toBe(true)
  expect(other.current(id)).toBe(1)
  expect((await stored(store, id))?.runner).toEqual({ node: 'two', startedAt: 1 })
  // A node that was not seen for longer than any lease runs nothing any more; nor does one that was started anew.
  await seen('two', 1, NOW - 39_000)
  expect(await takes(progressOf(store, errors, 'three'), id, 'c')).toBe(false)
  await seen('two', 1, NOW - 41_000)
  const third = progressOf(store, errors, 'three')
  await third.load()
  expect(await takes(third, id, 'c')).toBe(true)
  await seen('three', 2, NOW)
  const fourth = progressOf(store, errors, 'four')
  await fourth.load()
  expect(await takes(fourth, id, 'd')).toBe(true)
  expect(errors).toEqual([])
})

it('runs nothing by its own count where another node has moved it, until it was read anew', async () => {
  const { store, progress } = await world()
  const other = progressOf(store, [], 'two')
  const id = await migrationGrant(store)
  await progress.load()
  await other.load()
  other.advance(id, 1, 1)
  progress.advance(id, 2, 2)
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
  const write: SqlStore['write'] = (work) =>
    broken ? Promise.reject(new SallyportError('SP-STORE', 'is gone')) : store.write(work)
  const flaky = Object.assign(Object.create(store) as SqlStore, { write, onChange: () => () => {} })
  const read: SqlStore['read'] = (work) => store.read(work)
  const progress = progressOf(Object.assign(flaky, { read }), errors)
  await progress.load()
  broken = true
  progress.advance(id, 1, 1)
  await progress.settled()
  expect([progress.current(id), errors]).toEqual([null, ['is gone']])
  broken = false
  expect(progress.current(id)).toBeNull()
  await progress.settled()
  expect(progress.current(id)).toBe(1)
  expect((await stored(store, id))?.done).toBe(1)
})
