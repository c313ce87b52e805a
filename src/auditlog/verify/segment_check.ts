import { linkOf } from '../../audit/chain.ts'
import { CompactRange } from '../../audit/merkle.ts'
import { timeOf } from '../log_lines.ts'
import { openSegment, type SegmentBytes } from '../segment_bytes.ts'
import type { Segment } from '../segments.ts'
import { diagnose } from './diagnosis.ts'
import { type Finding, finding } from './finding.ts'
import { LineCheck, type LogEvent } from './line_check.ts'
import { isDamage } from './log_parts.ts'
import { eachLine, type LineAt } from './segment_lines.ts'
import { readTornFrames } from './torn_frames.ts'

/** One segment to check, on any thread: all that is known of what stands before and behind it. */
export interface SegmentJob {
  readonly directory: string
  /** The name that findings give. */
  readonly file: string
  readonly segment: Segment
  /** Where the next segment begins; null for the last one. */
  readonly end: number | null
  /** Null: as the first line says. */
  readonly writer: string | null
  /** Leaf hash of the line before, hex. Null: as the first line says. */
  readonly previous: string | null
  /** The tree before it, hex; null where it is not known. */
  readonly range: readonly string[] | null
  /** Leaf hash of its last line, as the next segment's start has it. */
  readonly endPrevious: string | null
  /** At which sizes of the tree the root is asked for. */
  readonly sizes: ReadonlySet<number>
  /** The roots that checkpoints have, base64, by size. */
  readonly signed: ReadonlyMap<number, string>
  /** The lines from here on have no checkpoint. */
  readonly tailFrom: number
}

export interface SegmentResult {
  /** Null where retention has deleted the segment meanwhile. */
  readonly next: number | null
  readonly writer: string | null
  readonly lines: number
  readonly bytes: number
  /** What stands before the next segment; null where it is not known. */
  readonly previous: string | null
  readonly range: readonly string[] | null
  /** Base64, by size. */
  readonly roots: ReadonlyMap<number, string>
  readonly findings: readonly Finding[]
  readonly events: readonly LogEvent[]
  /** The lines without a checkpoint; times in milliseconds, of the first and the last of them. */
  readonly tail: { readonly lines: number; readonly from: number | null; readonly to: number | null }
}

/** What both ways of reading give. */
export interface Checked {
  readonly next: number
  readonly lines: number
  readonly previous: string | null
  readonly range: CompactRange | null
  readonly roots: ReadonlyMap<number, string>
  readonly findings: readonly Finding[]
  readonly events: readonly LogEvent[]
}

const NO_TAIL = { lines: 0, from: null, to: null }

/** Throws where the file can't be read. */
export function checkSegment(job: SegmentJob): SegmentResult {
  const opened = openOrTorn(job)
  if (opened === null) return gone()
  const { bytes, torn } = opened
  try {
    const first = firstLink(bytes)
    const writer = job.writer ?? first?.writer ?? ''
    const previous = job.previous ?? first?.previous ?? ''
    const checked = quick(bytes, job, writer, previous) ?? diagnose(bytes, job, writer, previous)
    return {
      ...checked,
      next: checked.next,
      writer,
      bytes: bytes.size,
      range: checked.range?.hashes().map((one) => Buffer.from(one).toString('hex')) ?? null,
      findings: torn === null ? checked.findings : [torn, ...checked.findings],
      tail: tailOf(bytes, job),
    }
  } finally {
    bytes.close()
  }
}

function openOrTorn(job: SegmentJob): { bytes: SegmentBytes; torn: Finding | null } | null {
  try {
    const bytes = openSegment(job.directory, job.segment)
    return bytes === null ? null : { bytes, torn: null }
  } catch (error) {
    if (!isDamage(error)) throw error
    const { bytes, goodBytes, totalBytes } = readTornFrames(job.segment.path)
    const detail = `the file can't be decompressed behind byte ${goodBytes} of ${totalBytes}`
    return { bytes, torn: finding('segment_unreadable', job.file, null, detail) }
  }
}

function firstLink(bytes: SegmentBytes): ReturnType<typeof linkOf> {
  let link: ReturnType<typeof linkOf> = null
  eachLine(bytes, (line) => {
    link = linkOf(textOf(line))
    return false
  })
  return link
}

/** Null where something is wrong with a line: then it is looked at more closely. */
function quick(bytes: SegmentBytes, job: SegmentJob, writer: string, previous: string): Checked | null {
  const { segment, sizes, end } = job
  const check = new LineCheck({ writer, next: segment.first, previous, range: rangeOf(job) })
  const roots = new Map<number, string>()
  let isGood = true
  let last: LineAt | null = null
  eachLine(bytes, (line) => {
    isGood = line.whole && check.take(line.block, line.begin, line.end)
    if (sizes.has(check.next)) {
      const root = check.root()
      if (root !== null) roots.set(check.next, root)
    }
    last = line
    return isGood
  })
  if (!isGood || (end !== null && check.next !== end)) return null
  const { state } = check
  // Where the tree is as signed, it is the next segment's start that is wrong.
  if (job.endPrevious !== null && state.previous !== job.endPrevious && !isAsSigned(roots, job)) return null
  if (last !== null && linkOf(textOf(last)) === null) return null
  const lines = check.next - segment.first
  return {
    next: check.next,
    lines,
    previous: state.previous,
    range: state.range,
    roots,
    findings: [],
    events: check.events,
  }
}

function isAsSigned(roots: ReadonlyMap<number, string>, { signed, end }: SegmentJob): boolean {
  const root = end === null ? undefined : roots.get(end)
  return root !== undefined && signed.get(end ?? 0) === root
}

export function rangeOf(job: SegmentJob): CompactRange | null {
  if (job.range === null) return null
  const hashes = job.range.map((one) => Buffer.from(one, 'hex'))
  return CompactRange.of(job.segment.first, hashes)
}

export function textOf({ block, begin, end }: LineAt): string {
  return block.toString('utf8', begin, end)
}

function tailOf(bytes: SegmentBytes, { segment, tailFrom, end }: SegmentJob): SegmentResult['tail'] {
  if (end !== null && tailFrom >= end) return NO_TAIL
  let sequence = segment.first
  let lines = 0
  let from: number | null = null
  let to: number | null = null
  eachLine(bytes, ({ block, begin, end: to_, whole }) => {
    if (!whole) return false
    if (sequence >= tailFrom) {
      to = timeOf(block.subarray(begin, to_))
      from ??= to
      lines += 1
    }
    sequence += 1
    return true
  })
  return { lines, from, to }
}

function gone(): SegmentResult {
  const none = { next: null, writer: null, lines: 0, bytes: 0, previous: null, range: null }
  return { ...none, roots: new Map(), findings: [], events: [], tail: NO_TAIL }
}
