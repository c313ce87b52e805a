import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { linesFrom } from '../../src/auditlog/log_lines.ts'
import { splitNotes } from '../../src/auditlog/notes.ts'
import { classOf, isPast, type RecordClass, type Retention } from '../../src/auditlog/retention.ts'
import { compressedPath, notesPath, plainPath, segmentsOf, startPath } from '../../src/auditlog/segments.ts'
import type { PastSegment } from '../../src/auditlog/upkeep.ts'
import { Upkeep } from '../../src/auditlog/upkeep_thread.ts'
import { completion, decision } from '../audit/events.ts'
import { openTestLog } from './log.ts'

const DAY = 86_400_000
const NOW = Date.now()
const KEEP: Retention = {
  default: 10 * DAY,
  statements: null,
  logins: null,
  alerts: null,
  administration: null,
  holds: [],
}

/** A log of four segments, each with a statement of so many days ago. */
async function logOf(daysAgo: readonly number[]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-upkeep-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const directory = join(dir, 'audit')
  let age = 0
  const clock = { now: () => NOW, monotonic: () => age }
  const log = await openTestLog(directory, { clock, segment: { maxBytes: 1e9, maxAgeMs: 1_000 } })
  for (const days of daysAgo) {
    await log.append([decision({ time: NOW - days * DAY }), { ...completion(), time: NOW - days * DAY }])
    age += 2_000
  }
  await log.close()
  return directory
}

function upkeep(
  directory: string,
  more: { retention?: Partial<Retention>; delivered?: number; compress?: boolean; now?: number } = {},
) {
  const { retention, delivered = Number.POSITIVE_INFINITY, compress = false, now = NOW + 2 * DAY } = more
  const told: PastSegment[] = []
  const failures: unknown[] = []
  const made = new Upkeep({
    settings: () => ({ directory, compress, retention: { ...KEEP, ...retention } }),
    delivered: () => delivered,
    now: () => now,
    deleting: async (segment) => {
      expect(
        existsSync(plainPath(directory, segment.first)) || existsSync(compressedPath(directory, segment.first)),
      ).toBe(true)
      told.push(segment)
    },
    failed: (error) => failures.push(error),
  })
  onTestFinished(() => made.close())
  return {
    told,
    run: async () => {
      made.run()
      await made.settled()
      expect(failures).toEqual([])
    },
  }
}

/** Files look as old as what is in them. */
const firsts = (directory: string) => segmentsOf(directory).map(({ first }) => first)

describe('the upkeep of the log', () => {
  it('compresses closed segments, and what they hold stays the same', async () => {
    const directory = await logOf([4, 3, 2, 1])
    const before = [...linesFrom(directory)].map(({ bytes }) => bytes.toString())
    await upkeep(directory, { compress: true }).run()
    expect(segmentsOf(directory).map(({ compressed }) => compressed)).toEqual([true, true, true, false])
    expect([...linesFrom(directory)].map(({ bytes }) => bytes.toString())).toEqual(before)
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([])
    const again = await openTestLog(directory)
    await again.append([decision()])
    await again.close()
    expect([...linesFrom(directory)]).toHaveLength(before.length + 1)
  })

  it('begins anew where it was killed before, and leaves alone what has no checkpoint', async () => {
    const directory = await logOf([4, 3, 2])
    writeFileSync(`${compressedPath(directory, 0)}.new`, 'torn')
    rmSync(notesPath(directory, 2))
    await upkeep(directory, { compress: true }).run()
    expect(segmentsOf(directory).map(({ compressed }) => compressed)).toEqual([true, false, false])
  })

  it('deletes what is past its time, from the oldest on, and leaves its last checkpoint', async () => {
    const directory = await logOf([30, 20, 5, 40, 1])
    const { told, run } = upkeep(directory, { now: NOW + 11 * DAY, retention: { default: 17 * DAY } })
    // Of what was written now the file is young: as if days had gone by.
    await run()
    expect(told).toEqual([])
    const later = upkeep(directory, { now: NOW + 18 * DAY, retention: { default: 24 * DAY } })
    await later.run()
    expect(later.told).toEqual([])
    const past = upkeep(directory, { now: NOW + 30 * DAY, retention: { default: 29 * DAY } })
    await past.run()
    // The last is open, whatever is in it.
    expect(past.told.map(({ first, next }) => [first, next])).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 8],
    ])
    expect(firsts(directory)).toEqual([8])
    for (const first of [0, 2, 4, 6])
      expect(splitNotes(readFileSync(notesPath(directory, first), 'utf8'))).toHaveLength(1)
    for (const first of [2, 4, 6, 8]) expect(existsSync(startPath(directory, first))).toBe(true)
    const again = await openTestLog(directory)
    await again.append([decision()])
    await again.close()
  })

  it('keeps what a sink does not have yet, what is under a hold, and what stands behind either', async () => {
    const ask = async (more: Parameters<typeof upkeep>[1]) => {
      const { told, run } = upkeep(await logOf([30, 20, 12, 1]), { now: NOW + 40 * DAY, ...more })
      await run()
      return told.map(({ first }) => first)
    }
    expect(await ask({})).toEqual([0, 2, 4])
    expect(await ask({ delivered: 3 })).toEqual([0])
    expect(await ask({ delivered: 0 })).toEqual([])
    const hold = (from: number, to: number | null) => ({
      retention: { holds: [{ name: 'case-1', from: NOW - from * DAY, to: to === null ? null : NOW - to * DAY }] },
    })
    expect(await ask(hold(21, 19))).toEqual([0])
    expect(await ask(hold(15, null))).toEqual([0, 2])
    expect(await ask(hold(100, 99))).toEqual([0, 2, 4])
  })

  it('keeps a segment with a line that nobody can read', async () => {
    const directory = await logOf([30, 20, 1])
    const path = plainPath(directory, 0)
    writeFileSync(path, `${readFileSync(path, 'utf8')}not a record\n`)
    const { told, run } = upkeep(directory, { now: NOW + 40 * DAY })
    await run()
    expect(told).toEqual([])
  })
})

describe('retention', () => {
  it.each([
    ['db.decision', 'statements'],
    ['session.login', 'logins'],
    ['alert.bulk_read', 'alerts'],
    ['grant.revoked', 'administration'],
    ['log.started', 'administration'],
  ])('%s is of the class %s', (code, of) => {
    expect(classOf(code)).toBe(of)
  })

  it('of what a segment holds the longest wins, whatever else is in it', () => {
    const classes: readonly RecordClass[] = ['statements', 'logins', 'alerts', 'administration']
    const days = fc.integer({ min: 1, max: 100 })
    const periods = fc.record({ statements: days, logins: days, alerts: days, administration: days })
    const contents = fc.dictionary(fc.constantFrom(...classes), days, { minKeys: 1 })
    fc.assert(
      fc.property(periods, contents, (keep, ages) => {
        const newest = new Map(Object.entries(ages).map(([of, age]) => [of as RecordClass, NOW - age * DAY]))
        const retention = {
          ...KEEP,
          ...Object.fromEntries(Object.entries(keep).map(([of, period]) => [of, period * DAY])),
        }
        const kept = Object.entries(ages).some(([of, age]) => age <= keep[of as RecordClass])
        expect(isPast({ oldest: NOW - 100 * DAY, newest }, retention, NOW)).toBe(!kept)
      }),
    )
  })
})
