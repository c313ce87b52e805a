import { hash } from 'node:crypto'
import type { OcsfRecord } from './ocsf_record.ts'

/** Where a writer's chain stands. */
export interface ChainState {
  readonly writer: string
  /** The sequence number of the next line. */
  readonly next: number
  /** The leaf hash of the line before, hex; 64 zeros before the first. */
  readonly previous: string
}

const NO_LINE = '0'.repeat(64)

export function newChain(writer: string): ChainState {
  return { writer, next: 0, previous: NO_LINE }
}

/**
 * The line of a record, without its newline, and the state after it. The line carries the writer, its sequence number
 * and the leaf hash of the line before. `leafOf` may be given by who encodes the line anyway.
 */
export function chainLine(
  state: ChainState,
  record: OcsfRecord,
  leafOf: (line: string) => string = leafHash,
): { readonly line: string; readonly state: ChainState } {
  const { writer, next, previous } = state
  const line =
    `${record.body},"chain":{"chain_uid":${JSON.stringify(writer)},"seq":${next},"prev_sha256":"${previous}"}}},` +
    `"metadata":{${record.metadata},"sequence":${next}}}`
  return { line, state: { writer, next: next + 1, previous: leafOf(line) } }
}

/** RFC 6962, section 2.1: SHA-256(0x00 || entry), hex. */
export function leafHash(line: string): string {
  return hash('sha256', `\0${line}`, 'hex')
}

/** Why a line does not follow, or the state after it. `state` null: the line may start the log at any point. */
export function followLine(state: ChainState | null, line: string): ChainState | string {
  const link = linkOf(line)
  if (link === null) return 'not a record with a chain'
  const { writer, sequence, previous } = link
  if (state !== null) {
    if (writer !== state.writer) return `written by ${writer} instead of ${state.writer}`
    if (sequence !== state.next) return `sequence ${sequence} instead of ${state.next}`
    if (previous !== state.previous) return 'the line before was changed'
  } else if (sequence === 0 && previous !== NO_LINE) return 'the first line names a line before it'
  return { writer, next: sequence + 1, previous: leafHash(line) }
}

/** What the line says of itself; null where it is no record with a chain. */
export function linkOf(line: string): { writer: string; sequence: number; previous: string } | null {
  try {
    const record = JSON.parse(line) as { unmapped?: { jit?: { chain?: Record<string, unknown> } } }
    const chain = record.unmapped?.jit?.chain
    const { chain_uid: writer, seq: sequence, prev_sha256: previous } = chain ?? {}
    if (typeof writer !== 'string' || !Number.isSafeInteger(sequence) || typeof previous !== 'string') return null
    return { writer, sequence: sequence as number, previous }
  } catch {
    return null
  }
}
