import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import { backup } from '../../src/store/backup.ts'
import { createOutbox } from '../../src/store/outbox.ts'
import { restore } from '../../src/store/restore.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { type Backend, postgresBackend, sqliteBackend } from './backends.ts'
import { ALICE, accessEvent, certificate, grantRecord, lock, newId, password } from './records.ts'

const NOW = 1_000
const sqlite = sqliteBackend()
const postgres = postgresBackend()
let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-backup-'))
  for (const backend of [sqlite, postgres]) await backend.start()
})
afterAll(async () => {
  for (const backend of [sqlite, postgres]) await backend.stop()
  rmSync(folder, { recursive: true, force: true })
})

function depsOf(store: SqlStore, now = NOW) {
  const clock = { now: () => now, monotonic: () => 0 }
  return { store, clock, ids: { uuid: newId }, node: 'node-1', actor: ALICE }
}

async function opened(backend: Backend): Promise<SqlStore> {
  return (await backend.place()).open()
}

async function eventsOf(store: SqlStore): Promise<AccessEvent[]> {
  const log: AccessEvent[] = []
  const append = async (events: readonly AccessEvent[]) => {
    log.push(...events)
  }
  const outbox = createOutbox(store, { append, failed: () => {} })
  await outbox.flush()
  await outbox.close()
  return log
}

/** Over a page of records of the past, and one of each kind that could come back to life. */
async function filled(store: SqlStore): Promise<void> {
  const past = Array.from({ length: 510 }, (_, at) => lock({ id: `past-${at}`, liftedAt: 1 }))
  await store.write(async (tx) => {
    for (const record of past) await tx.locks.insert(record)
    await tx.locks.insert(lock({ id: 'held' }))
    await tx.grants.insert(grantRecord({ id: 'active' }))
    await tx.grants.insert(grantRecord({ id: 'proven' }))
    await tx.grants.insert(grantRecord({ id: 'proven but over' }, { end: NOW }))
    await tx.grants.insert(grantRecord({ id: 'scheduled', state: 'scheduled' }))
    await tx.grants.insert(grantRecord({ id: 'ended', state: 'completed', endedAt: 5 }))
    await tx.passwords.insert(password({ id: 'p' }))
    await tx.certificates.insert(certificate({ id: 'c' }))
    await tx.delegations.insert({
      id: 'd',
      version: 1,
      from: ALICE,
      to: ALICE,
      groups: [],
      start: 0,
      end: 9,
      reason: '',
      endedAt: null,
    })
    tx.record(accessEvent({ id: 'not delivered yet' }))
  })
}

describe.each([
  [sqlite, postgres],
  [postgres, sqlite],
])('a backup of $name', (from, to) => {
  it('comes back on the other kind, and nothing that may have ended lives again', async () => {
    const source = await opened(from)
    await filled(source)
    const path = join(folder, `${from.name}.backup`)
    const records = await backup(depsOf(source), { path, logPosition: { seq: 7 }, keys: ['audit-1'] })
    expect(records).toBe(510 + 1 + 5 + 3 + 1)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await source.close()

    const target = await opened(to)
    const result = await restore(depsOf(target, 2_000), {
      path,
      logPosition: { seq: 99 },
      stillValid: ({ id }) => id.startsWith('proven'),
    })
    expect(result).toEqual({ takenAt: NOW, records, endedGrants: 3 })
    const grants = await target.read((tx) => tx.grants.list({}))
    expect(Object.fromEntries(grants.map(({ id, state, version }) => [id, `${state} ${version}`]))).toEqual({
      active: 'revoked 2',
      ended: 'completed 1',
      proven: 'active 1',
      'proven but over': 'revoked 2',
      scheduled: 'revoked 2',
    })
    expect(grants[0]?.grant.parameters).toEqual(new Map([['tenant', 7]]))
    expect(grants[0]?.endReason).toBe('restored from a backup taken at 1970-01-01T00:00:01.000Z')
    expect(await target.read((tx) => tx.locks.count({}))).toBe(511)
    expect(await target.read((tx) => tx.locks.get('held'))).toMatchObject({ liftedAt: null })
    expect(await target.read((tx) => tx.passwords.get('p'))).toMatchObject({ revokedAt: 2_000 })
    expect(await target.read((tx) => tx.certificates.get('c'))).toMatchObject({ revokedAt: 2_000 })
    expect(await target.read((tx) => tx.delegations.get('d'))).toMatchObject({ endedAt: 2_000 })
    const log = await eventsOf(target)
    expect(log.filter(({ id }) => id === 'not delivered yet')).toHaveLength(1)
    expect(
      log
        .filter(({ activity }) => activity === 'grant.revoked')
        .map(({ grantId }) => grantId)
        .sort(),
    ).toEqual(['active', 'proven but over', 'scheduled'])
    expect(log.at(-1)).toMatchObject({
      activity: 'backup.restored',
      severity: 'high',
      detail: {
        takenAt: NOW,
        backupLogPosition: { seq: 7 },
        logPosition: { seq: 99 },
        endedGrants: 3,
        keys: ['audit-1'],
      },
    })
    await target.close()
  })
})

