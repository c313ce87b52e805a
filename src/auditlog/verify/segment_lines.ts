import type { SegmentBytes } from '../segment_bytes.ts'

const BLOCK_BYTES = 4_194_304
const NEWLINE = 0x0a

/** A line within a block: from `begin` to `end`, with a byte before it that belongs to nobody. */
export interface LineAt {
  readonly block: Buffer
  readonly begin: number
  readonly end: number
  /** Where it begins in the segment. */
  readonly offset: number
  /** Whether a newline follows. */
  readonly whole: boolean
}

/** Calls with each line until one answers false. What follows the last newline is a line that is not whole. */
export function eachLine(bytes: SegmentBytes, visit: (line: LineAt) => boolean): void {
  let block: Buffer = Buffer.of(NEWLINE)
  let offset = 0
  for (let from = 0; from < bytes.size; ) {
    const more = bytes.read(from, Math.min(BLOCK_BYTES, bytes.size - from))
    if (more.length === 0) break
    from += more.length
    block = Buffer.concat([block, more])
    let begin = 1
    for (let end = block.indexOf(NEWLINE, begin); end !== -1; end = block.indexOf(NEWLINE, begin)) {
      if (!visit({ block, begin, end, offset, whole: true })) return
      offset += end + 1 - begin
      begin = end + 1
    }
    block = block.subarray(begin - 1)
  }
  if (block.length > 1) visit({ block, begin: 1, end: block.length, offset, whole: false })
}
