import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { linesBackwardIn, linesFrom } from '../../src/auditlog/log_lines.ts'
import { LogReader } from '../../src/auditlog/log_reader.ts'
import { compressedPath, plainPath, segmentsOf } from '../../src/auditlog/segments.ts'

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-segments-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

/** Segments of so many lines each; `zst` says which are compressed. Returns the lines. */
function written(dir: string, counts: readonly number[], zst: readonly boolean[] = [], size = 20): string[] {
  const lines: string[] = []
  for (const [index, count] of counts.entries()) {
    const first = lines.length
    for (let i = 0; i < count; i++) lines.push(`{"n":${lines.length},"x":"${'é'.repeat((lines.length * 7) % size)}"}`)
    const text = lines
      .slice(first)
      .map((line) => `${line}\n`)
      .join('')
    if (zst[index]) writeFileSync(compressedPath(dir, first), zstdCompressSync(text))
    else writeFileSync(plainPath(dir, first), text)
  }
  return lines
}

const textsOf = (lines: Iterable<{ readonly bytes: Buffer }>) => [...lines].map(({ bytes }) => bytes.toString())

describe('the readers of a log of record', () => {
  it('give every line with its number, forwards, backwards and followed, whatever the segments are', () => {
    const shape = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(shape, fc.nat(50), fc.integer({ min: 1, max: 400 }), (segments, from, bytes) => {
        const dir = mkdtempSync(join(tmpdir(), 'sallyport-segments-'))
        try {
          const open = segments.length - 1
          const zst = segments.map(([, packed], index) => packed && index < open)
          const counts = segments.map(([count]) => count)
          const lines = written(dir, counts, zst)
          const expected = lines.map((text, sequence) => ({ sequence, text }))
          const shown = ({ sequence, bytes: line }: { sequence: number; bytes: Buffer }) => ({
            sequence,
            text: line.toString(),
          })
          expect([...linesFrom(dir, from)].map(shown)).toEqual(expected.slice(from))
          expect([...linesBackwardIn(dir, from)].map(shown)).toEqual(expected.slice(0, from).reverse())
          expect([...linesBackwardIn(dir)].map(shown)).toEqual(expected.toReversed())
          const start = Math.min(from, lines.length)
          const reader = new LogReader(dir, start)
          const read: { sequence: number; text: string }[] = []
          for (let some = reader.read(bytes); some.length > 0; some = reader.read(bytes)) read.push(...some.map(shown))
          expect(read).toEqual(expected.slice(start))
          expect(reader.next).toBe(lines.length)
          reader.close()
        } finally {
          rmSync(dir, { recursive: true })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('leave a line alone that is not whole, and give it when it is', () => {
    const dir = directory()
    written(dir, [2])
    appendFileSync(plainPath(dir, 0), '{"n":2')
    const reader = new LogReader(dir)
    expect(reader.read(10_000)).toHaveLength(2)
    expect(reader.read(10_000)).toEqual([])
    expect(textsOf(linesFrom(dir))).toHaveLength(2)
    expect(textsOf(linesBackwardIn(dir))).toHaveLength(2)
    appendFileSync(plainPath(dir, 0), '}\n')
    expect(textsOf(reader.read(10_000))).toEqual(['{"n":2}'])
    reader.close()
  })

  it('stop at a mark: what is not durable yet is not given', () => {
    const dir = directory()
    written(dir, [3, 3])
    const reader = new LogReader(dir)
    expect(reader.read(10_000, 4).map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3])
    expect(reader.read(10_000, 4)).toEqual([])
    expect(reader.read(10_000, 6).map(({ sequence }) => sequence)).toEqual([4, 5])
    reader.close()
  })

  it('go on in the next segment when one is begun, and through one that is compressed meanwhile', () => {
    const dir = directory()
    const lines = written(dir, [2])
    const reader = new LogReader(dir, 1)
    expect(textsOf(reader.read(10_000))).toEqual(lines.slice(1))
    appendFileSync(plainPath(dir, 0), '{"n":2}\n')
    writeFileSync(plainPath(dir, 3), '{"n":3}\n')
    writeFileSync(compressedPath(dir, 0), zstdCompressSync(readFileSync(plainPath(dir, 0))))
    rmSync(plainPath(dir, 0))
    expect(textsOf(reader.read(10_000))).toEqual(['{"n":2}', '{"n":3}'])
    expect(segmentsOf(dir).map(({ first, compressed }) => [first, compressed])).toEqual([
      [0, true],
      [3, false],
    ])
    reader.close()
  })

  it('read lines far longer than a block', () => {
    const dir = directory()
    const long = JSON.stringify({ x: 'y'.repeat(900_000) })
    writeFileSync(plainPath(dir, 0), `${long}\n{}\n${long}\n`)
    const reader = new LogReader(dir)
    expect(textsOf([...reader.read(1), ...reader.read(1), ...reader.read(1)])).toEqual([long, '{}', long])
    expect(textsOf(linesBackwardIn(dir))).toEqual([long, '{}', long])
    reader.close()
  })

  it('say so where lines are missing', () => {
    const dir = directory()
    written(dir, [3, 3])
    renameSync(plainPath(dir, 3), plainPath(dir, 5))
    expect(() => new LogReader(dir).read(10_000)).toThrow('lines 3 to 4 of the audit log are not there')
    rmSync(plainPath(dir, 0))
    expect(() => new LogReader(dir, 0).read(10_000)).toThrow('line 0 of the audit log is no longer there')
  })

  it('find nothing in a directory that is not there', () => {
    expect(segmentsOf('/nowhere/audit')).toEqual([])
    expect([...linesFrom('/nowhere/audit')]).toEqual([])
    expect(new LogReader('/nowhere/audit').read(100)).toEqual([])
  })
})
