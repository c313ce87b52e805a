import * as z from 'zod'
import { CompactRange } from '../audit/merkle.ts'
import { SallyportError } from '../errors.ts'
import type { Disk } from './log_file.ts'
import { startPath } from './segments.ts'

/** What a reader needs to begin with a segment: the chain and the tree before it. */
export interface SegmentStart {
  /** The sequence number of its first line. */
  readonly first: number
  /** The leaf hash of the line before, hex; 64 zeros for the first segment. */
  readonly previous: string
  /** The tree over the lines before. */
  readonly range: CompactRange
}

const HASH = /^[0-9a-f]{64}$/
const startSchema = z.strictObject({
  first: z.int().min(0),
  previous: z.string().regex(HASH),
  range: z.array(z.string().regex(HASH)),
})

export function startText({ first, previous, range }: SegmentStart): string {
  const hashes = range.hashes().map((one) => Buffer.from(one).toString('hex'))
  return `${JSON.stringify({ first, previous, range: hashes })}\n`
}

/** Null where there is none. Throws `SP-AUDIT` where it can't be read. */
export function readStart(directory: string, first: number, disk: Pick<Disk, 'readText'>): SegmentStart | null {
  const text = disk.readText(startPath(directory, first))
  return text === null ? null : parseStart(text, first)
}

export function parseStart(text: string, first: number): SegmentStart {
  try {
    const { range, ...start } = startSchema.parse(JSON.parse(text))
    if (start.first !== first) throw new RangeError('the start of another segment')
    return {
      ...start,
      range: CompactRange.of(
        first,
        range.map((one) => Buffer.from(one, 'hex')),
      ),
    }
  } catch (cause) {
    throw new SallyportError('SP-AUDIT', `what stands before line ${first} of the audit log can't be read`, { cause })
  }
}
