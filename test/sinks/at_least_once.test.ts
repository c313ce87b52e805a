import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Item, type Refused, type Sender, SinkError } from '../../src/sinks/sender.ts'
import { ROOMY, startRun, world } from './harness.ts'

type Act =
  | 'take'
  | 'fail'
  | 'take and fail'
  | 'take a part and fail'
  | 'refuse'
  | 'crash'
  | 'take and crash'
  | 'surprise'

/** What a sink has got, whatever became of the answer. */
class Script {
  readonly got: number[] = []
  readonly refused = new Set<number>()
  readonly #acts: Act[]
  crash = Promise.withResolvers<void>()

  constructor(acts: readonly Act[]) {
    this.#acts = [...acts]
  }

  sender(): Sender {
    return { limits: ROOMY, send: (items) => this.#send(items), close: async () => undefined }
  }

  async #send(items: readonly Item[]): Promise<readonly Refused[]> {
    const act = this.#acts.shift() ?? 'take'
    const take = (some: readonly Item[]) => void this.got.push(...some.map(({ sequence }) => sequence))
    if (act === 'take a part and fail') take(items.slice(0, items.length >> 1))
    else if (act.startsWith('take')) take(items)
    if (act === 'refuse') {
      take(items.slice(1))
      const [item] = items
      if (item !== undefined) this.refused.add(item.sequence)
      return item === undefined ? [] : [{ item, why: 'refused' }]
    }
    if (act.endsWith('crash')) {
      this.crash.resolve()
      await new Promise(() => undefined)
    }
    if (act === 'surprise') throw new TypeError('a bug')
    if (act.endsWith('fail')) throw new SinkError('away')
    return []
  }
}

const ACTS: readonly Act[] = [
  ...(['take', 'fail', 'take and fail', 'take a part and fail'] as const),
  ...(['refuse', 'crash', 'take and crash', 'surprise'] as const),
]

describe('every record', () => {
  it('gets to the sink at least once, in order, with nothing skipped, whatever happens', {
    timeout: 60_000,
  }, async () => {
    const acts = fc.array(fc.constantFrom(...ACTS), { maxLength: 12 })
    const runs = fc.record({ acts, lines: fc.integer({ min: 1, max: 60 }), maxItems: fc.integer({ min: 1, max: 20 }) })
    await fc.assert(
      fc.asyncProperty(runs, async ({ acts: script, lines, maxItems }) => {
        const here = world()
        here.log.append(lines)
        const sink = new Script(script)
        const settings = { batch: { maxItems, maxBytes: 1_000_000, maxWaitMs: 0 } }
        for (;;) {
          sink.crash = Promise.withResolvers()
          const { run } = startRun(here, () => sink.sender(), settings)
          const shipped = (async () => {
            while ((run.status?.next ?? 0) < lines) await new Promise((done) => setTimeout(done, 1))
          })()
          const crashed = await Promise.race([shipped.then(() => false), sink.crash.promise.then(() => true)])
          await run.stop()
          if (!crashed) break
        }
        let reached = -1
        for (const sequence of sink.got) {
          while (sink.refused.has(reached + 1)) reached++
          expect(sequence).toBeLessThanOrEqual(reached + 1)
          reached = Math.max(reached, sequence)
        }
        const all = new Set([...sink.got, ...sink.refused])
        expect(all.size).toBe(lines)
      }),
      { numRuns: 20 },
    )
  })

  it('gets there when the process is killed between the sink and the position, twice with one uid at most', () => {
    const here = world()
    here.log.append(40)
    const copy = join(here.directory, 'copy.ndjson')
    const ship = (batches: number) =>
      spawnSync(
        process.execPath,
        [join(import.meta.dirname, 'killed_shipper.ts'), here.log.directory, here.state, copy, String(batches)],
        { encoding: 'utf8' },
      )
    expect(ship(0).signal).toBe('SIGKILL')
    expect(ship(2).signal).toBe('SIGKILL')
    expect(ship(1).signal).toBe('SIGKILL')
    const last = ship(100)
    expect(last.stderr).toBe('')
    expect(last.status).toBe(0)
    const lines = readFileSync(copy, 'utf8').split('\n').slice(0, -1)
    const uids = lines.map((line) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid)
    expect([...new Set(uids)]).toEqual(here.log.uids)
    // Each kill repeats its last batch: of six, since one place is for a checkpoint.
    expect(uids).toHaveLength(40 + 3 * 6)
  })
})
