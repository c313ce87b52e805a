import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import { compressedPath, type Segment } from './segments.ts'
import { isMissing } from './system_error.ts'

/** The bytes of one segment, wherever they are. For threads that may wait for the disk. */
export interface SegmentBytes {
  /** As it was when it was opened. */
  readonly size: number
  /** Bytes from `position` on; fewer at the end. */
  read(position: number, length: number): Buffer
  close(): void
}

/** Null where retention has deleted it meanwhile. */
export function openSegment(directory: string, segment: Segment): SegmentBytes | null {
  const plain = segment.compressed ? null : openPlain(segment.path)
  // Compressed since it was listed.
  return plain ?? openCompressed(segment.compressed ? segment.path : compressedPath(directory, segment.first))
}

function openPlain(path: string): SegmentBytes | null {
  const file = unlessMissing(() => openSync(path, 'r'))
  if (file === null) return null
  return {
    size: fstatSync(file).size,
    read: (position, length) => readUpTo(file, position, length),
    close: () => closeSync(file),
  }
}

function openCompressed(path: string): SegmentBytes | null {
  const packed = unlessMissing(() => readFileSync(path))
  if (packed === null) return null
  const bytes = zstdDecompressSync(packed)
  return {
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
    close: () => undefined,
  }
}

function unlessMissing<T>(open: () => T): T | null {
  try {
    return open()
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function readUpTo(file: number, position: number, length: number): Buffer {
  const block = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const read = readSync(file, block, done, length - done, position + done)
    if (read === 0) break
    done += read
  }
  return block.subarray(0, done)
}
