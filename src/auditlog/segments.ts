import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isMissing } from './system_error.ts'

/**
 * The files of a log of record. A segment's name is the sequence number of its first line; beside it stand its signed
 * checkpoints (`.notes`) and what a reader needs to begin there (`.start`). See docs/audit-log.md.
 */

export interface Segment {
  /** The sequence number of its first line. */
  readonly first: number
  readonly path: string
  /** Closed, and in zstd frames. */
  readonly compressed: boolean
}

const DIGITS = 20
const PLAIN = '.ndjson'
const COMPRESSED = '.ndjson.zst'
const SEGMENT = /^(\d{20})\.ndjson(\.zst)?$/

export function segmentName(first: number): string {
  return String(first).padStart(DIGITS, '0')
}

export function plainPath(directory: string, first: number): string {
  return join(directory, segmentName(first) + PLAIN)
}

export function compressedPath(directory: string, first: number): string {
  return join(directory, segmentName(first) + COMPRESSED)
}

export function notesPath(directory: string, first: number): string {
  return join(directory, `${segmentName(first)}.notes`)
}

export function startPath(directory: string, first: number): string {
  return join(directory, `${segmentName(first)}.start`)
}

/** In order; the last one is open. Empty where there is no such directory. */
export function segmentsOf(directory: string): readonly Segment[] {
  const segments = new Map<number, Segment>()
  for (const name of namesIn(directory).sort()) {
    const [, digits, zst] = SEGMENT.exec(name) ?? []
    if (digits === undefined) continue
    const first = Number(digits)
    // Both are there for a moment while a segment is being compressed: the plain one is whole.
    if (!segments.has(first)) segments.set(first, { first, path: join(directory, name), compressed: zst !== undefined })
  }
  return [...segments.values()].sort((a, b) => a.first - b.first)
}

/** The segments that were, also where retention has deleted their lines: each leaves its checkpoints. */
export function startsOf(directory: string): readonly number[] {
  const starts = namesIn(directory).flatMap((name) =>
    /^\d{20}\.start$/.test(name) ? [Number(name.slice(0, DIGITS))] : [],
  )
  return starts.sort((a, b) => a - b)
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
