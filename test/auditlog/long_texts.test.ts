import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Opener, publicKeyOf } from '../../src/audit/seal.ts'
import { segmentsOf } from '../../src/auditlog/segments.ts'
import { decision } from '../audit/events.ts'
import { logLines, openTestLog } from './log.ts'
import { shimDisk } from './shim_disk.ts'

const LONG = 'x'.repeat(150_000)
const SECRET = new Uint8Array(32).fill(7)
const SEAL_TO = Buffer.from(publicKeyOf(SECRET)).toString('base64')

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-texts-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

let ids = 0

function long(full = LONG, sealed = {}) {
  const statement = { normalized: 'SELECT ?', sha256: 'ab', bytes: full.length, full, ...sealed }
  return decision({ id: `d-${++ids}`, statement })
}

function codes(directory: string): string[] {
  return logLines(directory).map((line) => JSON.parse(line).metadata.event_code)
}

const PIECES = Array(4).fill('db.statement.text')

describe('a long text in the log', () => {
  it('stands once in a segment, before the first record that refers to it', async () => {
    const directory = scratch()
    const log = await openTestLog(directory)
    await log.append([long()])
    await Promise.all([log.append([long()]), log.append([long(`${LONG}y`), long()])])
    await log.close()
    const rest = ['db.decision', ...PIECES, 'db.decision', 'db.decision']
    expect(codes(directory)).toEqual([...PIECES, 'db.decision', ...rest])
  })

  it('stands in each segment that refers to it', async () => {
    const directory = scratch()
    const log = await openTestLog(directory, { segment: { maxBytes: 200_000, maxAgeMs: 86_400_000 } })
    for (let at = 0; at < 4; at++) {
      await log.append([long()])
      await log.append([decision({ columns: Array(1_500).fill(decision().columns[0]) })])
    }
    await log.close()
    const segments = segmentsOf(directory)
    expect(segments.length).toBeGreaterThan(2)
    const all = codes(directory)
    for (const [at, { first }] of segments.entries()) {
      const own = all.slice(first, segments[at + 1]?.first)
      const refers = logLines(directory)
        .slice(first, segments[at + 1]?.first)
        .some((line) => line.includes('"chars":'))
      expect(own.filter((code) => code === 'db.statement.text')).toHaveLength(refers ? PIECES.length : 0)
    }
  })

  it('is written again after a write that failed', async () => {
    const directory = scratch()
    let isFull = true
    const { disk } = shimDisk({
      write: (bytes) => {
        if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
        return bytes.length
      },
    })
    const log = await openTestLog(directory, { disk, lookEveryMs: 60_000 })
    await expect(log.append([long()])).rejects.toThrow('SP-AUDIT')
    isFull = false
    await log.append([long()])
    await log.close()
    expect(codes(directory).filter((code) => code.startsWith('db.'))).toEqual([...PIECES, 'db.decision'])
  })

  it('is sealed to the key in force, and refused where there is none', async () => {
    const directory = scratch()
    const log = await openTestLog(directory, { sealTo: SEAL_TO })
    await log.append([long('SELECT 1', { sealed: true }), long(LONG, { sealed: true })])
    log.configure({ durability: 'group', segment: { maxBytes: 1e9, maxAgeMs: 1e9 }, sealTo: null })
    await expect(log.append([long('SELECT 2', { sealed: true })])).rejects.toThrow('no key')
    await log.close()
    const opener = new Opener(SECRET)
    const records = logLines(directory).map((line) => JSON.parse(line).unmapped.jit)
    expect(opener.openText(records[0].statement.sealed)).toBe('SELECT 1')
    const pieces = records.flatMap(({ text }) => (text === undefined ? [] : [opener.openText(text.sealed)]))
    expect(pieces.join('') === LONG).toBe(true)
    expect(logLines(directory).join('')).not.toContain('xxxx')
  })
})
