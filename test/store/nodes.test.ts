import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFileGrants } from '../../src/store/file_grants.ts'
import { openStore } from '../../src/store/open_store.ts'
import { createOutbox } from '../../src/store/outbox.ts'
import type { PostgresSettings } from '../../src/store/settings.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { createStoreGrants } from '../../src/store/store_grants.ts'
import { createLocks } from '../../src/store/store_locks.ts'
import { postgresBackend } from './backends.ts'
import { ALICE, accessEvent, BOB, grantRecord, lock } from './records.ts'
import { type Relay, startRelay } from './relay.ts'

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const LONG_MS = 60_000
const SAMPLE_MS = 2
const HEARD_MS = 100

describe('two nodes on one PostgreSQL', () => {
  const backend = postgresBackend()
  let settings: PostgresSettings
  let relay: Relay
  let near: SqlStore
  let far: SqlStore

  const open = (more: Partial<PostgresSettings>) => openStore({ ...settings, ...more }, { clock })

  beforeAll(async () => {
    await backend.start()
    relay = await startRelay(backend.settings('postgres').port)
  })
  beforeEach(async () => {
    settings = backend.settings(await backend.newDatabase())
  })
  afterAll(async () => {
    await relay.close()
    await backend.stop()
  })

  async function grantsOf(store: SqlStore) {
    const deps = { store, clock, failed: () => {} }
    const locks = await createLocks(deps)
    const grants = await createStoreGrants({ ...deps, locks, files: createFileGrants([], clock) })
    const close = async () => {
      await grants.close()
      await locks.close()
    }
    return { grants, close }
  }

  it('say why they can not open it, without a secret', async () => {
    const refused = open({ password: async () => 'hunter2' })
    await expect(refused).rejects.toThrow(/^SP-STORE: the store can't be opened: password authentication failed/)
    const gone = open({ port: 1, password: async () => 'hunter2' })
    await expect(gone).rejects.toThrow(/^SP-STORE: the store can't be opened: connect ECONNREFUSED/)
    const unproven = open({ tls: { mode: 'verify-full', ca: null, serverName: null } })
    await expect(unproven).rejects.toThrow(/^SP-STORE: the store can't be opened: .*certificate/)
  })

  it('migrate once, whoever comes first', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => open({})))
    for (const store of stores) await store.close()
  })

  it('hear of each other at once, long before the next look', async () => {
    near = await open({ pollMs: LONG_MS, leaseMs: 2 * LONG_MS })
    far = await open({ pollMs: LONG_MS, leaseMs: 2 * LONG_MS })
    const { grants, close } = await grantsOf(far)
    const record = grantRecord({ id: 'a' }, { start: 0, end: Date.now() + LONG_MS })
    await near.write((tx) => tx.grants.insert(record))
    await vi.waitFor(() => expect(grants.refusal('a', ALICE, 'orders')).toBeNull())
    const held = lock()
    await near.write((tx) => tx.locks.insert(held))
    await vi.waitFor(() => expect(grants.refusal('a', ALICE, 'orders')?.code).toBe('SP-LOCKED'))
    await near.write((tx) => tx.locks.update({ ...held, liftedAt: 1 }))
    await vi.waitFor(() => expect(grants.refusal('a', ALICE, 'orders')).toBeNull())
    expect(Math.abs(far.skewMs())).toBeLessThan(1_000)
    await close()
    for (const store of [near, far]) await store.close()
  })

  it('refuse when they are cut off for longer than the lease, and never go back to what they had', async () => {
    near = await open({})
    far = await open({ port: relay.port, pollMs: 100, leaseMs: 700 })
    const record = grantRecord({ id: 'a' }, { start: 0, end: Date.now() + LONG_MS })
    const ended = { state: 'revoked', endedAt: 1, endedBy: BOB, endReason: 'a test' } as const
    await near.write((tx) => tx.grants.insert(record))
    const { grants, close } = await grantsOf(far)
    const story: (string | null)[] = []
    const sampling = setInterval(() => {
      const code = grants.refusal('a', ALICE, 'orders')?.code ?? null
      if (story.at(-1) !== code || story.length === 0) story.push(code)
    }, SAMPLE_MS)
    await vi.waitFor(() => expect(story).toEqual([null]))
    relay.cut()
    const cutAt = performance.now()
    await near.write((tx) => tx.grants.update({ ...record, ...ended }))
    await vi.waitFor(() => expect(story).toEqual([null, 'SP-LEASE']), { timeout: 5_000 })
    expect(performance.now() - cutAt).toBeLessThan(1_500)
    relay.heal()
    await vi.waitFor(() => expect(story).toEqual([null, 'SP-LEASE', 'SP-REVOKED']), { timeout: 10_000 })
    clearInterval(sampling)
    await close()
    for (const store of [near, far]) await store.close()
  })

  it('survive the loss of a connection in the middle of a transaction, between two queries', async () => {
    far = await open({})
    const { host, port, database, user, password } = settings
    const root = new pg.Client({ host, port, database, user, password })
    await root.connect()
    const lost = far.write(async (tx) => {
      await tx.nodes.get('nobody')
      await root.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = $1",
        [database],
      )
      // Until the break is heard of: what nobody listens to would end the process.
      await new Promise((done) => setTimeout(done, HEARD_MS))
    })
    await expect(lost).rejects.toMatchObject({ code: 'SP-STORE' })
    await vi.waitFor(async () => expect(await far.read((tx) => tx.nodes.get('nobody'))).toBeUndefined(), 5_000)
    await root.end()
    await far.close()
  })

  it('share the outbox: each event goes to one of the logs, in order', async () => {
    near = await open({})
    far = await open({})
    const log: string[] = []
    const append = async (events: readonly { readonly id: string }[]) => {
      await new Promise((done) => setImmediate(done))
      log.push(...events.map(({ id }) => id))
    }
    const failed = vi.fn()
    const outboxes = [near, far].map((store) => createOutbox(store, { append, failed }))
    const ids: string[] = []
    for (let at = 0; at < 40; at++) {
      const event = accessEvent()
      ids.push(event.id)
      await (at % 2 === 0 ? near : far).write(async (tx) => tx.record(event))
    }
    await Promise.all(outboxes.map((outbox) => outbox.flush()))
    expect(log).toEqual(ids)
    expect(failed).not.toHaveBeenCalled()
    for (const outbox of outboxes) await outbox.close()
    for (const store of [near, far]) await store.close()
  })
})
