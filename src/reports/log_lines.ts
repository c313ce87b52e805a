import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** The lines of a log of record, forwards or backwards, a block at a time. For threads that may wait for the disk. */

const BLOCK_BYTES = 1_048_576
const NEWLINE = 0x0a
const TIME_KEY = Buffer.from('"time":')

export interface LogLine {
  /** Without its newline. A view of a block: gone with the next line. */
  readonly bytes: Buffer
  /** Where it begins in the file. */
  readonly at: number
}

/** Runs `work` with the open file; undefined where there is none. */
export function withLog<T>(path: string, work: (file: number, size: number) => T): T | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return work(file, fstatSync(file).size)
  } finally {
    closeSync(file)
  }
}

/** Whole lines from `start`: one that is being written has no newline yet. */
export function* linesForward(file: number, start: number, size: number): Generator<LogLine> {
  let rest: Buffer = Buffer.alloc(0)
  let at = start
  for (let from = start; from < size; ) {
    const block = readBlock(file, from, Math.min(BLOCK_BYTES, size - from))
    if (block.length === 0) return
    from += block.length
    const joined = rest.length === 0 ? block : Buffer.concat([rest, block])
    let begin = 0
    for (let end = joined.indexOf(NEWLINE); end !== -1; end = joined.indexOf(NEWLINE, begin)) {
      yield { bytes: joined.subarray(begin, end), at: at + begin }
      begin = end + 1
    }
    rest = joined.subarray(begin)
    at += begin
  }
}

/** Whole lines that end at or before `end`, the last first, down to the begin of the file. */
export function* linesBackward(file: number, end: number): Generator<LogLine> {
  let tail: Buffer = Buffer.alloc(0)
  // What follows the last newline is being written, or was torn.
  let whole = false
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - BLOCK_BYTES)
    const block = readBlock(file, from, to - from)
    if (block.length < to - from) return
    to = from
    let joined = tail.length === 0 ? block : Buffer.concat([block, tail])
    if (!whole) {
      const last = joined.lastIndexOf(NEWLINE)
      if (last === -1) {
        tail = Buffer.alloc(0)
        continue
      }
      joined = joined.subarray(0, last)
      whole = true
    }
    for (let newline = joined.lastIndexOf(NEWLINE); newline !== -1; newline = joined.lastIndexOf(NEWLINE)) {
      yield { bytes: joined.subarray(newline + 1), at: from + newline + 1 }
      joined = joined.subarray(0, newline)
    }
    tail = joined
  }
  if (whole) yield { bytes: tail, at: 0 }
}

/**
 * The time of a record without parsing it. Quotes within texts are escaped, so the first such key is one, and records
 * have it before everything that others made up.
 */
export function timeOf(line: Buffer): number | null {
  const key = line.indexOf(TIME_KEY)
  if (key === -1) return null
  const time = Number.parseInt(line.toString('latin1', key + TIME_KEY.length, key + TIME_KEY.length + 16), 10)
  return Number.isSafeInteger(time) ? time : null
}

function readBlock(file: number, from: number, length: number): Buffer {
  const block = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const read = readSync(file, block, done, length - done, from + done)
    if (read === 0) break
    done += read
  }
  return block.subarray(0, done)
}
