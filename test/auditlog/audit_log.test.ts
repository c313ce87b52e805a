import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type ChainState, followLine } from '../../src/audit/chain.ts'
import { readCheckpoint } from '../../src/audit/checkpoint.ts'
import { CompactRange, entryHash } from '../../src/audit/merkle.ts'
import { openNote } from '../../src/audit/note.ts'
import type { AuditLogOptions } from '../../src/auditlog/audit_log.ts'
import { disk } from '../../src/auditlog/log_file.ts'
import { splitNotes } from '../../src/auditlog/notes.ts'
import { readStart } from '../../src/auditlog/segment_start.ts'
import { notesPath, plainPath, segmentsOf, startPath } from '../../src/auditlog/segments.ts'
import { completion, decision } from '../audit/events.ts'
import { LOG_KEY, logLines, openTestLog } from './log.ts'
import { type Faults, shimDisk } from './shim_disk.ts'

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return join(dir, 'audit')
}

/** A log over a disk with faults. */
async function open(directory: string, faults: Faults = {}, more: Partial<AuditLogOptions> = {}) {
  const shim = shimDisk(faults)
  const log = await openTestLog(directory, { disk: shim.disk, lookEveryMs: 10, ...more })
  shim.counts.writes = 0
  shim.counts.syncs = 0
  return { log, ...shim }
}

/** The lines, which have to be a chain from the first on, with all checkpoints over them. */
function verified(directory: string): string[] {
  const lines = logLines(directory)
  let state: ChainState | string | null = null
  const roots = [CompactRange.empty().root()]
  const range = CompactRange.empty()
  for (const line of lines) {
    state = followLine(state, line)
    expect(state).not.toBeTypeOf('string')
    if (typeof state === 'string') break
    range.append(entryHash(Buffer.from(line)))
    roots.push(range.root())
  }
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.notes'))) {
    for (const note of splitNotes(readFileSync(join(directory, name), 'utf8'))) {
      const opened = openNote(note, [LOG_KEY])
      if (typeof opened === 'string') throw new Error(opened)
      const checkpoint = readCheckpoint(opened.text)
      expect(Buffer.from(checkpoint?.root ?? []).toString('hex')).toBe(
        Buffer.from(roots[checkpoint?.size ?? -1] ?? []).toString('hex'),
      )
    }
  }
  return lines
}

function lastCheckpoint(directory: string, segment: number): number | undefined {
  const opened = openNote(splitNotes(readFileSync(notesPath(directory, segment), 'utf8')).at(-1) ?? '', [LOG_KEY])
  return typeof opened === 'string' ? undefined : readCheckpoint(opened.text)?.size
}

const codesOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).metadata.event_code)

const full = () => {
  throw Object.assign(new Error('no space left on /secret/path'), { code: 'ENOSPC' })
}

