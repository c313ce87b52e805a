import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { StoreQuota } from '../../src/store/store_quota.ts'
import { type Backend, postgresBackend, sqliteBackend } from './backends.ts'

const HOUR_MS = 3_600_000
const PART_MS = HOUR_MS / 60
/** Nodes hear of each other each second. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000 })

describe.each<Backend>([sqliteBackend(), postgresBackend()])('limits over nodes, on $name', (backend) => {
  let store: SqlStore
  let at = { now: Date.now(), monotonic: 0 }
  const clock = { now: () => at.now, monotonic: () => at.monotonic }
  const failed = vi.fn()
  const node = (of: SqlStore = store) => new StoreQuota({ store: of, clock, failed })
  const rows = (key: string, max: number) => ({ key: `rows\0${key}`, max, windowMs: HOUR_MS })

  beforeAll(async () => {
    await backend.start()
    store = await (await backend.place()).open()
  })
  afterAll(async () => {
    await store?.close()
    await backend.stop()
  })

  it('count what another node took, and what was taken before a restart', async () => {
    const limit = rows('shared', 10_000)
    const one = node()
    const two = node()
    expect(one.reserve(limit, 2_000)).toBe(2_000)
    expect(two.reserve(limit, 500)).toBe(500)
    await until(() => expect(two.usage(limit).used).toBe(2_500))
    await one.close()
    const restarted = node()
    restarted.usage(limit)
    restarted.reserve(limit, 0)
    await until(() => expect(restarted.usage(limit).used).toBe(2_500))
    for (let taken = 2_500; taken < 10_000; taken += 500) {
      await until(() => expect(restarted.reserve(limit, 500)).toBe(500))
    }
    expect(restarted.reserve(limit, 1)).toBe(0)
    await until(() => {
      two.reserve(limit, 0)
      expect(two.usage(limit).used).toBe(10_000)
    })
    expect(two.reserve(limit, 1)).toBe(0)
    for (const quota of [two, restarted]) await quota.close()
  })

  it('give back what was not used, and all of it after the window', async () => {
    const limit = rows('back', 2_000)
    const one = node()
    const two = node()
    expect(one.reserve(limit, 900)).toBe(900)
    one.giveBack(limit, 400)
    await until(() => {
      two.reserve(limit, 0)
      expect(two.usage(limit).used).toBe(500)
    })
    one.giveBack(limit, 500)
    await until(() => {
      two.reserve(limit, 0)
      expect(two.usage(limit).used).toBe(0)
    })
    expect(one.reserve(limit, 1_000)).toBe(1_000)
    await one.close()
    at = { now: at.now + HOUR_MS + PART_MS, monotonic: at.monotonic + HOUR_MS + PART_MS }
    const later = node()
    expect(later.reserve(limit, 1_000)).toBe(1_000)
    await until(() => expect(later.usage(limit).used).toBe(1_000))
    for (const quota of [two, later]) await quota.close()
  })

  it('let one result have all of the limit, however fast it comes', async () => {
    const limit = rows('whole', 8_000)
    const place = await backend.place()
    const store = await place.open()
    const quota = node(store)
    expect(quota.reserve(limit, 7_999)).toBe(7_999)
    expect(quota.reserve(limit, 7_999)).toBe(1)
    await quota.close()
    await store.close()
  })

  it('refuse what goes beyond a part of the limit once the store can not be told', async () => {
    const limit = rows('alone', 8_000)
    const place = await backend.place()
    const other = await place.open()
    const quota = node(other)
    await other.close()
    expect(quota.reserve(limit, 5_000)).toBe(5_000)
    await until(() => expect(failed).toHaveBeenCalled())
    expect(quota.reserve(limit, 1)).toBe(0)
    expect(quota.reserve(rows('another', 8_000), 5_000)).toBe(2_000)
    await expect(quota.close()).rejects.toMatchObject({ code: 'SP-STORE' })
  })
})
