import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { NoteKey } from '../../audit/note.ts'
import { SallyportError } from '../../errors.ts'
import { type LogIdentity, readIdentity } from '../log_identity.ts'
import { type Finding, finding, findingSummary } from './finding.ts'
import { type Compared, compareKept } from './kept_compare.ts'
import { keptNotes } from './kept_notes.ts'
import { checkLog, type LogCheck } from './log_check.ts'
import { type LogPart, partsOf, partsOfFiles, textAt } from './log_parts.ts'
import { sizeIn } from './note_file.ts'

export interface VerifyInput {
  /** A directory, or files of segments. */
  readonly log: string | readonly string[]
  /** Public keys. Empty: looks at no checkpoints, only at whether the lines follow one another. */
  readonly keys: readonly NoteKey[]
  /** The texts of files with checkpoints that were kept elsewhere. */
  readonly against?: readonly string[]
  /** Such a text: what was checked up to its last checkpoint is not read again. */
  readonly since?: string | null
  /** On this thread alone: it is one of its own, or may wait. */
  readonly inline?: boolean
}

export interface Verified extends LogCheck {
  /** How many checkpoints that were kept elsewhere agree with the log. */
  readonly agreed: number
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[]
}

/** A running log has fewer lines without a checkpoint than these, and they are of less time. */
const MAX_TAIL_LINES = 4096
const MAX_TAIL_MS = 60_000
const SETTLE_MS = 500

/**
 * The same for a log that may be written meanwhile: what a writer has half done is done a moment later, so that only what
 * is found twice counts.
 */
export async function verifyLiveLog(input: VerifyInput): Promise<Verified> {
  const first = await verifyLog(input)
  if (first.findings.length === 0) return first
  await wait(SETTLE_MS)
  const second = await verifyLog(input)
  const before = new Set(first.findings.map(findingSummary))
  return { ...second, findings: second.findings.filter((one) => before.has(findingSummary(one))) }
}

/** Throws `SP-AUDIT` where the log can't be read, or there is none. */
export async function verifyLog(input: VerifyInput): Promise<Verified> {
  const { keys, log, since = null, against = [], inline = false } = input
  const parts = typeof log === 'string' ? partsOf(log) : partsOfFiles(log)
  if (parts.length === 0) throw new SallyportError('SP-AUDIT', `${String(log)}: there is no audit log`)
  const directory = typeof log === 'string' ? log : dirname(log[0] as string)
  const { identity, findings } = identityIn(directory, typeof log === 'string')
  const kept = against.map(keptNotes)
  const begin = since === null ? null : lastOf(keptNotes(since))
  const wanted = [...kept.flat(), ...(begin === null ? [] : [begin])]
  const sizes = wanted.map(sizeIn).filter((size) => size !== null)
  const from = begin === null ? 0 : (sizeIn(begin) ?? 0)
  const check = await checkLog({
    directory,
    parts,
    identity,
    keys,
    sizes,
    from,
    inline,
    isWhole: typeof log === 'string',
  })
  const compared = wanted.map((note) => compareKept(note, check))
  const isEmpty = kept.some((notes) => notes.length === 0) || (since !== null && begin === null)
  const differing = compared.flatMap((one) => (one.is === 'differs' ? [one.finding] : []))
  return {
    ...check,
    findings: [...findings, ...check.findings, ...differing, ...(keys.length === 0 ? [] : more(check))],
    agreed: compared.filter(({ is }) => is === 'agrees').length,
    unchecked: [
      ...(isEmpty ? ['there is no checkpoint in the file to compare with'] : []),
      ...uncheckedOf(compared),
      ...(keys.length > 0 && isUnsigned(check, parts) ? ['there are no checkpoints of these lines'] : []),
    ],
  }
}

/** The one for most lines. */
function lastOf(notes: readonly string[]): string | null {
  return notes.toSorted((a, b) => (sizeIn(a) ?? 0) - (sizeIn(b) ?? 0)).at(-1) ?? null
}

function identityIn(
  directory: string,
  isNeeded: boolean,
): { readonly identity: LogIdentity | null; readonly findings: readonly Finding[] } {
  const wrong = (detail: string) => ({
    identity: null,
    findings: [finding('identity_differs', 'log.json', null, detail)],
  })
  try {
    const identity = readIdentity(directory, { readText: textAt })
    return identity === null && isNeeded ? wrong('the file is missing') : { identity, findings: [] }
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    return wrong("it can't be read")
  }
}

function uncheckedOf(compared: readonly Compared[]): string[] {
  return [...new Set(compared.flatMap((one) => (one.is === 'unchecked' ? [one.why] : [])))]
}

/** A copy of some lines, without what stood beside them. */
function isUnsigned({ lines, checkpoints }: LogCheck, parts: readonly LogPart[]): boolean {
  return lines > 0 && checkpoints.length === 0 && parts.every(({ notes }) => notes === null)
}

function more(check: LogCheck): Finding[] {
  return [...tailFinding(check), ...rotations(check)]
}

function tailFinding({ tail, next, last }: LogCheck): Finding[] {
  const { lines, from, to } = tail
  const isLong = lines > MAX_TAIL_LINES || (from !== null && to !== null && to - from > MAX_TAIL_MS)
  if (!isLong) return []
  const line = Math.max(1, next - lines - last.first + 1)
  const place = { line, lastLine: next - last.first, sequence: next - lines, offset: null }
  return [finding('tail_unsigned', last.file, place, `the last ${lines} lines have no checkpoint`)]
}

/** A key that came in without a record of it. */
function rotations({ spans, events, deleted, first }: LogCheck): Finding[] {
  return spans.flatMap(({ key, from }) => {
    const isKept = from > first && !deleted.some((gap) => from > gap.first && from <= gap.next)
    if (from === 0 || !isKept) return []
    const isTold = events.some(
      ({ code, sequence, line }) => code === 'log.key_rotated' && sequence < from && line.includes(key.vkey),
    )
    const detail = `no line before line ${from} tells that ${key.name}+${key.id} signs from there on`
    return isTold ? [] : [finding('key_rotation', 'log.json', null, detail)]
  })
}
