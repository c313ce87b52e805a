import { statSync } from 'node:fs'
import { newChain } from '../../audit/chain.ts'
import { readCheckpoint } from '../../audit/checkpoint.ts'
import { type NoteKey, openNote } from '../../audit/note.ts'
import { SallyportError } from '../../errors.ts'
import type { LogIdentity } from '../log_identity.ts'
import { parseStart } from '../segment_start.ts'
import { checkAll, checkOne } from './check_threads.ts'
import { type Finding, finding } from './finding.ts'
import { type KeySpan, spansOf } from './key_spans.ts'
import type { LogEvent } from './line_check.ts'
import { type LogPart, linkAt } from './log_parts.ts'
import { notesIn, readNotes, type SignedCheckpoint, sizeIn } from './note_file.ts'
import type { SegmentJob, SegmentResult } from './segment_check.ts'

export interface LogCheckInput {
  readonly directory: string
  readonly parts: readonly LogPart[]
  readonly identity: LogIdentity | null
  /** Empty: signatures are not looked at. */
  readonly keys: readonly NoteKey[]
  /** Sizes at which the root is wanted besides. */
  readonly sizes: readonly number[]
  /** Segments that end at or before this line are left out. */
  readonly from: number
  /** All the parts of a log, and not some of its files. */
  readonly isWhole: boolean
  /** On this thread alone. */
  readonly inline: boolean
}

export interface LogCheck {
  readonly writer: string | null
  readonly origin: string | null
  readonly spans: readonly KeySpan[]
  /** The first line that was checked, and one more than the last. */
  readonly first: number
  readonly next: number
  readonly lines: number
  readonly bytes: number
  readonly segments: number
  readonly deleted: readonly { readonly first: number; readonly next: number }[]
  readonly checkpoints: readonly SignedCheckpoint[]
  /** Base64, by size. */
  readonly roots: ReadonlyMap<number, string>
  readonly head: string | null
  /** The last segment: its name, and its first line. */
  readonly last: { readonly file: string; readonly first: number }
  readonly tail: SegmentResult['tail']
  readonly events: readonly LogEvent[]
  readonly findings: readonly Finding[]
}

/** What stands before a segment; of the range, hex. */
interface Before {
  readonly previous: string
  readonly range: readonly string[] | null
}

interface Prepared {
  readonly part: LogPart
  readonly checkpoints: readonly SignedCheckpoint[]
  /** As its start file says. */
  readonly before: Before | null
  readonly job: SegmentJob | null
}

const FIRST: Before = { previous: newChain('').previous, range: [] }

/** Reads every line, and compares it with its neighbours, the tree and the checkpoints. Throws `SP-AUDIT`: unreadable. */
export async function checkLog(input: LogCheckInput): Promise<LogCheck> {
  const parts = input.parts.filter(({ end }) => end === null || end > input.from)
  const notesAt = (size: number) =>
    parts.flatMap(({ notes }) => notesIn(notes ?? '').flatMap(({ note }) => (sizeIn(note) === size ? [note] : [])))
  const { spans, findings: keyFindings } = spansOf(input.identity, input.keys, notesAt)
  const findings: Finding[] = [...keyFindings]
  const named = namesOf(parts, input, spans, findings)
  const prepared = prepare(parts, { ...input, ...named }, spans, findings)
  const jobs = prepared.flatMap(({ job }) => (job === null ? [] : [job]))
  const bytes = jobs.reduce((sum, { segment }) => sum + sizeOf(segment.path), 0)
  const found = new Map(
    (await checkAll(jobs, bytes, input.inline)).map((result, index) => [jobs[index], result] as const),
  )
  const results = joined(prepared, found, findings)
  return summary({ ...input, ...named }, spans, prepared, results, findings)
}

interface Names {
  readonly writer: string | null
  readonly origin: string | null
}

/** `log.json` names the writer and the origin; what the lines and the checkpoints say counts. */
function namesOf(
  parts: readonly LogPart[],
  { identity, directory }: LogCheckInput,
  spans: readonly KeySpan[],
  findings: Finding[],
): Names {
  const keys = spans.map(({ key }) => key)
  const notes = parts.flatMap((part) => notesIn(part.notes ?? ''))
  const opened = notes.map(({ note }) => openNote(note, keys)).find((one) => typeof one !== 'string')
  const origin = (opened === undefined ? null : readCheckpoint(opened.text)?.origin) ?? identity?.origin ?? null
  const segments = parts.flatMap(({ segment }) => (segment === null ? [] : [segment]))
  const links = [segments[0], segments.at(-1)].flatMap((one) => (one === undefined ? [] : [linkAt(directory, one)]))
  // The first line may be the one that was changed.
  const [writer] = links
    .map((link) => link?.writer ?? null)
    .filter((one, _, all) => all.every((other) => other === one))
  for (const [what, said, found] of [
    ['origin', identity?.origin, origin],
    ['writer', identity?.writer, writer],
  ]) {
    if (said == null || found == null || said === found) continue
    findings.push(
      finding(
        'identity_differs',
        'log.json',
        null,
        `its ${what} is ${JSON.stringify(said)}, and the log's is ${JSON.stringify(found)}`,
      ),
    )
  }
  return { origin, writer: writer ?? identity?.writer ?? null }
}

