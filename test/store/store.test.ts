import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GrantRecord } from '../../src/access/model.ts'
import { MAX_PAGE } from '../../src/access/ports.ts'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import { personKey } from '../../src/identity/identity.ts'
import { createOutbox } from '../../src/store/outbox.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { type Backend, type Place, postgresBackend, sqliteBackend } from './backends.ts'
import { ALICE, accessEvent, BOB, grantRecord, lock, newId } from './records.ts'

const PROPERTY_RUNS = { numRuns: 25 }

describe.each<Backend>([sqliteBackend(), postgresBackend()])('a store on $name', (backend) => {
  let place: Place
  let store: SqlStore

  beforeAll(async () => {
    await backend.start()
    place = await backend.place()
    store = await place.open()
  })
  afterAll(async () => {
    await store?.close()
    await backend.stop()
  })

  it('gives a record back as it was, also after it was opened again', async () => {
    const record = grantRecord()
    await store.write((tx) => tx.grants.insert(record))
    expect(await store.read((tx) => tx.grants.get(record.id))).toEqual(record)
    await store.close()
    store = await place.open()
    expect(await store.read((tx) => tx.grants.get(record.id))).toEqual(record)
    expect(await store.read((tx) => tx.grants.get(newId()))).toBeUndefined()
  })

  it('refuses a second record of an id, and a write of another version', async () => {
    const record = lock()
    await store.write((tx) => tx.locks.insert(record))
    await expect(store.write((tx) => tx.locks.insert(record))).rejects.toMatchObject({ code: 'SP-CONFLICT' })
    const next = await store.write((tx) => tx.locks.update({ ...record, reason: 'another' }))
    expect(next).toEqual({ ...record, reason: 'another', version: 2 })
    await expect(store.write((tx) => tx.locks.update(record))).rejects.toMatchObject({ code: 'SP-CONFLICT' })
    expect(await store.read((tx) => tx.locks.get(record.id))).toEqual(next)
    await store.write((tx) => tx.locks.remove(record.id))
    await expect(store.write((tx) => tx.locks.update(next))).rejects.toMatchObject({ code: 'SP-CONFLICT' })
  })

  it('keeps all of a transaction or nothing', async () => {
    const record = lock()
    const refused = store.write(async (tx) => {
      await tx.locks.insert(record)
      tx.record(accessEvent())
      throw new RangeError('not this one')
    })
    await expect(refused).rejects.toThrow(RangeError)
    expect(await store.read((tx) => tx.locks.get(record.id))).toBeUndefined()
    expect(await store.database.reading.selectFrom('outbox').selectAll().execute()).toEqual([])
  })

  it('gives up a transaction that takes too long, and what its work does later is lost', async () => {
    const record = lock()
    let worked: Promise<unknown> = Promise.resolve()
    const slow = store.write((tx) => {
      worked = (async () => {
        await tx.locks.insert(record)
        await new Promise((done) => setTimeout(done, 60))
        await tx.locks.insert({ ...record, id: newId() })
      })()
      return worked
    }, 20)
    await expect(slow).rejects.toMatchObject({ code: 'SP-STORE' })
    await store.write((tx) => tx.locks.insert(lock({ label: 'after' })))
    await expect(worked).rejects.toThrow()
    expect(await store.read((tx) => tx.locks.get(record.id))).toBeUndefined()
  })

  it('loses no update of those that meet', async () => {
    const record = grantRecord({ idleAfterMs: 0 })
    await store.write((tx) => tx.grants.insert(record))
    const once = () =>
      store.write(async (tx) => {
        const read = (await tx.grants.get(record.id)) as GrantRecord
        await tx.grants.update({ ...read, idleAfterMs: read.idleAfterMs + 1 })
      })
    await Promise.all(Array.from({ length: 12 }, once))
    expect(await store.read((tx) => tx.grants.get(record.id))).toMatchObject({ idleAfterMs: 12, version: 13 })
  })

  it('tells a reader one state, whatever is written meanwhile', async () => {
    const record = lock()
    await store.write((tx) => tx.locks.insert(record))
    const seen = await store.read(async (tx) => {
      const before = await tx.locks.get(record.id)
      await store.write((writing) => writing.locks.update({ ...record, reason: 'later' }))
      return [before, await tx.locks.get(record.id)]
    })
    expect(seen).toEqual([record, record])
  })

  it('refuses a record that is not one, when it is written and when it is read', async () => {
    const bad = { ...lock(), reason: 7 as unknown as string }
    await expect(store.write((tx) => tx.locks.insert(bad))).rejects.toMatchObject({ code: 'SP-STORE' })
    const record = lock({ value: 'spoilt' })
    await store.write((tx) => tx.locks.insert(record))
    const spoil = (body: string) =>
      store.database.writing.updateTable('locks').set({ body }).where('id', '=', record.id).execute()
    for (const body of ['{', '{}', JSON.stringify({ ...record, value: 'another' })]) {
      await spoil(body)
      const listed = store.read((tx) => tx.locks.list({ where: { value: 'spoilt' } }))
      await expect(listed).rejects.toMatchObject({ code: 'SP-STORE' })
    }
    await store.write((tx) => tx.locks.remove(record.id))
  })

  it('refuses a filter that is none, rather than to show more', async () => {
    for (const where of [{ nobody: 1 }, { what: undefined }, { body: 'x' }] as object[]) {
      await expect(store.read((tx) => tx.locks.list({ where }))).rejects.toMatchObject({ code: 'SP-INPUT' })
      await expect(store.read((tx) => tx.locks.count({ where }))).rejects.toMatchObject({ code: 'SP-INPUT' })
    }
    for (const limit of [0, -1, 1.5, MAX_PAGE + 1]) {
      await expect(store.read((tx) => tx.locks.list({ limit }))).rejects.toMatchObject({ code: 'SP-INPUT' })
    }
  })

  it('keeps texts that SQL databases find hard', async () => {
    const values = ['a\0b', 'a\\0000b', '\\', '\ud800', '\udc00', '\ud83d\ude00', "'; --", '', 'ä', 'Z', 'a']
    for (const value of values) await store.write((tx) => tx.locks.insert(lock({ value, label: 'hard' })))
    for (const value of values) {
      const found = await store.read((tx) => tx.locks.list({ where: { value } }))
      expect(found.map((each) => each.value)).toEqual([value])
    }
  })

  it('lists by filter, page and order as a plain list would', async () => {
    const all: GrantRecord[] = []
    for (let at = 0; at < 40; at++) {
      const state = (['active', 'revoked', 'expired'] as const)[at % 3] as GrantRecord['state']
      const holder = at % 2 === 0 ? ALICE : BOB
      all.push(
        grantRecord(
          { id: `l-${String((at * 7) % 40).padStart(2, '0')}`, state, holder },
          { end: at, target: 'listed' },
        ),
      )
    }
    await store.write(async (tx) => {
      for (const record of all) await tx.grants.insert(record)
    })
    const sorted = [...all].sort((a, b) => (a.id < b.id ? -1 : 1))
    const state = fc.option(fc.subarray(['active', 'revoked', 'expired']), { nil: null })
    const end = fc.option(fc.tuple(fc.nat(40), fc.nat(40)), { nil: null })
    const query = fc.record({
      state,
      end,
      alice: fc.boolean(),
      limit: fc.integer({ min: 1, max: 50 }),
      after: fc.nat(40),
      up: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(query, async ({ state, end, alice, limit, after, up }) => {
        const where = {
          target: 'listed',
          ...(state ? { state } : {}),
          ...(end ? { end: { from: end[0], to: end[1] } } : {}),
          ...(alice ? { person: personKey(ALICE) } : {}),
          review: null,
        }
        const matching = sorted.filter(
          (record) =>
            (!state || state.includes(record.state)) &&
            (!end || (record.grant.end >= end[0] && record.grant.end < end[1])) &&
            (!alice || record.holder === ALICE),
        )
        const edge = `l-${String(after).padStart(2, '0')}`
        const rest = (up ? matching : matching.toReversed()).filter(({ id }) => (up ? id > edge : id < edge))
        const order = up ? 'ascending' : 'descending'
        const listed = await store.read((tx) => tx.grants.list({ where, limit, after: edge, order }))
        expect(listed).toEqual(rest.slice(0, limit))
        expect(await store.read((tx) => tx.grants.count({ where }))).toBe(matching.length)
      }),
      PROPERTY_RUNS,
    )
  })

  it('tells what changed after the commit, and nothing of what was not kept', async () => {
    const told: string[] = []
    const stop = store.onChange(({ what }) => told.push(what))
    await store.write(async (tx) => {
      await tx.locks.insert(lock())
      await tx.grants.insert(grantRecord())
      expect(told).toEqual([])
    })
    expect(new Set(told)).toEqual(new Set(['locks', 'grants']))
    stop()
    const before = told.length
    await store.write((tx) => tx.locks.insert(lock()))
    expect(told).toHaveLength(before)
  })

  it('takes events to the log in the order of their transactions, and again after a failure', async () => {
    const log: AccessEvent[] = []
    let broken = true
    const failures: string[] = []
    const outbox = createOutbox(store, {
      append: async (events) => {
        if (broken) throw new Error('no disk')
        log.push(...events)
      },
      failed: ({ code }) => failures.push(code),
    })
    const events = Array.from({ length: 30 }, (_, at) => accessEvent({ time: at, detail: { at, deep: ['\0'] } }))
    for (let at = 0; at < events.length; at += 3) {
      await store.write(async (tx) => {
        for (const event of events.slice(at, at + 3)) tx.record(event)
      })
    }
    await expect(outbox.flush()).rejects.toThrow()
    broken = false
    await outbox.flush()
    expect(log).toEqual(events)
    expect(failures.length).toBeGreaterThan(0)
    await outbox.close()
  })

  it('refuses an event that the log has no room for, with its transition', async () => {
    const record = lock()
    const large = store.write(async (tx) => {
      await tx.locks.insert(record)
      tx.record(accessEvent({ detail: { text: 'x'.repeat(40_000) } }))
    })
    await expect(large).rejects.toMatchObject({ code: 'SP-INPUT' })
    const spoilt = store.write(async (tx) => tx.record({ ...accessEvent(), time: 'now' as unknown as number }))
    await expect(spoilt).rejects.toMatchObject({ code: 'SP-STORE' })
    expect(await store.read((tx) => tx.locks.get(record.id))).toBeUndefined()
  })

  it('refuses a schema that it does not know', async () => {
    const other = await backend.place()
    const newer = await other.open()
    await newer.database.writing.updateTable('store_schema').set({ version: 12 }).execute()
    await newer.close()
    await expect(other.open()).rejects.toThrow('SP-STORE: the store is at schema 12, this program knows 1')
  })
})
