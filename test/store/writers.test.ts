import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionRecord } from '../../src/access/records.ts'
import { createAccountLedger } from '../../src/store/account_ledger.ts'
import { joinNodes } from '../../src/store/nodes.ts'
import { createSessionLog } from '../../src/store/session_log.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { createUsageLog } from '../../src/store/usage_log.ts'
import { type Backend, postgresBackend, sqliteBackend } from './backends.ts'
import { clockAt } from './clock.ts'
import { ALICE, grantRecord, newId } from './records.ts'

const failed = vi.fn()

function session(more: Partial<SessionRecord> = {}): Omit<SessionRecord, 'version'> {
  const { version: _version, ...rest } = {
    version: 1,
    id: newId(),
    node: 'node-1',
    person: ALICE,
    target: 'orders',
    database: 'shop',
    role: 'reader',
    grantId: 'g',
    databaseUser: null,
    clientAddress: '127.0.0.1',
    application: 'psql',
    startedAt: 100,
    lastSeenAt: 100,
    lastStatement: null,
    endedAt: null,
    ...more,
  }
  return rest
}

describe.each<Backend>([sqliteBackend(), postgresBackend()])('what is written behind, on $name', (backend) => {
  let store: SqlStore

  beforeAll(() => backend.start())
  beforeEach(async () => {
    await store?.close()
    store = await (await backend.place()).open()
  })
  afterAll(async () => {
    await store?.close()
    await backend.stop()
  })

  it('keeps the sessions of a node', async () => {
    const log = createSessionLog({ store, failed })
    const long = session({ id: 's-long' })
    const short = session({ id: 's-short' })
    log.opened(long)
    log.opened(short)
    log.closed(short.id, 130)
    await log.flush()
    log.seen(long.id, 150, 'SELECT ?')
    log.seen('another', 150, 'SELECT ?')
    await log.flush()
    const stored = () => store.read((tx) => tx.sessions.list({}))
    expect(await stored()).toMatchObject([
      { id: long.id, lastSeenAt: 150, lastStatement: 'SELECT ?', endedAt: null, version: 2 },
      { id: short.id, endedAt: 130, version: 1 },
    ])
    // Somebody else ended it meanwhile: that stays.
    const [first] = await stored()
    await store.write((tx) => tx.sessions.update({ ...(first as SessionRecord), endedAt: 160 }))
    log.seen(long.id, 170, null)
    await log.close()
    expect((await stored())[0]).toMatchObject({ lastSeenAt: 170, endedAt: 160 })
  })

  it('adds up what was used, also after a failure and over two nodes', async () => {
    const grant = grantRecord({ id: 'g' })
    await store.write((tx) => tx.grants.insert(grant))
    const one = createUsageLog({ store, failed })
    const two = createUsageLog({ store, failed })
    const use = { grantId: 'g', schema: 'shop', table: 'orders', verb: 'read', rows: 5, clear: false, at: 1_000 }
    one.note(use)
    one.note({ ...use, rows: 7, clear: true, at: 900 })
    one.note({ ...use, grantId: 'from-file', verb: 'update' })
    const write = vi.spyOn(store, 'write').mockRejectedValueOnce(new Error('broken'))
    await expect(one.flush()).rejects.toThrow('broken')
    write.mockRestore()
    two.note({ ...use, at: 2_000 })
    await Promise.all([one.close(), two.close()])
    const lines = await store.read((tx) => tx.usage.list({ where: { grantId: 'g' } }))
    expect(lines).toMatchObject([{ statements: 3, rows: 17, clear: 1, firstAt: 900, lastAt: 2_000, table: 'orders' }])
    const noted = await store.read((tx) => tx.grants.get('g'))
    expect(noted).toMatchObject({ firstUsedAt: 900, state: 'active' })
    expect(noted?.lastUsedAt).toBeGreaterThanOrEqual(1_000)
  })

  it('knows which accounts are left, of this node, of another that lives and of one that is gone', async () => {
    const { at, clock } = clockAt(Date.now())
    const live = new Set<string>(['s-live'])
    const isLive = (id: string) => live.has(id)
    const node = (id: string, seenAt: number) => ({
      id,
      version: 1,
      startedAt: 0,
      seenAt,
      address: null,
      clockSkewMs: 0,
    })
    await store.write(async (tx) => {
      await tx.nodes.insert(node('alive', at.now))
      await tx.nodes.insert(node('dead', at.now - 60_000))
      await tx.sessions.insert({ ...session({ id: 's-ended', node: 'alive', endedAt: 5 }), version: 1 })
    })
    const ledgerOf = (name: string) =>
      createAccountLedger({ store, clock, node: name, startedAt: at.now, leaseMs: 0, isLive })
    const own = ledgerOf('node-1')
    const account = (name: string, sessionId: string) => {
      return { target: 'orders', name, sessionId, grantId: 'g', expiresAt: at.now + 1_000 }
    }
    await createAccountLedger({
      store,
      clock: { ...clock, now: () => at.now - 1 },
      node: 'node-1',
      startedAt: 0,
      leaseMs: 0,
      isLive,
    }).note(account('before', 's-live'))
    for (const [name, sessionId] of [
      ['live', 's-live'],
      ['over', 's-over'],
      ['warm', ''],
      ['closing', 's-live'],
      ['gone', 's-live'],
    ] as const) {
      await own.note(account(name, sessionId))
      await own.made('orders', name)
    }
    await own.closing('orders', 'closing')
    await own.dropped('orders', 'gone')
    for (const name of ['alive', 'dead']) {
      await ledgerOf(name).note(account(`of-${name}`, 's-elsewhere'))
      await ledgerOf(name).note(account(`ended-of-${name}`, 's-ended'))
    }
    await own.note({ ...account('of-another-target', 's'), target: 'another' })
    const used = async () =>
      (await own.left('orders'))
        .filter(({ inUse }) => inUse)
        .map(({ name }) => name)
        .sort()
    expect((await own.left('orders')).map(({ name }) => name).sort()).toEqual([
      'before',
      'closing',
      'ended-of-alive',
      'ended-of-dead',
      'live',
      'of-alive',
      'of-dead',
      'over',
      'warm',
    ])
    // A login that is under way has no session yet.
    expect(await used()).toEqual(['live', 'of-alive', 'over', 'warm'])
    at.monotonic += 60_000
    expect(await used()).toEqual(['live', 'of-alive', 'warm'])
    await own.failed('orders', 'live', 'it owns objects')
    expect(await used()).toEqual(['of-alive', 'warm'])
    expect(await store.read((tx) => tx.accounts.get('orders/live'))).toMatchObject({ attempts: 1, state: 'orphaned' })
    await expect(own.made('orders', 'nobody')).rejects.toMatchObject({ code: 'SP-NOT-FOUND' })
  })

  it.each([
    ['a node that is seen', 'node-2', 1_000, 0, 30_000, false],
    ['a node that may still live by its lease', 'node-2', 31_000, 0, 30_000, false],
    ['a node whose lease is over', 'node-2', 32_000, 0, 30_000, true],
    ['a node that beats late', 'node-2', 14_000, 0, 1_000, false],
    ['a node that is not seen', 'node-2', 15_000, 0, 1_000, true],
    ['a process before the one that is seen', 'node-2', 1_000, 5_000, 30_000, true],
    ['a node that has left', 'another', 1_000, 0, 30_000, true],
  ])('knows whose accounts are abandoned: of %s', async (_, id, ago, startedLater, leaseMs, abandoned) => {
    const { clock, at } = clockAt(1_000_000)
    const base = { store, clock, isLive: () => false, leaseMs }
    const account = { target: 'shelf', name: 'one', sessionId: 's-none', grantId: 'g', expiresAt: at.now + 1_000 }
    await createAccountLedger({ ...base, node: 'node-2', startedAt: 0 }).note(account)
    const times = { startedAt: at.now + startedLater, seenAt: at.now }
    await store.write((tx) => tx.nodes.insert({ id, version: 1, ...times, address: null, clockSkewMs: 0 }))
    at.now += ago
    const own = createAccountLedger({ ...base, node: 'node-1', startedAt: 0 })
    expect(await own.left('shelf')).toMatchObject([{ name: 'one', abandoned }])
  })

  it('writes a crowd of small changes in few transactions, in order', async () => {
    const { clock } = clockAt(0)
    const ledger = createAccountLedger({ store, clock, node: 'node-1', startedAt: 0, leaseMs: 0, isLive: () => true })
    const writes = vi.spyOn(store, 'write')
    const names = Array.from({ length: 100 }, (_, at) => `account-${at}`)
    await Promise.all(
      names.flatMap((name) => [
        ledger.note({ target: 'orders', name, sessionId: name, grantId: 'g', expiresAt: 1 }),
        ledger.made('orders', name),
        ledger.dropped('orders', name),
      ]),
    )
    expect(writes.mock.calls.length).toBeLessThan(8)
    expect(await store.read((tx) => tx.accounts.count({ where: { state: 'dropped' } }))).toBe(100)
  })

  it('tells that a node lives, and ends what a dead one left', async () => {
    const { clock } = clockAt(Date.now())
    const at = clock.now()
    await store.write(async (tx) => {
      await tx.nodes.insert({
        id: 'dead',
        version: 1,
        startedAt: 0,
        seenAt: at - 60_000,
        address: null,
        clockSkewMs: 0,
      })
      await tx.nodes.insert({ id: 'alive', version: 1, startedAt: 0, seenAt: at, address: null, clockSkewMs: 0 })
      for (const node of ['dead', 'alive', 'node-1', 'never']) {
        await tx.sessions.insert({ ...session({ id: `of-${node}`, node, lastSeenAt: 120 }), version: 1 })
      }
    })
    const presence = await joinNodes({ store, clock, ids: { uuid: newId }, failed, node: 'node-1', address: null })
    expect(presence.startedAt).toBe(at)
    const live = await store.read((tx) => tx.sessions.list({ where: { endedAt: null } }))
    expect(live.map(({ id }) => id)).toEqual(['of-alive'])
    expect(await store.read((tx) => tx.sessions.get('of-dead'))).toMatchObject({ endedAt: 120 })
    expect(await store.read((tx) => tx.nodes.get('node-1'))).toMatchObject({ startedAt: at })
    await presence.close()
    expect(await store.read((tx) => tx.nodes.get('node-1'))).toBeUndefined()
  })
})
