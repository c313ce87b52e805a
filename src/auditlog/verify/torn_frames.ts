import { readFileSync } from 'node:fs'
import { constants, zstdDecompressSync } from 'node:zlib'
import type { SegmentBytes } from '../segment_bytes.ts'

const PARTIAL = { finishFlush: constants.ZSTD_e_flush }

/** What a damaged file of zstd frames still gives, and how many of its bytes are good. */
export interface TornFrames {
  readonly bytes: SegmentBytes
  readonly goodBytes: number
  readonly totalBytes: number
}

/** Looks for the longest beginning that can still be decompressed. */
export function readTornFrames(path: string): TornFrames {
  const packed = readFileSync(path)
  let good = 0
  let text: Buffer = Buffer.alloc(0)
  for (let low = 0, high = packed.length; low <= high; ) {
    const middle = Math.floor((low + high) / 2)
    const read = unpacked(packed.subarray(0, middle))
    if (read === null) high = middle - 1
    else {
      good = middle
      text = read
      low = middle + 1
    }
  }
  const bytes = { size: text.length, read: (at: number, length: number) => text.subarray(at, at + length), close }
  return { bytes, goodBytes: good, totalBytes: packed.length }
}

function close(): void {
  // Nothing is open: the bytes are in memory.
}

function unpacked(packed: Buffer): Buffer | null {
  try {
    return packed.length === 0 ? Buffer.alloc(0) : zstdDecompressSync(packed, PARTIAL)
  } catch {
    return null
  }
}
