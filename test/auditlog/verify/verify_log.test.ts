import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import type { VerifyInput } from '../../../src/auditlog/verify/verify_log.ts'
import { KEY, keyOf, logFiles, OTHER_KEY } from './fixture.ts'
import * as sweep from './sweep.ts'

const { changed, flipBeside, flipSegments, GOOD, linesOf, makeFolder, NAMES, names, withLines } = sweep
const DIRECTORY = makeFolder()
const [A, B, C] = NAMES

afterAll(() => rmSync(DIRECTORY, { recursive: true }))

function verify(files: ReadonlyMap<string, Buffer>, input: Partial<VerifyInput> = {}) {
  return sweep.verify(DIRECTORY, files, input)
}

describe('a log as it was written', () => {
  it('is good', async () => {
    const report = await verify(GOOD)
    expect(report).toMatchObject({ findings: [], unchecked: [], lines: 10, segments: 3, next: 10, writer: 'node-1' })
    expect(report.tail).toEqual({ lines: 2, from: 1_700_000_000_008, to: 1_700_000_000_009 })
    expect(report.checkpoints.map(({ size }) => size)).toEqual([2, 4, 6, 7, 8])
  })

  it.each([
    { segments: [1], every: 1 },
    { segments: [0], every: 1 },
    { segments: [3, 0], every: 2 },
    { segments: [5, 6, 2], every: 4, compress: true },
    { segments: [12, 1], every: 100 },
    { segments: [3], every: 1, text: () => '"chain":{"chain_uid":"node-1","seq":0}, \u2028 é "metadata":{' },
    { segments: [3, 4], every: 2, writer: 'nöde "1"' },
    { segments: [101, 1000], every: 64, tail: 3 },
    { segments: [2, 2], every: 1, text: (n: number) => 'x'.repeat(n === 1 ? 5_000_000 : 1) },
  ])('is good: %j', async (spec) => {
    expect(await verify(logFiles(spec))).toMatchObject({ findings: [], unchecked: [] })
  })

  it('a crash may leave out the checkpoint at the end of a segment, and set lines aside', async () => {
    const files = changed(`${A}.notes`, (notes) => notes.subarray(0, notes.indexOf('\n\nsallyport') + 1))
    files.set(`${C}.torn-9`, Buffer.from('x')).set(`${B}.ndjson.lost`, Buffer.from('x'))
    expect(await verify(files)).toMatchObject({ findings: [], unchecked: [] })
  })

  it('one whose old segments were deleted, and what is left of them', async () => {
    const told = logFiles({ ...sweep.SPEC, deletion: 5 })
    const files = new Map([...told].filter(([name]) => name !== `${A}.ndjson`))
    expect(await verify(files)).toMatchObject({ findings: [], deleted: [{ first: 0, next: 4 }], first: 4, lines: 6 })
    const wrong = changed(
      `${B}.start`,
      (bytes) => Buffer.from(bytes.toString().replace(/"range":\["./, '"range":["0')),
      files,
    )
    expect((await verify(wrong)).findings).toMatchObject([{ kind: 'start_differs', file: `${B}.start` }])
    for (const name of [A, B]) {
      const gone = new Map([...GOOD].filter(([one]) => one !== `${name}.ndjson`))
      expect((await verify(gone)).findings).toMatchObject([
        { kind: 'segment_missing', file: `${name}.ndjson`, line: 1 },
      ])
    }
  })

  it('files of their own', async () => {
    await verify(GOOD)
    const [one, two] = [A, B].map((name) => join(DIRECTORY, `${name}.ndjson`)) as [string, string]
    expect(await sweep.verify(DIRECTORY, GOOD, { log: [one, two] })).toMatchObject({
      findings: [],
      lines: 7,
      unchecked: [],
    })
    expect(await sweep.verify(DIRECTORY, GOOD, { log: [two] })).toMatchObject({ findings: [], lines: 3, unchecked: [] })
    const copy = new Map([['copy.txt', Buffer.concat([GOOD.get(`${B}.ndjson`)!, GOOD.get(`${C}.ndjson`)!])]])
    const input = { log: [join(DIRECTORY, 'copy.txt')] }
    expect(await verify(copy, input)).toMatchObject({
      findings: [],
      first: 4,
      lines: 6,
      unchecked: [expect.stringMatching(/no checkpoints/)],
    })
    expect(await verify(copy, { ...input, keys: [] })).toMatchObject({ findings: [], lines: 6, unchecked: [] })
  })

  it('is not there', async () => {
    await expect(verify(new Map())).rejects.toThrow('there is no audit log')
    await expect(verify(GOOD, { log: join(DIRECTORY, 'none') })).rejects.toThrow("can't be read: ENOENT")
    await expect(verify(GOOD, { log: [join(DIRECTORY, 'none')] })).rejects.toThrow('there is no such file')
  })
})

describe('what was changed is found, and where', () => {
  it('bits of segments', async () => {
    await flipSegments(DIRECTORY, 9, [0])
  })

  it('bits of checkpoints and starts', async () => {
    await flipBeside(DIRECTORY, 7, [0])
  })

  it('a line that is removed, doubled, or put behind the next', async () => {
    for (const name of NAMES) {
      const file = `${name}.ndjson`
      const count = linesOf(file).length
      for (let at = 0; at < count; at += 1) {
        const removed = await verify(withLines(file, (lines) => lines.toSpliced(at, 1)))
        const isTail = name === C && at === count - 1
        if (!isTail) expect(names(removed, file, at + 1), `removed ${name} ${at}`).toBe(true)
        const doubled = await verify(withLines(file, (lines) => lines.toSpliced(at, 0, lines[at] as string)))
        expect(names(doubled, file, at + 2) || names(doubled, file, at + 1), `doubled ${name} ${at}`).toBe(true)
        if (at + 1 === count) continue
        const swapped = await verify(withLines(file, (lines) => lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!)))
        expect(names(swapped, file, at + 1) || names(swapped, file, at + 2), `swapped ${name} ${at}`).toBe(true)
      }
    }
  })

  it('a file that is cut off anywhere', async () => {
    for (const name of NAMES) {
      const bytes = GOOD.get(`${name}.ndjson`) as Buffer
      const signed = name === C ? bytes.indexOf('\n') + 1 : bytes.length
      for (let length = 0; length < bytes.length; length += 11) {
        const report = await verify(changed(`${name}.ndjson`, (one) => one.subarray(0, length)))
        const line = bytes.subarray(0, length).toString().split('\n').length
        const isWhole = length > 0 && bytes[length - 1] === 0x0a
        if (length < signed || !isWhole) expect(names(report, `${name}.ndjson`, line), `${name} ${length}`).toBe(true)
      }
    }
  })

  it('one line alone, and the rest holds', async () => {
    const files = withLines(`${A}.ndjson`, (lines) => lines.with(1, lines[1]!.replace('line 1', 'line X')))
    const offset = linesOf(`${A}.ndjson`)[0]!.length + 1
    const report = await verify(files)
    expect(report.findings).toEqual([
      {
        kind: 'line_changed',
        file: `${A}.ndjson`,
        line: 2,
        lastLine: 2,
        sequence: 1,
        offset,
        detail: 'its hash is not the one that the line after it names',
      },
    ])
    // The tree is known from the lines around it: all checkpoints were compared.
    expect([...report.roots.keys()].sort()).toEqual([2, 4, 6, 7, 8])
  })

  it.each([
    [
      'the hash in a line',
      A,
      (lines: string[]) => lines.with(2, lines[2]!.replace(/sha256":"./, 'sha256":"z')),
      'line_changed',
      3,
      3,
    ],
    ['two lines', A, (lines: string[]) => lines.with(1, '{}').with(3, 'x'), 'line_changed', 2, 2],
    ['two that follow', A, (lines: string[]) => lines.with(1, '{}').with(2, 'x'), 'line_changed', 2, 3],
    ['three removed', A, (lines: string[]) => lines.toSpliced(1, 3), 'line_missing', 2, 4],
    ['all removed', B, () => [], 'line_missing', 1, 3],
    ['one that nobody wrote', B, (lines: string[]) => lines.toSpliced(1, 0, '{"a":1}'), 'line_added', 2, 2],
    [
      'one of another writer',
      B,
      (lines: string[]) => lines.with(1, lines[1]!.replace('node-1', 'node-2')),
      'line_changed',
      2,
      2,
    ],
    ['a line in the wrong place', B, (lines: string[]) => [lines[1]!, lines[2]!, lines[0]!], 'line_moved', 3, 3],
  ] as const)('%s', async (_, name, change, kind, line, lastLine) => {
    const report = await verify(withLines(`${name}.ndjson`, (lines) => change(lines)))
    expect(report.findings).toContainEqual(expect.objectContaining({ kind, file: `${name}.ndjson`, line, lastLine }))
    expect(report.findings.every(({ file }) => file === `${name}.ndjson`)).toBe(true)
  })

  it('segments that are swapped, removed in part or as a whole', async () => {
    const swapped = new Map(GOOD)
      .set(`${A}.ndjson`, GOOD.get(`${B}.ndjson`)!)
      .set(`${B}.ndjson`, GOOD.get(`${A}.ndjson`)!)
    const report = await verify(swapped)
    expect(names(report, `${A}.ndjson`, 1) && names(report, `${B}.ndjson`, 1)).toBe(true)
    const without = (...ends: string[]) => new Map([...GOOD].filter(([name]) => !ends.includes(name)))
    const middle = await verify(without(`${B}.ndjson`, `${B}.notes`, `${B}.start`))
    expect(middle.findings).toContainEqual(
      expect.objectContaining({ kind: 'line_missing', file: `${A}.ndjson`, line: 5, lastLine: 7, sequence: 4 }),
    )
    const first = await verify(without(`${A}.ndjson`, `${A}.notes`))
    expect(first.findings).toMatchObject([{ kind: 'segment_missing', file: `${B}.ndjson` }])
    const last = await verify(without(`${C}.ndjson`))
    expect(last.findings).toMatchObject([{ kind: 'segment_missing', file: `${C}.ndjson`, sequence: 7 }])
    const start = await verify(without(`${B}.start`))
    expect(start.findings).toMatchObject([{ kind: 'start_differs', file: `${B}.start`, detail: 'the file is missing' }])
    const identity = await verify(without('log.json'))
    expect(identity.findings).toMatchObject([{ kind: 'identity_differs', file: 'log.json' }])
  })

  it('a compressed segment', async () => {
    const good = logFiles({ segments: [40, 1], every: 16, compress: true, text: (n) => `${n} ${Math.sin(n)}` })
    const file = `${A}.ndjson.zst`
    const packed = good.get(file)!
    for (let at = 0; at < packed.length; at += 23) {
      const bytes = Buffer.from(packed)
      bytes[at]! ^= 1 << (at % 8)
      const isSame = () => zstdDecompressSync(bytes).equals(zstdDecompressSync(packed))
      const report = await verify(new Map(good).set(file, bytes))
      expect(report.findings.some((one) => one.file === file) || isSame(), `byte ${at}`).toBe(true)
    }
    const cut = await verify(new Map(good).set(file, packed.subarray(0, -9)))
    expect(cut.findings[0]).toMatchObject({ kind: 'segment_unreadable', file })
    const lines = zstdDecompressSync(packed).toString().replace('"n":7', '"n":8')
    const changedLine = await verify(new Map(good).set(file, zstdCompressSync(lines)))
    expect(changedLine.findings).toMatchObject([{ kind: 'line_changed', line: 8, sequence: 7 }])
  })

  it('what log.json says', async () => {
    const says = (from: string, to: string) =>
      changed('log.json', (one) => Buffer.from(one.toString().replace(from, to)))
    for (const [from, to] of [
      ['"node-1"', '"node-2"'],
      ['sallyport/node-1', 'sallyport/node-2'],
      [KEY.vkey, OTHER_KEY.vkey],
      ['"from": 0', '"from": 1'],
      ['{', '['],
    ] as const) {
      const { findings } = await verify(says(from, to))
      expect(
        findings.map(({ file }) => file),
        `${to}`,
      ).toEqual(['log.json'])
    }
  })
})

describe('a history that was written again', () => {
  const text = (n: number) => (n === 5 ? 'another' : `line ${n}`)
  const kept = (size: number) => notes(GOOD)[[2, 4, 6, 7, 8].indexOf(size)]!

  it('with another key', async () => {
    const { findings } = await verify(logFiles({ ...sweep.SPEC, text, keys: [[0, keyOf(3)]] }))
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'note_signature', file: `${A}.notes` }))
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'identity_differs', file: 'log.json' }))
  })

  it('with the chain alone', async () => {
    const other = logFiles({ ...sweep.SPEC, text })
    const files = new Map(GOOD)
    for (const name of other.keys()) if (!name.endsWith('.notes')) files.set(name, other.get(name)!)
    const { findings } = await verify(files)
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: 'root_differs', file: `${B}.ndjson`, line: 1, lastLine: 2 }),
    )
  })

  it('with the same key: by a checkpoint that was kept elsewhere alone', async () => {
    const files = logFiles({ ...sweep.SPEC, text })
    expect((await verify(files)).findings).toEqual([])
    expect((await verify(files, { against: [kept(4)] })).findings).toEqual([])
    for (const size of [6, 7, 8]) {
      const { findings } = await verify(files, { against: [kept(size)] })
      expect(findings).toMatchObject([{ kind: 'against_differs', detail: expect.stringContaining('rewritten') }])
    }
  })

  it('whose end was cut off', async () => {
    const files = logFiles({ segments: [4, 2], every: 2 })
    expect((await verify(files)).findings).toEqual([])
    const { findings } = await verify(files, { against: [kept(8)] })
    expect(findings).toMatchObject([{ kind: 'against_differs', detail: expect.stringContaining('cut off') }])
  })

  it('and one that was not', async () => {
    const record = { metadata: { event_code: 'log.checkpoint' }, unmapped: { jit: { note: kept(6) } } }
    const exported = `<110>1 - - - ${JSON.stringify(record)}\n${JSON.stringify({ event: { a: [kept(8)] } })}\n{"a":1}\nx\n`
    expect(await verify(GOOD, { against: [exported, kept(2)] })).toMatchObject({
      findings: [],
      unchecked: [],
      agreed: 3,
    })
    expect(await verify(GOOD, { against: [`${notes(GOOD).join('\n')}`] })).toMatchObject({ findings: [], agreed: 5 })
  })

  it('what can not be compared is said', async () => {
    const foreign = notes(logFiles({ ...sweep.SPEC, keys: [[0, keyOf(3)]] }))[2]!
    expect(await verify(GOOD, { against: [foreign] })).toMatchObject({
      findings: [],
      unchecked: [expect.stringMatching(/no known key/)],
    })
    expect(await verify(GOOD, { against: ['nothing'] })).toMatchObject({
      findings: [],
      unchecked: [expect.stringMatching(/no checkpoint in the file/)],
    })
    const told = logFiles({ ...sweep.SPEC, deletion: 5 })
    const deleted = new Map([...told].filter(([name]) => name !== `${A}.ndjson`))
    expect(await verify(deleted, { against: [kept(4)] })).toMatchObject({ agreed: 1, unchecked: [] })
    const withoutNote = changed(`${A}.notes`, (one) => one.subarray(one.indexOf('\n\nsallyport') + 2), deleted)
    expect(await verify(withoutNote, { against: [kept(2)] })).toMatchObject({
      agreed: 0,
      unchecked: [expect.stringMatching(/can't be compared/)],
    })
  })

  it('since a checkpoint: what was checked before is not read again', async () => {
    const broken = withLines(`${A}.ndjson`, (lines) => lines.with(1, 'x'))
    expect(await verify(broken, { since: kept(6) })).toMatchObject({ findings: [], unchecked: [], lines: 6, first: 4 })
    const later = withLines(`${C}.ndjson`, (lines) => lines.with(0, 'x'))
    expect((await verify(later, { since: kept(6) })).findings).toMatchObject([{ file: `${C}.ndjson`, line: 1 }])
  })

  function notes(files: ReadonlyMap<string, Buffer>): string[] {
    return NAMES.flatMap((name) => `${files.get(`${name}.notes`) ?? ''}`.split(/(?<=\n)\n(?=sallyport)/))
  }
})

