import { SallyportError } from '../errors.ts'
import type { LogLine } from './log_lines.ts'
import { openSegment, type SegmentBytes } from './segment_bytes.ts'
import { type Segment, segmentsOf } from './segments.ts'

const BLOCK_BYTES = 262_144
const NEWLINE = 0x0a

/**
 * Follows a log of record from a line on, also while it is written. Synchronous: for worker threads and commands, never
 * on a thread that carries data. Throws `SP-AUDIT` where the next line was deleted or can't be read.
 */
export class LogReader {
  readonly #directory: string
  #next: number
  readonly #taken: LogLine[] = []
  /** The segment that holds `#next`, and where in it that line begins. */
  #open: { readonly segment: Segment; readonly bytes: SegmentBytes; at: number; sequence: number } | null = null

  constructor(directory: string, next?: number) {
    this.#directory = directory
    this.#next = next ?? segmentsOf(directory)[0]?.first ?? 0
  }

  /** The sequence number of the line that comes next. */
  get next(): number {
    return this.#next
  }

  /** Whole lines below `before`, at most `maxBytes` of them, but at least one where there is one. */
  read(maxBytes: number, before = Number.POSITIVE_INFINITY): LogLine[] {
    const lines: LogLine[] = []
    let room = maxBytes
    while (room > 0 && this.#next < before) {
      const more = this.#fromOpen(room, before)
      if (more === 0 && !this.#goOn()) break
      for (const line of this.#taken.splice(0)) {
        room -= line.bytes.length + 1
        lines.push(line)
      }
    }
    return lines
  }

  close(): void {
    this.#open?.bytes.close()
    this.#open = null
  }

  /** How far it came, in bytes: lines before the one where reading begins are passed over. */
  #fromOpen(room: number, before: number): number {
    if (this.#open === null && !this.#openAt()) return 0
    const open = this.#open
    if (open === null) return 0
    let block = open.bytes.read(open.at, BLOCK_BYTES)
    // A line longer than a block.
    for (let size = BLOCK_BYTES * 2; block.indexOf(NEWLINE) === -1 && block.length >= size / 2; size *= 2) {
      block = open.bytes.read(open.at, size)
    }
    let begin = 0
    let bytes = 0
    for (let end = block.indexOf(NEWLINE); end !== -1 && bytes < room; end = block.indexOf(NEWLINE, begin)) {
      if (open.sequence >= before) break
      if (open.sequence >= this.#next) {
        this.#taken.push({ sequence: open.sequence, bytes: block.subarray(begin, end) })
        bytes += end + 1 - begin
      }
      begin = end + 1
      open.sequence++
    }
    open.at += begin
    this.#next = Math.max(this.#next, open.sequence)
    return begin
  }

  #openAt(): boolean {
    const segments = segmentsOf(this.#directory)
    const segment = segments.findLast(({ first }) => first <= this.#next)
    if (segment === undefined) {
      if (segments.length === 0) return false
      throw new SallyportError('SP-AUDIT', `line ${this.#next} of the audit log is no longer there`)
    }
    const bytes = openSegment(this.#directory, segment)
    if (bytes === null) throw new SallyportError('SP-AUDIT', `line ${this.#next} of the audit log is no longer there`)
    this.#open = { segment, bytes, at: 0, sequence: segment.first }
    return true
  }

  /** At the end of a segment: to the next one, where there is one. */
  #goOn(): boolean {
    const open = this.#open
    if (open === null) return false
    const next = segmentsOf(this.#directory).find(({ first }) => first > open.segment.first)
    if (next === undefined) return false
    if (next.first > open.sequence) {
      // Written after the last look, before the next segment was begun.
      if (open.bytes.read(open.at, BLOCK_BYTES).includes(NEWLINE)) return true
      throw new SallyportError('SP-AUDIT', `lines ${open.sequence} to ${next.first - 1} of the audit log are not there`)
    }
    this.close()
    return this.#openAt()
  }
}
