import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeHead } from '../../src/recording/recording_head.ts'
import { Recordings } from '../../src/recording/recordings.ts'
import { deleteExpired } from '../../src/recording/retention.ts'
import { verifyRecordings } from '../../src/recording/verify_recordings.ts'
import { HEAD, LIMITS, MemoryFile, SEAL_TO } from './fixture.ts'

const idOf = (number: number) => `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`
const DAY_MS = 86_400_000
const NOW = Date.UTC(2030, 5, 1)

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'recordings-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function store(number: number, ageMs: number, more: Partial<typeof HEAD> = {}): string {
  const id = idOf(number)
  const path = join(directory, `${id}.recording`)
  const at = (NOW - ageMs) / 1000
  writeFileSync(path, encodeHead({ ...HEAD, id, started: NOW - ageMs, ...more }))
  utimesSync(path, at, at)
  return id
}

describe('retention', () => {
  const retention = () => ({ directory, retentionMs: 10 * DAY_MS, hold: [] as string[], heldTimes: [] })
  const left = () => readdirSync(directory).map((name) => name.slice(0, 36))
  const deleted: string[] = []
  const record = async ({ stored }: { stored: { id: string } }) => void deleted.push(stored.id)

  it('deletes what is older and under no hold, and has each on record before', async () => {
    const old = store(1, 11 * DAY_MS)
    const young = store(2, 9 * DAY_MS)
    const open = store(3, 30 * DAY_MS)
    const ofGrant = store(4, 30 * DAY_MS, { grantId: 'held-grant' })
    const ofBob = store(5, 30 * DAY_MS, { person: { ...HEAD.person, email: 'bob@example.test' } })
    const unread = join(directory, `${idOf(6)}.recording`)
    writeFileSync(unread, 'not a recording')
    utimesSync(unread, 0, 0)
    const hold = ['held-grant', 'bob@example.test']
    expect(await deleteExpired({ ...retention(), hold }, new Set([open]), NOW, record)).toBe(1)
    expect(deleted).toEqual([old])
    expect(left().sort()).toEqual([young, open, ofGrant, ofBob, idOf(6)].sort())
  })

  it('keeps what lies in the time of a legal hold, and what can not be put on record', async () => {
    const id = store(1, 30 * DAY_MS)
    const heldTimes = [{ from: NOW - 31 * DAY_MS, to: NOW - 29 * DAY_MS }]
    expect(await deleteExpired({ ...retention(), heldTimes }, new Set(), NOW, record)).toBe(0)
    const refused = () => Promise.reject(new Error('the log is full'))
    await expect(deleteExpired(retention(), new Set(), NOW, refused)).rejects.toThrow('full')
    expect(left()).toEqual([id])
  })
})

it('verifies each file against what the log has of it', async () => {
  const [good, changed, open, torn, unknown] = [1, 2, 3, 4, 5].map((number) => store(number, 0))
  const sha256 = (number: number) => hash('sha256', encodeHead({ ...HEAD, id: idOf(number), started: NOW }), 'hex')
  const logged = (id: string | undefined, closed: { sha256: string; why: string | null } | null, gone = false) =>
    [id ?? '', { id: id ?? '', started: true, closed: closed && { bytes: 1, ...closed }, deleted: gone }] as const
  const findings = await verifyRecordings(
    directory,
    new Map([
      logged(good, { sha256: sha256(1), why: null }),
      logged(changed, { sha256: 'other', why: null }),
      logged(open, null),
      logged(torn, { sha256: sha256(4), why: 'ENOSPC' }),
      logged(idOf(6), { sha256: 'gone', why: null }),
      logged(idOf(7), { sha256: 'gone', why: null }, true),
    ]),
  )
  expect(new Map(findings.map(({ id, state }) => [id, state]))).toEqual(
    new Map([
      [good, 'good'],
      [changed, 'changed'],
      [open, 'open'],
      [torn, 'torn'],
      [unknown, 'unknown'],
      [idOf(6), 'missing'],
      [idOf(7), 'deleted'],
    ]),
  )
})

describe('opening a recording', () => {
  const { id, started: _, node, sealedTo: __, ...about } = HEAD
  const recordings = (sealTo: Uint8Array | null, file = new MemoryFile()) =>
    new Recordings({
      settings: () => ({ directory, sealTo, ...LIMITS }),
      node,
      now: () => NOW,
      monotonic: () => 0,
      openFile: async () => file,
    })

  it('is refused without a key, and where not even its head can be written', async () => {
    await expect(recordings(null).begin({ id, ...about })).rejects.toThrow(/SP-RECORDING.*no key/)
    const full = new MemoryFile()
    full.room = 10
    await expect(recordings(SEAL_TO, full).begin({ id, ...about })).rejects.toThrow(/SP-RECORDING.*ENOSPC/)
    expect([full.closed, readdirSync(directory)]).toEqual([true, []])
  })

  it('is known as open until its end is on record', async () => {
    const all = recordings(SEAL_TO)
    const recording = await all.begin({ id, ...about })
    expect([...all.open]).toEqual([id])
    all.ending(
      id,
      recording.close('over').then(() => undefined),
    )
    await all.settled()
    expect([...all.open]).toEqual([])
  })
})
