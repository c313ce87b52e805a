import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ChainState, followLine, newChain } from '../audit/chain.ts'
import type { Checkpoint } from '../audit/checkpoint.ts'
import { CompactRange } from '../audit/merkle.ts'
import { type NoteKey, noteKey } from '../audit/note.ts'
import { SallyportError } from '../errors.ts'
import type { Disk, LogFile } from './log_file.ts'
import type { LogIdentity } from './log_identity.ts'
import { forward } from './log_lines.ts'
import { checkpointsOf } from './notes.ts'
import { openSegment } from './segment_bytes.ts'
import { readStart, type SegmentStart } from './segment_start.ts'
import { plainPath, type Segment, segmentName, segmentsOf, startsOf } from './segments.ts'

/** A log as it was left, ready to go on. */
export interface OpenedLog {
  readonly first: number
  readonly file: LogFile
  /** Where the whole lines of the open segment end. */
  readonly end: number
  readonly chain: ChainState
  readonly range: CompactRange
  /** The size of the last checkpoint. */
  readonly checkpoint: number
  /** What a crash had left at the end, which is kept in a file beside; null where all was whole. */
  readonly cut: { readonly bytes: number; readonly file: string } | null
}

/**
 * Opens the last segment: its lines have to follow one another, and to agree with the checkpoints that were signed over
 * them. What stands behind the last checkpoint and is not whole was torn by a crash; it is set aside. Throws `SP-AUDIT`
 * where anything that was signed is missing or changed, and says where.
 */
export function openLog(directory: string, identity: LogIdentity, disk: Disk): OpenedLog {
  removeUnfinished(directory, disk)
  const keys = keysOf(identity)
  const segments = segmentsOf(directory)
  const last = segments.at(-1)
  if (last === undefined) {
    if (startsOf(directory).length > 0) throw broken('its segments are gone')
    return opened(
      directory,
      { first: 0, previous: newChain('').previous, range: CompactRange.empty() },
      identity,
      keys,
      disk,
    )
  }
  const before = segments.at(-2)
  const signed = before === undefined ? null : lastSizeOf(directory, before.first, keys, disk)
  // With a checkpoint at its end the one before is whole; without, a loss of power may have taken of it.
  if (before !== undefined && signed !== last.first) return openAfter(directory, before, last, identity, keys, disk)
  const start = readStart(directory, last.first, disk) ?? startBefore(directory, before, last, identity, disk)
  return opened(directory, start, identity, keys, disk)
}

function keysOf({ vkeys }: LogIdentity): NoteKey[] {
  return vkeys.map(({ vkey }) => noteKey(vkey)).filter((key) => key !== null)
}

function removeUnfinished(directory: string, disk: Disk): void {
  for (const name of readdirSync(directory)) if (name.endsWith('.new')) disk.remove(join(directory, name))
}

function lastSizeOf(directory: string, segment: number, keys: readonly NoteKey[], disk: Disk): number | null {
  const checkpoints = checkpointsOf(directory, segment, keys, disk)
  if (typeof checkpoints === 'string') throw broken(`a checkpoint of segment ${segment}: ${checkpoints}`)
  return checkpoints.at(-1)?.size ?? null
}

/** The segment before has no checkpoint at its end: it was not on disk as a whole when the process ended. */
function openAfter(
  directory: string,
  before: Segment,
  last: Segment,
  identity: LogIdentity,
  keys: readonly NoteKey[],
  disk: Disk,
): OpenedLog {
  const start = readStart(directory, before.first, disk) ?? FIRST
  const walked = walk(directory, start, identity, checkpointsAt(directory, before.first, keys, disk), last.first)
  if (walked.chain.next === last.first) {
    if (walked.more) cutAt(directory, before, walked.end, disk)
    return opened(
      directory,
      { first: last.first, previous: walked.chain.previous, range: walked.range },
      identity,
      keys,
      disk,
    )
  }
  if (lastSizeOf(directory, last.first, keys, disk) !== null) {
    throw broken(`line ${walked.chain.next} and what follows it up to ${last.first} are missing, and were signed`)
  }
  // Lines of the last one follow lines that a loss of power took: none of them was ever on disk for certain.
  disk.rename(last.path, `${last.path}.lost`)
  return opened(directory, start, identity, keys, disk)
}

const FIRST: SegmentStart = { first: 0, previous: newChain('').previous, range: CompactRange.empty() }

