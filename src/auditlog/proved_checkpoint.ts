import { CompactRange, entryHash } from '../audit/merkle.ts'
import { consistencyProof } from '../audit/merkle_proof.ts'
import { disk } from './log_file.ts'
import { forward } from './log_lines.ts'
import { notesOf } from './notes.ts'
import { openSegment } from './segment_bytes.ts'
import { readStart } from './segment_start.ts'
import { segmentsOf } from './segments.ts'

/** A checkpoint, and the proof that it continues the tree of another size. */
export interface ProvedCheckpoint {
  /** The signed note. */
  readonly note: string
  readonly size: number
  /** Base64; RFC 6962, section 2.1.2. Empty without a size to prove from. */
  readonly proof: readonly string[]
}

/** So many lines are read for one proof; who is further behind asks again from where it got to. */
const MAX_LINES = 500_000

/** The last checkpoint; null where there is none yet. */
export function lastCheckpoint(directory: string): ProvedCheckpoint | null {
  for (const { first } of segmentsOf(directory).toReversed()) {
    const note = notesOf(directory, first, disk).at(-1)
    if (note !== undefined) return { note, size: sizeOf(note), proof: [] }
  }
  return null
}

/**
 * The last checkpoint that can be proved from a size in one go; null where the lines from there on are not kept, or there
 * is no checkpoint of as many. For a thread of its own: it reads whole segments.
 */
export function provedCheckpoint(directory: string, from: number): ProvedCheckpoint | null {
  const segments = segmentsOf(directory)
  const begin = segments.findLast(({ first }) => first <= from)
  if (begin === undefined) return null
  const notes = segments
    .filter(({ first }) => first >= begin.first)
    .flatMap(({ first }) => notesOf(directory, first, disk))
  const ahead = notes.map((note) => ({ note, size: sizeOf(note) })).filter(({ size }) => size >= from)
  const target = ahead.findLast(({ size }) => size <= from + MAX_LINES) ?? ahead[0]
  const range = begin.first === 0 ? CompactRange.empty() : readStart(directory, begin.first, disk)?.range.copy()
  if (target === undefined || range === undefined) return null
  const after: Uint8Array[] = []
  for (const segment of segments.filter(({ first }) => first >= begin.first && first < target.size)) {
    const bytes = openSegment(directory, segment)
    if (bytes === null) return null
    try {
      for (const line of forward(bytes)) {
        if (range.size + after.length >= target.size) break
        if (range.size < from) range.append(entryHash(line))
        else after.push(entryHash(line))
      }
    } finally {
      bytes.close()
    }
  }
  if (range.size + after.length !== target.size || range.size !== from) return null
  const proof = consistencyProof(range, after).map((hash) => Buffer.from(hash).toString('base64'))
  return { ...target, proof }
}

function sizeOf(note: string): number {
  return Number(note.split('\n')[1])
}