function prepare(
  parts: readonly LogPart[],
  input: LogCheckInput & Names,
  spans: readonly KeySpan[],
  findings: Finding[],
): readonly Prepared[] {
  let last = 0
  const read = parts.map((part) => {
    const notes =
      input.keys.length === 0 ? { checkpoints: [], findings: [] } : readNotes(part, spans, input.origin, last)
    findings.push(...notes.findings)
    last = notes.checkpoints.at(-1)?.size ?? last
    return { part, checkpoints: notes.checkpoints }
  })
  const signed = new Map(read.flatMap((one) => one.checkpoints.map(({ size, root }) => [size, base64(root)] as const)))
  const starts = parts.map((part, index) => startOf(part, index, signed, findings))
  return read.map(({ part, checkpoints }, index) => {
    const before = starts[index] ?? null
    const next = starts[index + 1]
    const job = jobOf(part, before, next?.previous ?? null, signed, input, last)
    return { part, checkpoints, before, job }
  })
}

function jobOf(
  part: LogPart,
  before: Before | null,
  endPrevious: string | null,
  signed: ReadonlyMap<number, string>,
  input: LogCheckInput & Names,
  tailFrom: number,
): SegmentJob | null {
  const { segment, first, end, file } = part
  if (segment === null) return null
  const { directory, writer } = input
  const within = (size: number) => size >= first && (end === null || size <= end)
  const sizes = new Set([...signed.keys(), ...input.sizes].filter(within))
  const mine = new Map([...signed].filter(([size]) => within(size)))
  const { previous, range } = before ?? { previous: null, range: null }
  return { directory, file, segment, end, writer, previous, range, endPrevious, sizes, signed: mine, tailFrom }
}

/** What a start file says, where it agrees with the checkpoint of that size. */
function startOf(
  part: LogPart,
  index: number,
  signed: ReadonlyMap<number, string>,
  findings: Finding[],
): Before | null {
  const { first, start, startFile, segment, end } = part
  if (start === null) {
    if (first === 0) return FIRST
    // A segment that was just begun has none yet.
    const isBegun = end === null || segment === null
    if (!isBegun && index > 0) findings.push(finding('start_differs', startFile, null, 'the file is missing'))
    return null
  }
  try {
    const { previous, range } = parseStart(start, first)
    const root = signed.get(first)
    if (root !== undefined && root !== base64(range.root())) {
      findings.push(finding('start_differs', startFile, null, 'its tree is not the one that was signed'))
      return null
    }
    return { previous, range: range.hashes().map(hex) }
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    findings.push(finding('start_differs', startFile, null, "it can't be read"))
    return null
  }
}

/** In order: what one segment ends with, the next has to begin with. Where its start file says otherwise, it is read again. */
function joined(
  prepared: readonly Prepared[],
  found: ReadonlyMap<SegmentJob | undefined, SegmentResult>,
  findings: Finding[],
): readonly (SegmentResult | null)[] {
  let end: Before | null = null
  return prepared.map(({ part, checkpoints, before, job }) => {
    let result = job === null ? null : (found.get(job) ?? null)
    if (job !== null && end !== null && !isSame(before, end)) {
      if (before !== null && part.start !== null) {
        findings.push(finding('start_differs', part.startFile, null, 'it is not what the segment before ends with'))
      }
      result = checkOne({ ...job, ...end })
    }
    const isAsSigned = result !== null && compare(part, checkpoints, result, findings)
    end = isAsSigned && result?.previous != null && result.range !== null ? (result as Before) : null
    return result
  })
}

function isSame(a: Before | null, b: Before): boolean {
  return a !== null && a.previous === b.previous && String(a.range) === String(b.range)
}