describe('a restore is refused', () => {
  const request = (path: string) => ({ path, logPosition: null, stillValid: () => false })

  it('into a store that is not empty', async () => {
    const store = await opened(sqlite)
    await store.write((tx) => tx.locks.insert(lock()))
    const path = join(folder, 'small')
    await backup(depsOf(store), { path, logPosition: null, keys: [] })
    await expect(restore(depsOf(store), request(path))).rejects.toThrow('into an empty store; this one has locks')
    await store.close()
  })

  it.each<[string, (text: string) => string]>([
    ['a line that is missing', (text) => text.split('\n').toSpliced(1, 1).join('\n')],
    ['an end that is missing', (text) => text.split('\n').slice(0, -2).join('\n')],
    ['a letter that was changed', (text) => text.replace('a test', 'a text')],
    ['a newer schema', (text) => text.replace('"schema":1', '"schema":12')],
    ['another file', () => '{"name":"x"}\n'],
    ['nothing at all', () => ''],
    ['no JSON', () => 'PK\u0003\u0004\n'],
  ])('of a file with %s, and leaves nothing behind', async (_what, spoil) => {
    const store = await opened(sqlite)
    await store.write((tx) => tx.locks.insert(lock()))
    const path = join(folder, 'spoilt')
    await backup(depsOf(store), { path, logPosition: null, keys: [] })
    await store.close()
    writeFileSync(path, spoil(readFileSync(path, 'utf8')))
    const empty = await opened(sqlite)
    await expect(restore(depsOf(empty), request(path))).rejects.toMatchObject({ code: 'SP-STORE' })
    expect(await empty.read((tx) => tx.locks.list({}))).toEqual([])
    expect(await eventsOf(empty)).toEqual([])
    await empty.close()
  })
})

it('is of one moment, though the store goes on being written', async () => {
  for (const backend of [sqlite, postgres]) {
    const store = await opened(backend)
    let going = true
    let pairs = 0
    const writing = (async () => {
      while (going) {
        pairs++
        await store.write(async (tx) => {
          await tx.grants.insert(grantRecord({ id: `g${String(pairs).padStart(6, '0')}`, state: 'expired' }))
          await tx.locks.insert(lock({ id: `l${String(pairs).padStart(6, '0')}`, liftedAt: 1 }))
        })
      }
    })()
    while (pairs < 20) await new Promise((done) => setImmediate(done))
    const path = join(folder, 'moving')
    await backup(depsOf(store), { path, logPosition: null, keys: [] })
    going = false
    await writing
    const text = readFileSync(path, 'utf8')
    const countOf = (table: string) => text.split(`"table":"${table}"`).length - 1
    expect(countOf('grants')).toBeGreaterThan(10)
    expect(countOf('grants')).toBe(countOf('locks'))
    await store.close()
  }
})
