import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import type { Catalog } from '../../src/sql/catalog.ts'
import { type CatalogChange, type CatalogReaders, createCatalogs } from '../../src/upstream/catalogs.ts'
import { createFormerNames } from '../../src/upstream/former_names.ts'
import { targetOf } from './target.ts'

const target = targetOf({ engine: 'postgres', port: 1 })
const POLL_MS = target.catalogPollMs

function catalogOf(digest: string): Catalog {
  return { digest, dialect: 'mysql' } as unknown as Catalog
}

/** Readers of a pretended database, whose content is `digest`; a read takes as long as `gate` does. */
class Database implements CatalogReaders {
  digest = 'one'
  down = false
  reads = 0
  fingerprints = 0
  gate: Promise<void> = Promise.resolve()
  /** SQLSTATEs that the next reads fail with. */
  failures: string[] = []

  async fingerprint(): Promise<string> {
    this.fingerprints++
    if (this.down) throw new SallyportError('SP-UPSTREAM', 'down')
    return this.digest
  }

  async read(): Promise<Catalog> {
    const { digest } = this
    this.reads++
    await this.gate
    const code = this.failures.shift()
    if (code) throw new SallyportError('SP-UPSTREAM', code, { cause: Object.assign(new Error('no'), { code }) })
    return catalogOf(digest)
  }
}

let database: Database
let log: string[]
let ready: string[]
let before: ((change: CatalogChange) => Promise<void>) | undefined

function catalogs() {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  return createCatalogs({
    formerNames: createFormerNames(null),
    targets: [target],
    clock,
    readers: database,
    log: (event) => log.push(event.message),
    ready: (name) => ready.push(name),
    before: async (change) => before?.(change),
  })
}

beforeEach(() => {
  vi.useFakeTimers()
  database = new Database()
  log = []
  ready = []
  before = undefined
})
afterEach(() => {
  vi.useRealTimers()
})

