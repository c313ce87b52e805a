import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { KyselyPlugin } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openStore } from '../../src/store/open_store.ts'
import { createOutbox } from '../../src/store/outbox.ts'
import { everyRecord } from '../../src/store/snapshot.ts'
import { SqlStore } from '../../src/store/sql_store.ts'
import { type Backend, postgresBackend, sqliteBackend } from './backends.ts'
import { accessEvent, grantRecord, lock } from './records.ts'

const CHILD = new URL('./crash_child.ts', import.meta.url).pathname
/** How long a process may write before it is killed, in each round. */
const LIVES_MS = [0, 7, 30, 90]
const TIMEOUT_MS = 60_000
const SLOW = { timeout: 20_000 }

describe.each<Backend>([sqliteBackend(), postgresBackend()])('a crash, on $name', (backend) => {
  let folder = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'))
    await backend.start()
  })
  afterAll(async () => {
    await backend.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it(
    'of the process, at any moment, leaves each grant with its event and none without',
    async () => {
      const place = await backend.place()
      const log = join(folder, 'log')
      writeFileSync(log, '')
      for (const life of LIVES_MS) {
        const child = spawn(process.execPath, [CHILD, JSON.stringify(await place.asJson()), log], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
        await wait(life)
        // The last one lives until something has come to the log, however slow the machine is.
        if (life === LIVES_MS.at(-1)) await vi.waitFor(() => expect(readFileSync(log, 'utf8')).not.toBe(''), SLOW)
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      const store = await place.open()
      const append = async (events: readonly { entity: { id: string } }[]) =>
        appendFileSync(log, events.map(({ entity }) => `${entity.id}\n`).join(''))
      const outbox = createOutbox(store, { append, failed: () => {} })
      await outbox.flush()
      await outbox.close()
      const granted = (await store.read((tx) => everyRecord(tx.grants, {}))).map(({ id }) => id)
      const logged = readFileSync(log, 'utf8').trimEnd().split('\n')
      expect(granted.length).toBeGreaterThan(0)
      expect([...new Set(logged)].sort()).toEqual([...granted].sort())
      await store.close()
    },
    TIMEOUT_MS,
  )

  it('of any statement of a transaction leaves all of it or nothing, and delivery goes on', async () => {
    const plain = await (await backend.place()).open()
    let left = Number.POSITIVE_INFINITY
    const faults: KyselyPlugin = {
      transformQuery: ({ node }) => {
        left--
        if (left < 0) throw Object.assign(new Error('injected'), { code: 'XX000' })
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const { database } = plain
    const writing = database.writing.withPlugin(faults)
    const singly: typeof database.singly = (work) => database.singly((db) => work(db.withPlugin(faults)))
    const store = new SqlStore({ ...database, writing, singly })
    const kept = new Set<string>()
    const log: string[] = []
    const append = async (events: readonly { entity: { id: string } }[]) => {
      log.push(...events.map(({ entity }) => entity.id))
    }
    const outbox = createOutbox(store, { append, failed: () => {} })
    for (let statements = 0; ; statements++) {
      left = statements
      const record = lock()
      const result = await Promise.allSettled([
        store.write(async (tx) => {
          await tx.locks.insert(record)
          await tx.locks.update({ ...record, reason: 'changed' })
          tx.record(accessEvent({ entity: { type: 'lock', id: record.id } }))
          tx.record(accessEvent({ entity: { type: 'lock', id: record.id } }))
        }),
      ])
      const [{ status }] = result as [PromiseSettledResult<void>]
      if (status === 'fulfilled') kept.add(record.id)
      const stored = await plain.read((tx) => tx.locks.get(record.id))
      expect(stored?.reason ?? null).toBe(status === 'fulfilled' ? 'changed' : null)
      await outbox.flush().catch(() => {})
      if (left >= 0) break
    }
    left = Number.POSITIVE_INFINITY
    await outbox.flush()
    expect(kept.size).toBeGreaterThan(0)
    expect(new Set(log)).toEqual(kept)
    expect(await plain.read((tx) => tx.grants.list({}))).toEqual([])
    await outbox.close()
    await plain.close()
  })
})

it('refuses a second process, and forgives one that was killed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-lock-'))
  const child = spawn(process.execPath, [CHILD, JSON.stringify({ kind: 'sqlite', dir }), join(dir, 'log')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
  const second = openStore({ kind: 'sqlite', dir })
  await expect(second).rejects.toThrow(/^SP-STORE: .*store.sqlite is held by another process/)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = await openStore({ kind: 'sqlite', dir })
  await store.write((tx) => tx.grants.insert(grantRecord()))
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})
