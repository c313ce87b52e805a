import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { followLine } from '../audit/chain.ts'
import { LogReader } from '../auditlog/log_reader.ts'
import { segmentsOf } from '../auditlog/segments.ts'
import { isMissing } from '../auditlog/system_error.ts'
import { writeAtomically } from './atomic_file.ts'

/** How far a sink has come, and whether it goes on. */
export interface Position {
  /** The sequence number of the next line; all before are with the sink, or among its dead letters. */
  readonly next: number
  /** Of the line before it: who wrote it and its leaf hash (RFC 6962), hex. Null where nothing was delivered. */
  readonly last: { readonly writer: string; readonly leaf: string } | null
  /** Lines that the newest delivered checkpoint covers. */
  readonly checkpoint: number
  /** When a batch was last taken, milliseconds since 1970; null: never. */
  readonly sentAt: number | null
  readonly failure: SinkFailure | null
}

export interface SinkFailure {
  /** Milliseconds since 1970. */
  readonly since: number
  readonly why: string
}

export const AT_FIRST: Position = { next: 0, last: null, checkpoint: 0, sentAt: null, failure: null }

const VERSION = 1

/** Where positions and dead letters of a node's sinks are. */
export function sinkState(dataDir: string): string {
  return join(dataDir, 'sinks')
}

export function positionPath(directory: string, sink: string): string {
  return join(directory, `${sink}.json`)
}

/** Null where there is none; 'broken' where it can't be understood. Rejects where it can't be read. */
export async function readPosition(path: string): Promise<Position | 'broken' | null> {
  try {
    return parsePosition(await readFile(path, 'utf8'))
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export function writePosition(path: string, position: Position): Promise<void> {
  return writeAtomically(path, `${JSON.stringify({ version: VERSION, ...position })}\n`)
}

/**
 * Whether the log is the one in which the position is: its line before has the same writer and the same hash. Null where
 * it is, else why not. What retention has deleted can't be compared. Throws `SP-AUDIT` where the log can't be read.
 */
export function strangeness(directory: string, { next, last }: Position): string | null {
  if (last === null || next === 0) return null
  const first = segmentsOf(directory)[0]?.first
  if (first === undefined) return 'the log is empty'
  if (next <= first) return null
  const reader = new LogReader(directory, next - 1)
  try {
    const [line] = reader.read(1, next)
    if (line === undefined) return `the log ends before line ${next}`
    const state = followLine(null, line.bytes.toString('utf8'))
    if (typeof state === 'string') return `line ${next - 1} is no record`
    if (state.writer !== last.writer) return `the log is of ${state.writer}, not of ${last.writer}`
    return state.previous === last.leaf ? null : `line ${next - 1} is another one than was delivered`
  } finally {
    reader.close()
  }
}

export function parsePosition(text: string): Position | 'broken' {
  try {
    const { next, last, checkpoint, sentAt, failure } = JSON.parse(text) as Position
    const whole = Number.isSafeInteger(next) && next >= 0 && Number.isSafeInteger(checkpoint)
    const placed = last === null || (typeof last?.writer === 'string' && typeof last.leaf === 'string')
    return whole && placed ? { next, last, checkpoint, sentAt: sentAt ?? null, failure: failure ?? null } : 'broken'
  } catch {
    return 'broken'
  }
}
