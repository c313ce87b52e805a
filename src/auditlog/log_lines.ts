import { openSegment, type SegmentBytes } from './segment_bytes.ts'
import { type Segment, segmentsOf } from './segments.ts'

/** The lines of a log of record, over its segments, a block at a time. For threads that may wait for the disk. */

const BLOCK_BYTES = 1_048_576
const NEWLINE = 0x0a
const TIME_KEY = Buffer.from('"time":')
/** More digits than a time in milliseconds has. */
const TIME_DIGITS = 16

export interface LogLine {
  readonly sequence: number
  /** Without its newline. */
  readonly bytes: Buffer
}

/** Whole lines from `from` on: one that is being written has no newline yet. */
export function* linesFrom(directory: string, from = 0): Generator<LogLine> {
  const segments = segmentsOf(directory)
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    if (next !== undefined && next.first <= from) continue
    const bytes = openSegment(directory, segment)
    if (bytes === null) continue
    try {
      let sequence = segment.first
      for (const line of forward(bytes)) {
        if (sequence >= from) yield { sequence, bytes: line }
        sequence++
      }
    } finally {
      bytes.close()
    }
  }
}

/** Whole lines below `before`, the last first. */
export function* linesBackwardIn(directory: string, before = Number.POSITIVE_INFINITY): Generator<LogLine> {
  const segments = segmentsOf(directory)
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index] as Segment
    if (segment.first >= before) continue
    const bytes = openSegment(directory, segment)
    if (bytes === null) continue
    try {
      // Closed segments go up to the next; of the open one the lines are counted.
      let sequence = segment.first + (segments[index + 1] ? segments[index + 1]!.first - segment.first : countOf(bytes))
      for (const line of backward(bytes)) {
        sequence--
        if (sequence < before) yield { sequence, bytes: line }
      }
    } finally {
      bytes.close()
    }
  }
}

/**
 * The time of a record without parsing it. Quotes within texts are escaped, so the first such key is one, and records
 * have it before everything that others made up.
 */
export function timeOf(line: Buffer): number | null {
  const key = line.indexOf(TIME_KEY)
  if (key === -1) return null
  const digits = key + TIME_KEY.length
  const time = Number.parseInt(line.toString('latin1', digits, digits + TIME_DIGITS), 10)
  return Number.isSafeInteger(time) ? time : null
}

/** The whole lines of a segment from a position on. */
export function* forward(bytes: SegmentBytes, start = 0): Generator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for (let from = start; from < bytes.size; ) {
    const block = bytes.read(from, Math.min(BLOCK_BYTES, bytes.size - from))
    if (block.length === 0) return
    from += block.length
    const joined = rest.length === 0 ? block : Buffer.concat([rest, block])
    let begin = 0
    for (let end = joined.indexOf(NEWLINE); end !== -1; end = joined.indexOf(NEWLINE, begin)) {
      yield joined.subarray(begin, end)
      begin = end + 1
    }
    rest = joined.subarray(begin)
  }
}

function* backward(bytes: SegmentBytes): Generator<Buffer> {
  let tail: Buffer = Buffer.alloc(0)
  // What follows the last newline is being written, or was torn.
  let whole = false
  for (let to = bytes.size; to > 0; ) {
    const from = Math.max(0, to - BLOCK_BYTES)
    const block = bytes.read(from, to - from)
    if (block.length < to - from) return
    to = from
    let joined = tail.length === 0 ? block : Buffer.concat([block, tail])
    if (!whole) {
      const last = joined.lastIndexOf(NEWLINE)
      if (last === -1) continue
      joined = joined.subarray(0, last)
      whole = true
    }
    for (let newline = joined.lastIndexOf(NEWLINE); newline !== -1; newline = joined.lastIndexOf(NEWLINE)) {
      yield joined.subarray(newline + 1)
      joined = joined.subarray(0, newline)
    }
    tail = joined
  }
  if (whole) yield tail
}

function countOf(bytes: SegmentBytes): number {
  let count = 0
  for (let from = 0; from < bytes.size; ) {
    const block = bytes.read(from, Math.min(BLOCK_BYTES, bytes.size - from))
    if (block.length === 0) break
    from += block.length
    for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, at + 1)) count++
  }
  return count
}