describe('the audit log', () => {
  it('has a record that asks for it on disk before it answers, while the others wait for nothing', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const faults: Faults = { sync: () => promise }
    const directory = scratch()
    const { log, counts } = await open(directory)
    const shimmed = await swapSync(directory, log, faults)
    const order: string[] = []
    const urgent = shimmed.append([{ ...decision(), sync: true }]).then(() => order.push('urgent'))
    await shimmed.append([decision()]).then(() => order.push('other'))
    expect(order).toEqual(['other'])
    resolve()
    await urgent
    expect(order).toEqual(['other', 'urgent'])
    expect(JSON.stringify(logLines(directory))).not.toContain('"sync"')
    expect(counts.writes).toBe(0)
    await shimmed.close()
  })

  it('writes what comes in one turn with one write, in order, in files of their owner alone', async () => {
    const directory = scratch()
    const { log, counts } = await open(directory)
    await Promise.all([log.append([decision()]), log.append([completion(), decision()]), log.append([completion()])])
    expect(counts.writes).toBe(1)
    expect(codesOf(verified(directory))).toEqual(['db.decision', 'db.completion', 'db.decision', 'db.completion'])
    for (const name of readdirSync(directory).filter((file) => !file.startsWith('lock'))) {
      expect([name, statSync(join(directory, name)).mode & 0o777]).toEqual([name, 0o600])
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    await log.close()
    await expect(log.append([decision()])).rejects.toThrow('SP-AUDIT')
  })

  it('sync: resolves after one sync for all who wait', async () => {
    const directory = scratch()
    const { promise, resolve } = Promise.withResolvers<void>()
    const faults: Faults = {}
    const { log, counts } = await open(directory, faults, { durability: 'sync' })
    faults.sync = () => promise
    let done = 0
    const appends = [log.append([decision()]), log.append([decision()])].map((append) => append.then(() => done++))
    await new Promise((turn) => setImmediate(() => setImmediate(turn)))
    expect([logLines(directory).length, done, counts.syncs]).toEqual([2, 0, 1])
    resolve()
    await Promise.all(appends)
    expect(counts.syncs).toBe(1)
    await log.close()
  })

  it('tells other threads what is written, and what is on disk', async () => {
    const directory = scratch()
    const { promise, resolve } = Promise.withResolvers<void>()
    const faults: Faults = {}
    const { log } = await open(directory, faults)
    faults.sync = () => promise
    await log.append([decision(), completion()])
    expect([...log.progress]).toEqual([2n, 0n])
    resolve()
    await vi.waitFor(() => expect([...log.progress]).toEqual([2n, 2n]))
    await log.close()
  })

  it('finishes a short write', async () => {
    const directory = scratch()
    const { log } = await open(directory, { write: (bytes) => Math.min(bytes.length, 100) })
    await log.append([decision(), completion()])
    expect(verified(directory)).toHaveLength(2)
    await log.close()
  })

  it('rejects all who wait when a write fails, leaves no torn line, and goes on by itself when it can', async () => {
    const directory = scratch()
    const faults: Faults = {}
    const { log } = await open(directory, faults)
    const told: string[] = []
    log.onHealth((healthy, why) => told.push(`${healthy} ${why}`))
    await log.append([decision()])
    let calls = 0
    faults.write = () => (++calls === 1 ? 50 : full())
    const failed = await Promise.allSettled([log.append([decision()]), log.append([completion()])])
    const refused = "SP-AUDIT: the audit log can't be written: ENOSPC"
    expect(failed.map((result) => (result.status === 'rejected' ? result.reason.message : ''))).toEqual([
      refused,
      refused,
    ])
    expect([log.healthy, verified(directory).length]).toEqual([false, 1])
    delete faults.write
    // Nobody asks for anything: it finds out for itself, and says how long nothing could be written.
    await vi.waitFor(() => expect(log.healthy).toBe(true))
    await vi.waitFor(() => expect(codesOf(verified(directory))).toEqual(['db.decision', 'log.resumed']))
    const resumed = JSON.parse(logLines(directory).at(-1) ?? '').unmapped.jit.log
    expect(resumed.refused).toBeGreaterThanOrEqual(2)
    expect(told).toEqual(['false ENOSPC', 'true it is written again'])
    await log.close()
  })

  it('stays failed while a torn line can not be cut', async () => {
    const directory = scratch()
    const faults: Faults = {}
    const { log } = await open(directory, faults, { lookEveryMs: 60_000 })
    let calls = 0
    faults.write = () => (++calls === 1 ? 50 : full())
    faults.truncate = full
    await expect(log.append([decision()])).rejects.toThrow('ENOSPC')
    delete faults.write
    await expect(log.append([decision()])).rejects.toThrow('ENOSPC')
    delete faults.truncate
    await log.append([decision()])
    expect(verified(directory)).toHaveLength(1)
    await log.close()
  })

  it('after a failed sync writes all that may be lost again, elsewhere, and promises nothing before', async () => {
    const directory = scratch()
    const faults: Faults = {}
    const { log, losePower } = await open(directory, faults)
    await log.append([{ ...decision(), sync: true }])
    faults.sync = async () => full()
    // Answered, since it was written; then the disk fails.
    await log.append([decision()])
    await expect(log.append([{ ...decision(), sync: true }])).rejects.toThrow('ENOSPC')
    await expect(log.append([decision()])).rejects.toThrow('SP-AUDIT')
    expect(log.healthy).toBe(false)
    delete faults.sync
    await vi.waitFor(() => expect(log.healthy).toBe(true))
    await vi.waitFor(() => expect([...log.progress]).toEqual([4n, 4n]))
    losePower(() => 0)
    // The one that was answered is there, the refused one too: it may have been, and a decision too many does no harm.
    expect(codesOf(verified(directory))).toEqual(['db.decision', 'db.decision', 'db.decision', 'log.resumed'])
    expect(segmentsOf(directory).map(({ first }) => first)).toEqual([0, 1])
    await log.close()
    const again = await openTestLog(directory)
    expect(again.cut).toBe(null)
    await again.close()
  })

  it('does not believe a later sync: what the first one failed on is not on disk by it', async () => {
    const directory = scratch()
    const faults: Faults = {}
    const { log } = await open(directory, faults, { lookEveryMs: 60_000 })
    await log.append([{ ...decision(), sync: true }])
    faults.sync = async () => full()
    // The timer of this one's sync is still to come when the next one's fails.
    await log.append([decision()])
    await expect(log.append([{ ...decision(), sync: true }])).rejects.toThrow('ENOSPC')
    delete faults.sync
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([log.healthy, log.progress[1]]).toEqual([false, 1n])
    await log.close()
    expect(segmentsOf(directory).map(({ first }) => first)).toEqual([0, 1])
  })

  it('makes a failed sync good on its way out', async () => {
    const directory = scratch()
    const faults: Faults = {}
    const { log } = await open(directory, faults, { lookEveryMs: 60_000 })
    await log.append([{ ...decision(), sync: true }])
    faults.sync = async () => full()
    await expect(log.append([{ ...decision(), sync: true }])).rejects.toThrow('ENOSPC')
    delete faults.sync
    await log.close()
    expect(verified(directory)).toHaveLength(2)
    expect(lastCheckpoint(directory, 1)).toBe(2)
  })

  it('has all wait for a disk that is far behind, and refuses when it does not answer at all', async () => {
    const directory = scratch()
    const { promise, resolve } = Promise.withResolvers<void>()
    const faults: Faults = {}
    let now = 0
    const clock = { now: () => now, monotonic: () => now }
    const { log } = await open(directory, faults, { clock })
    faults.sync = () => promise
    await log.append([decision()])
    await vi.waitFor(() => expect(log.progress[0]).toBe(1n))
    await new Promise((done) => setTimeout(done, 30))
    // A write while the sync hangs, and a second later one more: that one waits.
    await log.append([decision()])
    now = 1_500
    const waits = log.append([decision()])
    const state = await Promise.race([
      waits.then(() => 'done'),
      new Promise((turn) => setTimeout(() => turn('waits'), 30)),
    ])
    expect(state).toBe('waits')
    now = 20_000
    await expect(waits).rejects.toThrow('the disk does not answer')
    await expect(log.append([decision()])).rejects.toThrow('the disk does not answer')
    expect(log.healthy).toBe(false)
    resolve()
    await vi.waitFor(() => expect(log.healthy).toBe(true))
    await log.close()
    expect(verified(directory).length).toBeGreaterThanOrEqual(3)
  })

  it('refuses a record that is too large, and that one alone', async () => {
    const directory = scratch()
    const { log } = await open(directory)
    const large = decision({ reason: 'x'.repeat(70_000) })
    const results = await Promise.allSettled([log.append([large]), log.append([decision()])])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(verified(directory)).toHaveLength(1)
    await log.close()
  })

  it('notices that its segment was removed, replaced or cut, and goes on in another', async () => {
    for (const harm of [
      (path: string) => rmSync(path),
      (path: string) => {
        renameSync(path, `${path}.old`)
        writeFileSync(path, '')
      },
      (path: string) => truncateSync(path, 10),
      (path: string) => appendFileSync(path, 'x'),
    ]) {
      const directory = scratch()
      const { log } = await open(directory, {})
      await log.append([{ ...decision(), sync: true }])
      const told: string[] = []
      log.onHealth((healthy, why) => told.push(`${healthy} ${why}`))
      harm(plainPath(directory, 0))
      await vi.waitFor(() => expect(told.at(-1)).toBe('true it is written again'))
      expect(told[0]).toMatch(/^false its segment/)
      await log.append([{ ...decision(), sync: true }])
      await log.close()
      const after = codesOf(
        readFileSync(segmentsOf(directory).at(-1)?.path ?? '', 'utf8')
          .trimEnd()
          .split('\n'),
      )
      expect(after.slice(-2)).toEqual(['log.resumed', 'db.decision'])
    }
  })
})

