import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { followLine } from '../../src/audit/chain.ts'
import type { LogOfRecord } from '../../src/auditlog/audit_log.ts'
import { linesFrom } from '../../src/auditlog/log_lines.ts'
import { decision } from '../audit/events.ts'
import { randomOf } from '../fuzz/random.ts'
import { openTestLog } from './log.ts'
import { type Faults, shimDisk } from './shim_disk.ts'

/** Segments so small that some are closed on the way. */
const SEGMENT = { maxBytes: 9_000, maxAgeMs: 86_400_000 }

/** Each takes some 200 ms; `SALLYPORT_FAULT_RUNS` asks for more. */
const RUNS = Number(process.env.SALLYPORT_FAULT_RUNS ?? 15)

interface Answered {
  readonly id: string
  readonly sync: boolean
}

/** Appends, some of them side by side and some that wait for the disk; returns those that were answered. */
async function work(log: LogOfRecord, random: (below: number) => number, rounds: number): Promise<Answered[]> {
  const answered: Answered[] = []
  for (let round = 0; round < rounds; round++) {
    const some = Array.from({ length: 1 + random(3) }, (_, at) => {
      const [id, sync] = [`d-${round}-${at}`, random(3) === 0]
      const event = decision({ id, ...(sync && { sync: true as const }) })
      return log.append([event]).then(
        () => answered.push({ id, sync }),
        () => undefined,
      )
    })
    await Promise.all(some)
    if (random(4) === 0) await new Promise((resolve) => setTimeout(resolve, 12))
  }
  return answered
}

/** The ids of all lines, which have to be one chain from the first on. */
function idsIn(directory: string): Set<string> {
  const ids = new Set<string>()
  let state: ReturnType<typeof followLine> | null = null
  for (const { bytes } of linesFrom(directory)) {
    state = followLine(state, bytes.toString())
    if (typeof state === 'string') throw new Error(state)
    ids.add(JSON.parse(bytes.toString()).metadata.uid)
  }
  return ids
}

async function inScratch<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-faults-'))
  try {
    return await run(join(dir, 'audit'))
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const until = async (holds: () => boolean) => {
  for (const end = performance.now() + 15_000; !holds(); ) {
    if (performance.now() > end) throw new Error('it was never so')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const broken = () => {
  throw Object.assign(new Error('I/O'), { code: 'EIO' })
}

describe('an audit log whose disk fails', () => {
  it('at any call, for any number of calls, keeps all that was answered, and goes on', {
    timeout: 60_000,
  }, async () => {
    const faulty = fc.tuple(fc.nat(120), fc.integer({ min: 1, max: 6 }), fc.nat())
    await fc.assert(
      fc.asyncProperty(faulty, async ([from, count, seed]) => {
        await inScratch(async (directory) => {
          let calls = 0
          let failed = 0
          const check = () => {
            calls++
            if (calls <= from || failed >= count) return
            failed++
            broken()
          }
          const faults: Faults = {
            open: check,
            sync: async () => check(),
            replace: check,
            truncate: check,
            write: (bytes) => {
              check()
              return bytes.length
            },
          }
          const log = await openTestLog(directory, {
            disk: shimDisk(faults).disk,
            segment: SEGMENT,
            lookEveryMs: 5,
            failed: () => undefined,
          }).catch(() => null)
          // Refused at once, and nothing was promised.
          if (log === null) return
          const answered = await work(log, randomOf(seed), 12)
          // The faults may go on for a while; then it takes records again.
          const last = () => log.append([{ ...decision({ id: 'last' }), sync: true }]).then(() => true)
          while (!(await last().catch(() => false))) await until(() => log.healthy)
          await log.close()
          const ids = idsIn(directory)
          expect(answered.filter(({ id }) => !ids.has(id))).toEqual([])
          expect(ids.has('last')).toBe(true)
          await (await openTestLog(directory, { segment: SEGMENT })).close()
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('or loses its power at any moment keeps all that waited for the disk', { timeout: 60_000 }, async () => {
    const moment = fc.tuple(fc.integer({ min: 1, max: 25 }), fc.nat(), fc.constantFrom('nothing', 'some', 'all'))
    await fc.assert(
      fc.asyncProperty(moment, async ([rounds, seed, keeps]) => {
        await inScratch(async (directory) => {
          const random = randomOf(seed)
          const shim = shimDisk()
          const log = await openTestLog(directory, { disk: shim.disk, segment: SEGMENT })
          const answered = await work(log, random, rounds)
          // What comes after this moment never happened.
          await inScratch(async (elsewhere) => {
            shim.copyAsAfterLoss(directory, elsewhere, (unsynced) =>
              keeps === 'nothing' ? 0 : keeps === 'all' ? unsynced : random(unsynced + 1),
            )
            const again = await openTestLog(elsewhere, { segment: SEGMENT })
            await again.append([decision({ id: 'after' })])
            await again.close()
            const ids = idsIn(elsewhere)
            expect(answered.filter(({ id, sync }) => sync && !ids.has(id))).toEqual([])
            expect(ids.has('after')).toBe(true)
          })
          await log.close()
          const whole = idsIn(directory)
          expect(answered.filter(({ id }) => !whole.has(id))).toEqual([])
        })
      }),
      { numRuns: RUNS },
    )
  })
})