describe('createCatalogs', () => {
  it('reads once for all who wait', async () => {
    const live = catalogs()
    expect(live.current('shop', 'shop')).toBeUndefined()
    const both = await Promise.all([live.ensure(target, 'shop'), live.ensure(target, 'shop')])
    expect(both[0]).toBe(both[1])
    expect(database.reads).toBe(1)
    expect(live.current('shop', 'shop')).toBe(both[0])
    expect(live.current('shop', 'other')).toBeUndefined()
    live.close()
  })

  it('reads again only when the fingerprint differs, and tells who listens', async () => {
    const live = catalogs()
    const changes: string[] = []
    const stop = live.onChange((change) => changes.push(change.catalog.digest))
    await live.ensure(target, 'shop')
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(database).toMatchObject({ reads: 1, fingerprints: 2 })
    database.digest = 'two'
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(live.current('shop', 'shop')?.digest).toBe('two')
    expect(changes).toEqual(['one', 'two'])
    stop()
    database.digest = 'three'
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(changes).toHaveLength(2)
    live.close()
  })

  it('holds a catalog back for what has to follow it, but not for ever, and not where it has changed again', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    live.current('shop', 'shop')
    const told: string[] = []
    const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    before = ({ catalog }) => steps[told.push(catalog.digest) - 1]?.promise ?? Promise.resolve()
    database.digest = 'two'
    live.invalidate('shop', 'DDL')
    await vi.waitFor(() => expect(told).toHaveLength(1))
    expect([told, live.current('shop', 'shop'), live.awaited('shop', 'shop')]).toEqual([['two'], undefined, true])
    database.digest = 'three'
    live.invalidate('shop', 'DDL')
    steps[0]?.resolve()
    await vi.waitFor(() => expect(told).toHaveLength(2))
    expect([told, live.current('shop', 'shop')]).toEqual([['two', 'three'], undefined])
    steps[1]?.resolve()
    await vi.advanceTimersByTimeAsync(0)
    expect(live.current('shop', 'shop')?.digest).toBe('three')
    database.digest = 'four'
    live.invalidate('shop', 'DDL')
    await vi.advanceTimersByTimeAsync(1_900)
    expect(live.current('shop', 'shop')).toBeUndefined()
    await vi.advanceTimersByTimeAsync(200)
    expect(live.current('shop', 'shop')?.digest).toBe('four')
    live.close()
  })

  it('gives no stale snapshot after invalidate, and drops a read that began before it', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    const gate = Promise.withResolvers<void>()
    database.gate = gate.promise
    live.invalidate('shop', 'DDL')
    expect(live.current('shop', 'shop')).toBeUndefined()
    await vi.advanceTimersByTimeAsync(0)
    database.digest = 'two'
    live.invalidate('shop', 'DDL')
    gate.resolve()
    const catalog = await live.ensure(target, 'shop')
    expect(catalog.digest).toBe('two')
    expect(log.filter((message) => message.includes('DDL'))).toHaveLength(2)
    live.close()
  })

  it('confirms by its fingerprint a snapshot that did not change, and says when it may be relied on', async () => {
    const live = catalogs()
    const before = await live.ensure(target, 'shop')
    expect(ready).toEqual(['shop'])
    expect(live.awaited('shop', 'shop')).toBe(false)
    live.invalidate('shop', 'DDL')
    expect(live.current('shop', 'shop')).toBeUndefined()
    expect(live.latest('shop', 'shop')).toBe(before)
    expect(live.awaited('shop', 'shop')).toBe(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(live.current('shop', 'shop')).toBe(before)
    expect([database.reads, ready.length]).toEqual([1, 2])
    live.close()
  })

  it('keeps the snapshot that it has where only reading tells that nothing changed, as in MySQL', async () => {
    database.fingerprint = async () => null as never
    const live = catalogs()
    const before = await live.ensure(target, 'shop')
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(database.reads).toBe(2)
    expect(live.current('shop', 'shop')).toBe(before)
    live.invalidate('shop', 'DDL')
    expect(await live.ensure(target, 'shop')).toBe(before)
    database.digest = 'two'
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(live.current('shop', 'shop')?.digest).toBe('two')
    live.close()
  })

  it('reads one that nobody needed lately only when somebody does', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    await vi.advanceTimersByTimeAsync(61_000)
    const { fingerprints } = database
    live.invalidate('shop', 'DDL')
    await vi.advanceTimersByTimeAsync(0)
    expect(database.fingerprints).toBe(fingerprints)
    expect(live.awaited('shop', 'shop')).toBe(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(live.awaited('shop', 'shop')).toBe(false)
    expect(live.awaited('shop', 'nowhere')).toBe(false)
    live.close()
  })

  it('looks for a change at once where one is only suspected, but not at every suspicion', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    for (let i = 0; i < 50; i++) {
      live.recheck('shop')
      expect(live.current('shop', 'shop')).toBeDefined()
      await vi.advanceTimersByTimeAsync(10)
    }
    expect(database.fingerprints).toBeGreaterThan(3)
    expect(database.fingerprints).toBeLessThan(8)
    live.close()
  })

  it('comes to an end though definitions change all the time', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    const storm = setInterval(() => live.invalidate('shop', 'DDL'), 100)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(live.latest('shop', 'shop')).toBeDefined()
    clearInterval(storm)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(live.current('shop', 'shop')).toBeDefined()
    live.close()
  })

  it('keeps a snapshot through a short failure and drops it after thirty seconds', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    database.down = true
    await vi.advanceTimersByTimeAsync(25_000)
    expect(live.current('shop', 'shop')).toBeDefined()
    await vi.advanceTimersByTimeAsync(6_000)
    expect(live.current('shop', 'shop')).toBeUndefined()
    await expect(live.ensure(target, 'shop')).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
    database.down = false
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(live.current('shop', 'shop')).toBeDefined()
    live.close()
  })

  it('reads once more where something was dropped while it read, and no other failure again', async () => {
    const live = catalogs()
    database.failures = ['XX000', '42P01']
    const reading = live.ensure(target, 'shop')
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await reading).digest).toBe('one')
    expect(database.reads).toBe(3)
    database.failures = ['53300']
    await expect(live.ensure(target, 'other')).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
    expect(database.reads).toBe(4)
    live.close()
  })

  it('polls neither a database that could not be read at all nor after close', async () => {
    const live = catalogs()
    database.down = true
    await expect(live.ensure(target, 'nowhere')).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
    await vi.advanceTimersByTimeAsync(POLL_MS * 3)
    expect(database.fingerprints).toBe(1)
    database.down = false
    await live.ensure(target, 'shop')
    live.close()
    await vi.advanceTimersByTimeAsync(POLL_MS * 3)
    expect(database.reads).toBe(1)
    await expect(live.ensure(target, 'shop')).rejects.toMatchObject({ code: 'SP-CATALOG' })
  })

  it('lets go of a database that nobody asks for', async () => {
    const live = catalogs()
    await live.ensure(target, 'shop')
    await vi.advanceTimersByTimeAsync(620_000)
    const { fingerprints } = database
    await vi.advanceTimersByTimeAsync(60_000)
    expect(database.fingerprints).toBe(fingerprints)
    live.close()
  })
})