describe('segments of the audit log', () => {
  it('follow one another when one is full, each with its start and a checkpoint at its end', async () => {
    const directory = scratch()
    const { log } = await open(directory, {}, { segment: { maxBytes: 5_000, maxAgeMs: 86_400_000 } })
    let rotations = 0
    log.onRotation(() => rotations++)
    for (let at = 0; at < 20; at++) await log.append([decision(), completion()])
    await log.close()
    const lines = verified(directory)
    expect(lines).toHaveLength(40)
    const segments = segmentsOf(directory)
    expect(segments.length).toBeGreaterThan(4)
    expect(rotations).toBeGreaterThan(0)
    for (const [index, { first }] of segments.entries()) {
      const next = segments[index + 1]
      if (next) expect(lastCheckpoint(directory, first)).toBe(next.first)
      if (first > 0) expect(readStart(directory, first, disk)?.range.size).toBe(first)
    }
    expect(lastCheckpoint(directory, segments.at(-1)?.first ?? 0)).toBe(40)
  })

  it('are closed when they are old, but not while they are empty', async () => {
    const directory = scratch()
    let now = 0
    const clock = { now: () => now, monotonic: () => now }
    const { log } = await open(directory, {}, { clock, segment: { maxBytes: 1e9, maxAgeMs: 1_000 } })
    now = 5_000
    await log.append([decision()])
    expect(segmentsOf(directory)).toHaveLength(1)
    now = 5_500
    await log.append([decision()])
    await log.append([decision()])
    expect(segmentsOf(directory).map(({ first }) => first)).toEqual([0, 1])
    await log.close()
    expect(verified(directory)).toHaveLength(3)
  })

  it('one that can not be begun leaves the log where it is', async () => {
    const directory = scratch()
    const faults: Faults = {}
    const { log } = await open(directory, faults, {
      segment: { maxBytes: 1_000, maxAgeMs: 86_400_000 },
      lookEveryMs: 60_000,
    })
    await log.append([decision()])
    faults.open = (path) => {
      if (path.endsWith('.ndjson')) full()
    }
    await expect(log.append([decision()])).rejects.toThrow('ENOSPC')
    delete faults.open
    await log.append([decision()])
    await log.close()
    expect(verified(directory)).toHaveLength(3)
  })
})