function startBefore(
  directory: string,
  before: Segment | undefined,
  last: Segment,
  identity: LogIdentity,
  disk: Disk,
): SegmentStart {
  if (before === undefined) {
    if (last.first === 0) return FIRST
    throw broken(`what stands before line ${last.first} is missing`)
  }
  const start = readStart(directory, before.first, disk) ?? (before.first === 0 ? FIRST : null)
  if (start === null) throw broken(`what stands before line ${before.first} is missing`)
  const { chain, range } = walk(directory, start, identity, [], last.first)
  if (chain.next !== last.first) throw broken(`lines ${chain.next} to ${last.first - 1} are missing`)
  return { first: last.first, previous: chain.previous, range }
}

function opened(
  directory: string,
  start: SegmentStart,
  identity: LogIdentity,
  keys: readonly NoteKey[],
  disk: Disk,
): OpenedLog {
  const { first } = start
  const file = disk.open(plainPath(directory, first))
  const checkpoints = checkpointsAt(directory, first, keys, disk)
  const walked = walk(directory, start, identity, checkpoints, Number.POSITIVE_INFINITY)
  const signed = checkpoints.at(-1)?.size ?? first
  const { chain, range, end } = walked
  if (chain.next < signed) {
    const why = walked.problem ?? 'the log ends there'
    throw broken(`line ${chain.next} of ${segmentName(first)}: ${why}; ${signed} lines were signed`)
  }
  const size = file.size()
  const cut = size === end ? null : { bytes: size - end, file: setAside(directory, first, chain.next, file, end, disk) }
  return { first, file, end, chain, range, checkpoint: signed, cut }
}

function checkpointsAt(directory: string, first: number, keys: readonly NoteKey[], disk: Disk): readonly Checkpoint[] {
  const found = checkpointsOf(directory, first, keys, disk)
  if (typeof found === 'string') throw broken(`a checkpoint of segment ${segmentName(first)}: ${found}`)
  return found
}

interface Walked {
  readonly chain: ChainState
  readonly range: CompactRange
  /** In bytes. */
  readonly end: number
  /** Why the next line does not follow; null at the end of the segment. */
  readonly problem: string | null
  /** There are whole lines behind `before`. */
  readonly more: boolean
}

/** Follows the lines of a segment as far as they hold, and compares the tree with each checkpoint on the way. */
function walk(
  directory: string,
  start: SegmentStart,
  { writer }: LogIdentity,
  checkpoints: readonly Checkpoint[],
  before: number,
): Walked {
  const range = start.range.copy()
  let chain: ChainState = { writer, next: start.first, previous: start.previous }
  let end = 0
  let problem: string | null = null
  let more = false
  const due = [...checkpoints]
  const segment = { first: start.first, path: plainPath(directory, start.first), compressed: false }
  const bytes = openSegment(directory, segment)
  if (bytes === null) return { chain, range, end, problem, more }
  try {
    for (const line of forward(bytes)) {
      if (chain.next >= before) {
        more = true
        break
      }
      const next = followLine(chain, line.toString())
      if (typeof next === 'string') {
        problem = next
        break
      }
      range.append(Buffer.from(next.previous, 'hex'))
      while (due[0] !== undefined && due[0].size <= next.next) compare(due.shift() as Checkpoint, range)
      chain = next
      end += line.length + 1
    }
  } finally {
    bytes.close()
  }
  return { chain, range, end, problem, more }
}

function compare({ size, root }: Checkpoint, range: CompactRange): void {
  if (size === range.size && Buffer.compare(root, range.root()) === 0) return
  throw broken(`the lines up to ${size} are not those that were signed`)
}

/** Keeps what is cut off: it may be looked at, and nothing that was written goes away without a trace. */
function setAside(directory: string, first: number, next: number, file: LogFile, end: number, disk: Disk): string {
  const name = `${segmentName(first)}.torn-${next}`
  const bytes = Buffer.alloc(file.size() - end)
  for (let done = 0; done < bytes.length; ) {
    const read = file.read(bytes.subarray(done), end + done)
    if (read === 0) break
    done += read
  }
  const aside = disk.open(join(directory, name))
  try {
    for (let done = 0; done < bytes.length; ) done += aside.write(bytes.subarray(done))
  } finally {
    aside.close()
  }
  file.truncate(end)
  return name
}

function cutAt(directory: string, segment: Segment, end: number, disk: Disk): void {
  const file = disk.open(plainPath(directory, segment.first))
  try {
    file.truncate(end)
  } finally {
    file.close()
  }
}

/** How the detail begins where the log is not as it was signed. */
export const BROKEN_LOG = 'the audit log is broken: '

function broken(what: string): SallyportError {
  return new SallyportError('SP-AUDIT', `${BROKEN_LOG}${what} (docs/audit-verify.md)`)
}
