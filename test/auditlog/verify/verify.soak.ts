import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { chainLine, newChain } from '../../../src/audit/chain.ts'
import { checkpointText } from '../../../src/audit/checkpoint.ts'
import { CompactRange } from '../../../src/audit/merkle.ts'
import { signNote } from '../../../src/audit/note.ts'
import { recordsOf } from '../../../src/audit/project.ts'
import { startText } from '../../../src/auditlog/segment_start.ts'
import { segmentName } from '../../../src/auditlog/segments.ts'
import { verifyLog } from '../../../src/auditlog/verify/verify_log.ts'
import { everyEvent, PRODUCT } from '../../audit/events.ts'
import { KEY, ORIGIN } from './fixture.ts'
import { flipBeside, flipSegments, makeFolder } from './sweep.ts'

const EVERY_BIT = [0, 1, 2, 3, 4, 5, 6, 7]
const SMALL = makeFolder()
const LARGE = mkdtempSync(join(tmpdir(), 'verify-large-'))
const BYTES = 1_000_000_000
const SEGMENT_BYTES = 67_108_864
const LINES_PER_NOTE = 256
/** The aim is 4; a machine that does much else at once is forgiven. */
const MAX_RATIO = 8
const ROUNDS = 3

afterAll(() => {
  rmSync(SMALL, { recursive: true })
  rmSync(LARGE, { recursive: true })
})

describe('any bit that is flipped is found, and where', () => {
  it('in segments', async () => {
    await flipSegments(SMALL, 1, EVERY_BIT)
  }, 900_000)

  it('in checkpoints and starts', async () => {
    await flipBeside(SMALL, 1, EVERY_BIT)
  }, 900_000)
})

it('a gigabyte in at most four times the time of sha256sum', async () => {
  writeLarge()
  const files = readdirSync(LARGE).filter((name) => name.endsWith('.ndjson'))
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const sums = elapsed(() => execFileSync('sha256sum', files, { cwd: LARGE }))
    const began = performance.now()
    const report = await verifyLog({ log: LARGE, keys: [KEY] })
    const took = performance.now() - began
    expect(report).toMatchObject({ findings: [], unchecked: [] })
    ratios.push(took / sums)
    console.log(
      `${report.lines} lines, ${report.bytes} bytes: ${Math.round(took)} ms, sha256sum ${Math.round(sums)} ms`,
    )
  }
  expect(Math.min(...ratios)).toBeLessThan(MAX_RATIO)
}, 600_000)

function elapsed(run: () => void): number {
  const began = performance.now()
  run()
  return performance.now() - began
}

function writeLarge(): void {
  const records = everyEvent().flatMap((event) => recordsOf(event, PRODUCT))
  const range = CompactRange.empty()
  let state = newChain('node-1')
  mkdirSync(LARGE, { recursive: true })
  for (let total = 0; total < BYTES; ) {
    const first = state.next
    const name = join(LARGE, segmentName(first))
    if (first > 0) writeFileSync(`${name}.start`, startText({ first, previous: state.previous, range }))
    const notes: string[] = []
    const sign = () =>
      notes.push(signNote(checkpointText({ origin: ORIGIN, size: range.size, root: range.root() }), [KEY]))
    let bytes = 0
    let lines: string[] = []
    while (bytes < SEGMENT_BYTES) {
      const next = chainLine(state, records[state.next % records.length]!)
      state = next.state
      lines.push(next.line, '\n')
      bytes += Buffer.byteLength(next.line) + 1
      range.append(Buffer.from(state.previous, 'hex'))
      if (state.next % LINES_PER_NOTE !== 0) continue
      sign()
      appendFileSync(`${name}.ndjson`, lines.join(''))
      lines = []
    }
    if (lines.length > 0) sign()
    appendFileSync(`${name}.ndjson`, lines.join(''))
    writeFileSync(`${name}.notes`, notes.join('\n'))
    total += bytes
  }
  const identity = { version: 1, writer: 'node-1', origin: ORIGIN, created: 0, vkeys: [{ vkey: KEY.vkey, from: 0 }] }
  writeFileSync(join(LARGE, 'log.json'), JSON.stringify(identity))
}
