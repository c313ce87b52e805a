import { createHash } from 'node:crypto'
import { constants, createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress, constants as zlib } from 'node:zlib'
import { SallyportError } from '../errors.ts'
import { disk } from './log_file.ts'
import { forward, timeOf } from './log_lines.ts'
import { classOf, isPast, type RecordClass, type Retention, type SegmentContents, shortestPeriod } from './retention.ts'
import { openSegment } from './segment_bytes.ts'
import { compressedPath, notesPath, plainPath, type Segment, segmentsOf } from './segments.ts'

/** What a log needs that nobody waits for: closed segments are compressed, and deleted when their time has passed. */

export interface UpkeepWork {
  readonly directory: string
  readonly compress: boolean
  readonly retention: Retention
  /** Every sink has what stands before this line. */
  readonly delivered: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A segment whose time has passed. */
export interface PastSegment {
  readonly first: number
  /** The first line after it. */
  readonly next: number
  readonly oldest: number
  readonly newest: number
}

export interface UpkeepDone {
  readonly compressed: number
  readonly past: readonly PastSegment[]
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
const OWNER_ONLY = 0o600
const CODE_KEY = Buffer.from('"event_code":"')
const QUOTE = 0x22

/** Compresses, and says what may be deleted. For a thread of its own. */
export async function keepUp(work: UpkeepWork): Promise<UpkeepDone> {
  const closed = segmentsOf(work.directory).slice(0, -1)
  const past = await pastSegments(closed, work)
  let compressed = 0
  for (const segment of work.compress ? closed : []) {
    if (segment.compressed || past.some(({ first }) => first === segment.first)) continue
    if (!isSealed(work.directory, segment)) continue
    await compress(work.directory, segment)
    compressed++
  }
  return { compressed, past }
}

/** A segment without checkpoints is still being made good. */
function isSealed(directory: string, { first }: Segment): boolean {
  return (disk.readText(notesPath(directory, first)) ?? '') !== ''
}

/** From the oldest on: what is kept has no gaps. */
async function pastSegments(closed: readonly Segment[], work: UpkeepWork): Promise<PastSegment[]> {
  const all = segmentsOf(work.directory)
  const past: PastSegment[] = []
  for (const [index, segment] of closed.entries()) {
    const next = all[index + 1]?.first ?? segment.first
    // A file that was written to lately holds what is young.
    const { mtimeMs } = await stat(segment.path)
    if (next > work.delivered || (!segment.compressed && mtimeMs + shortestPeriod(work.retention) > work.now)) break
    const contents = contentsOf(work.directory, segment)
    if (contents === null || !isPast(contents, work.retention, work.now)) break
    past.push({ first: segment.first, next, oldest: contents.oldest, newest: Math.max(...contents.newest.values()) })
  }
  return past
}

/** Null where a line says neither when it was nor what it is: nobody knows how long that has to be kept. */
export function contentsOf(directory: string, segment: Segment): SegmentContents | null {
  const bytes = openSegment(directory, segment)
  if (bytes === null) return null
  const newest = new Map<RecordClass, number>()
  let oldest = Number.POSITIVE_INFINITY
  try {
    for (const line of forward(bytes)) {
      const time = timeOf(line)
      const code = codeIn(line)
      if (time === null || code === null) return null
      const of = classOf(code)
      oldest = Math.min(oldest, time)
      newest.set(of, Math.max(newest.get(of) ?? 0, time))
    }
  } finally {
    bytes.close()
  }
  return newest.size === 0 ? null : { oldest, newest }
}

/** The metadata stands last in a line, so the last such key is the record's own. */
function codeIn(line: Buffer): string | null {
  const key = line.lastIndexOf(CODE_KEY)
  if (key === -1) return null
  const start = key + CODE_KEY.length
  return line.toString('latin1', start, line.indexOf(QUOTE, start))
}

/** The plain segment goes when the compressed one is on disk, and was read back as the same bytes. */
async function compress(directory: string, { first }: Segment): Promise<void> {
  const plain = plainPath(directory, first)
  const packed = compressedPath(directory, first)
  const beside = `${packed}.new`
  await rm(beside, { force: true })
  const file = await open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY)
  await pipeline(
    createReadStream(plain),
    createZstdCompress({ params: { [zlib.ZSTD_c_checksumFlag]: 1 } }),
    createWriteStream(beside, { fd: file.fd, autoClose: false }),
  )
  await file.sync()
  await file.close()
  const [before, after] = [await digestOf(createReadStream(plain)), await digestOf(createReadStream(beside), true)]
  if (before !== after)
    throw new SallyportError('SP-AUDIT', `segment ${first} of the audit log was not compressed well`)
  await rename(beside, packed)
  await disk.syncDirectory(directory)
  await rm(plain)
}

async function digestOf(stream: ReturnType<typeof createReadStream>, packed = false): Promise<string> {
  const hash = createHash('sha256')
  if (packed) await pipeline(stream, createZstdDecompress(), hash)
  else await pipeline(stream, hash)
  return hash.digest('hex')
}