describe('an audit log that is opened again', () => {
  async function left(count = 5, more: Partial<AuditLogOptions> = {}): Promise<string> {
    const directory = scratch()
    const { log } = await open(directory, {}, more)
    for (let at = 0; at < count; at++) await log.append([decision()])
    await log.close()
    return directory
  }

  it('goes on from the last line; a torn one is set aside and told', async () => {
    const directory = await left()
    appendFileSync(plainPath(directory, 0), '{"torn":')
    const { log } = await open(directory)
    expect(log.cut).toEqual({ bytes: 8, file: '00000000000000000000.torn-5' })
    expect(readFileSync(join(directory, '00000000000000000000.torn-5'), 'utf8')).toBe('{"torn":')
    await log.append([decision()])
    await log.close()
    expect(verified(directory)).toHaveLength(6)
  })

  it('sets aside what was written behind the last checkpoint and is no record: a loss of power leaves holes', async () => {
    const directory = await left()
    appendFileSync(plainPath(directory, 0), `${'\0'.repeat(50)}\n{"later":"line"}\n`)
    const { log } = await open(directory)
    expect(log.cut?.bytes).toBe(68)
    await log.close()
    expect(verified(directory)).toHaveLength(5)
  })

  it.each([
    ['a byte was changed', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('alice', 'alicf'))],
    [
      'the last line is gone',
      (path: string) => writeFileSync(path, `${readFileSync(path, 'utf8').split('\n').slice(0, 4).join('\n')}\n`),
    ],
    ['the last line is torn, though it was signed', (path: string) => truncateSync(path, statSync(path).size - 3)],
    [
      'the first line is gone',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(1).join('\n')),
    ],
    ['all lines are gone', (path: string) => truncateSync(path, 0)],
  ])('is refused where %s', async (_what, change) => {
    const directory = await left()
    change(plainPath(directory, 0))
    await expect(openTestLog(directory)).rejects.toThrow(
      /SP-AUDIT: the audit log is broken: line|SP-AUDIT: the audit log is broken: the lines/,
    )
  })

  it('is refused to another writer, with another key, and while another process has it', async () => {
    const directory = await left()
    await expect(openTestLog(directory, { writerId: 'node-2' })).rejects.toThrow('belongs to node-1')
    await expect(openTestLog(directory, { origin: 'elsewhere' })).rejects.toThrow('begun as sallyport/node-1')
    const first = await openTestLog(directory)
    await expect(openTestLog(directory)).rejects.toThrow('held by another process')
    await first.close()
    await expect(openTestLog(join(directory, 'log.json', 'below'))).rejects.toThrow(
      "SP-AUDIT: the audit log can't be opened: ENOTDIR",
    )
  })

  it('is refused where its segments are gone, and where what names it is', async () => {
    const directory = await left(9, { segment: { maxBytes: 5_000, maxAgeMs: 86_400_000 } })
    for (const { path } of segmentsOf(directory)) rmSync(path)
    await expect(openTestLog(directory)).rejects.toThrow('its segments are gone')
    const other = await left()
    writeFileSync(join(other, 'log.json'), '{}')
    await expect(openTestLog(other)).rejects.toThrow("log.json of the audit log can't be read")
  })

  it('makes the start of a segment anew from the one before where a crash took it', async () => {
    const directory = await left(9, { segment: { maxBytes: 5_000, maxAgeMs: 86_400_000 } })
    const { first } = segmentsOf(directory).at(-1) ?? { first: 0 }
    rmSync(startPath(directory, first))
    const { log } = await open(directory)
    await log.append([decision()])
    await log.close()
    expect(verified(directory)).toHaveLength(10)
  })

  it('puts lines aside that followed lines which a loss of power took', async () => {
    const directory = await left(3)
    const lines = logLines(directory)
    // Two lines behind the last checkpoint were lost, the next segment was written after them.
    const next = JSON.stringify({ later: true })
    writeFileSync(plainPath(directory, 5), `${next}\n`)
    const { log } = await open(directory)
    await log.append([decision()])
    await log.close()
    expect(verified(directory)).toHaveLength(lines.length + 1)
    expect(existsSync(`${plainPath(directory, 5)}.lost`)).toBe(true)
  })
})

/** The same log, opened again over a disk whose syncs can be held. */
async function swapSync(directory: string, log: { close(): Promise<void> }, faults: Faults) {
  await log.close()
  const { sync, ...rest } = faults
  const later: Faults = { ...rest }
  const opened = await openTestLog(directory, { disk: shimDisk(later).disk })
  if (sync) later.sync = sync
  return opened
}