/** Whether the tree is the one that was signed, wherever that is known. */
function compare(
  part: LogPart,
  checkpoints: readonly SignedCheckpoint[],
  result: SegmentResult,
  findings: Finding[],
): boolean {
  const { next, roots } = result
  findings.push(...result.findings)
  if (next === null) return false
  const beyond = checkpoints.findLast(({ size }) => size > next)
  if (beyond !== undefined) {
    const place = {
      line: next - part.first + 1,
      lastLine: beyond.size - part.first,
      sequence: next,
      offset: result.bytes,
    }
    findings.push(finding('note_beyond', part.file, place, `${beyond.size} lines were signed, and the log has ${next}`))
  }
  const wrong = checkpoints.findIndex(({ size, root }) => roots.has(size) && roots.get(size) !== base64(root))
  if (wrong === -1) return beyond === undefined
  if (result.findings.length === 0) findings.push(rewritten(part, checkpoints, wrong))
  return false
}

function rewritten(part: LogPart, checkpoints: readonly SignedCheckpoint[], wrong: number): Finding {
  const good = checkpoints[wrong - 1]?.size ?? part.first
  const { size, line } = checkpoints[wrong] as SignedCheckpoint
  const place = { line: good - part.first + 1, lastLine: size - part.first, sequence: good, offset: null }
  const detail = `these lines agree with one another, but not with the checkpoint in line ${line} of ${part.notesFile}`
  return finding('root_differs', part.file, place, detail)
}

function summary(
  { parts, writer, origin, from, isWhole }: LogCheckInput & Names,
  spans: readonly KeySpan[],
  prepared: readonly Prepared[],
  results: readonly (SegmentResult | null)[],
  findings: Finding[],
): LogCheck {
  const present = results.filter((one) => one !== null && one.next !== null) as readonly SegmentResult[]
  const checkpoints = prepared.flatMap((one) => one.checkpoints)
  const last = results.at(-1)
  const first = prepared.find(({ job }) => job !== null)?.part.first ?? 0
  if (last === null && prepared.length > 0) {
    const { file, first: lost } = (prepared.at(-1) as Prepared).part
    const place = { line: 1, sequence: lost, offset: null }
    findings.push(finding('segment_missing', file, place, 'the last segment of the log is not there'))
  }
  if (isWhole && from === 0) findings.push(...deletions(prepared, present))
  const begin = parts[0]
  if (begin !== undefined && begin.first > 0 && isWhole) {
    findings.push(finding('segment_missing', begin.file, null, `nothing is left of the ${begin.first} lines before it`))
  }
  return {
    writer: present[0]?.writer ?? writer,
    origin,
    spans,
    first,
    next: last?.next ?? checkpoints.at(-1)?.size ?? 0,
    lines: present.reduce((sum, { lines }) => sum + lines, 0),
    bytes: present.reduce((sum, one) => sum + one.bytes, 0),
    segments: present.length,
    deleted: prepared.flatMap(({ part, job }) =>
      job === null && part.end !== null ? [{ first: part.first, next: part.end }] : [],
    ),
    checkpoints,
    roots: new Map(present.flatMap(({ roots }) => [...roots])),
    head: last?.previous ?? null,
    last: prepared.at(-1)?.part ?? { file: '', first: 0 },
    tail: tailOf(present),
    events: present.flatMap(({ events }) => events),
    findings,
  }
}

/** Retention deletes from the oldest on, and puts it on record before. */
function deletions(prepared: readonly Prepared[], present: readonly SegmentResult[]): Finding[] {
  const kept = prepared.findIndex(({ job }) => job !== null)
  const told = present.flatMap(({ events }) => events).filter(({ code }) => code === 'log.segment_deleted')
  return prepared.flatMap(({ part, job }, index) => {
    const { first, end, file } = part
    if (job !== null || end === null) return []
    const isTold = told.some(({ line }) => line.includes(`"first":${first},`) || line.includes(`"first":${first}}`))
    // The records of older ones may have been deleted meanwhile.
    if (index < kept - 1 || (index === kept - 1 && isTold)) return []
    const place = { line: 1, lastLine: end - first, sequence: first, offset: null }
    return [
      finding('segment_missing', file, place, 'the lines are gone, and no record tells that they were to be deleted'),
    ]
  })
}

function tailOf(results: readonly SegmentResult[]): SegmentResult['tail'] {
  const tails = results.map(({ tail }) => tail).filter(({ lines }) => lines > 0)
  const lines = tails.reduce((sum, tail) => sum + tail.lines, 0)
  return { lines, from: tails[0]?.from ?? null, to: tails.at(-1)?.to ?? null }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function base64(root: Uint8Array): string {
  return Buffer.from(root).toString('base64')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