describe('keys that were changed', () => {
  const keys = [
    [0, keyOf(1)],
    [5, keyOf(2)],
    [9, keyOf(3)],
  ] as const
  const rotated = logFiles({ ...sweep.SPEC, tail: 0, keys })

  it.each([1, 2, 3])('are known from any one of them', async (seed) => {
    const report = await verify(rotated, { keys: [keyOf(seed)] })
    expect(report).toMatchObject({ findings: [], unchecked: [] })
    expect(report.spans.map(({ from }) => from)).toEqual([0, 5, 9])
  })

  it('the old key signs nothing any more', async () => {
    const files = logFiles({
      ...sweep.SPEC,
      tail: 0,
      keys: [
        [0, keyOf(1)],
        [5, keyOf(2)],
      ],
    })
    const old = logFiles({ ...sweep.SPEC, tail: 0 })
    const { findings } = await verify(new Map(files).set(`${C}.notes`, old.get(`${C}.notes`)!))
    expect(findings).toMatchObject([{ kind: 'note_signature', file: `${C}.notes` }])
  })

  it('a key that the one before did not sign for is none', async () => {
    const strange = logFiles({ ...sweep.SPEC, tail: 0, keys: [[0, keyOf(4)]] })
    const files = new Map(rotated).set(`${B}.notes`, strange.get(`${B}.notes`)!)
    const { findings } = await verify(files)
    expect(findings.map(({ kind }) => kind)).toContain('key_rotation')
    expect(findings.map(({ kind }) => kind)).toContain('note_signature')
  })
})
