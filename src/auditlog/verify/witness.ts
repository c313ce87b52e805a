import { type Checkpoint, readCheckpoint } from '../../audit/checkpoint.ts'
import { isConsistent } from '../../audit/merkle_proof.ts'
import { type NoteKey, openNote, signatureLine } from '../../audit/note.ts'
import { SallyportError } from '../../errors.ts'
import { findingSummary } from './finding.ts'
import { verifyLiveLog } from './verify_log.ts'

/** What a watcher saw last: a note that the log and the watcher itself signed. */
export interface Seen extends Checkpoint {
  readonly note: string
}

/** What one look gave. */
export type Look =
  | { readonly is: 'continues'; readonly seen: Seen; readonly isNew: boolean }
  | { readonly is: 'broken'; readonly why: readonly string[] }
  | { readonly is: 'unchecked'; readonly why: readonly string[] }

/** Throws `SP-AUDIT` where the file was not cosigned by this watcher: what it saw is then not known any more. */
export function readSeen(note: string, watcher: NoteKey): Seen {
  const opened = openNote(note, [watcher])
  const checkpoint = typeof opened === 'string' ? null : readCheckpoint(opened.text)
  if (checkpoint === null) throw new SallyportError('SP-AUDIT', 'the state file is not one that this watcher cosigned')
  return { ...checkpoint, note }
}

/** The note with the watcher's own line (c2sp.org/tlog-cosignature). */
export function cosigned(note: string, watcher: NoteKey, seconds: number): string {
  const text = note.slice(0, note.indexOf('\n\n') + 1)
  return note + signatureLine(text, watcher, seconds)
}

/** Reads the log from what was seen before on. Rejects with `SP-AUDIT` where it can't be read. */
export async function lookAt(log: string, keys: readonly NoteKey[], seen: Seen | null): Promise<Look> {
  const report = await verifyLiveLog({ log, keys, since: seen?.note ?? null, inline: true })
  if (report.findings.length > 0) return { is: 'broken', why: report.findings.map(findingSummary) }
  if (report.unchecked.length > 0) return { is: 'unchecked', why: report.unchecked }
  const last = report.checkpoints.at(-1)
  if (last === undefined) return { is: 'unchecked', why: ['there is no checkpoint yet'] }
  if (seen !== null && last.size <= seen.size) return { is: 'continues', seen, isNew: false }
  const { origin, size, root, note } = last
  return { is: 'continues', seen: { origin, size, root, note }, isNew: true }
}

/** What an API gives: a note, and the proof that it continues the size that was asked for. */
export interface GivenCheckpoint {
  readonly note: string
  /** Base64. */
  readonly proof: readonly string[]
}

/**
 * The same by proofs alone, for who can't read the lines. `newest` is the last checkpoint of the log; `continued` gives
 * the one that can be proved from a size, or null.
 */
export async function lookAtProofs(
  newest: GivenCheckpoint,
  continued: (from: number) => Promise<GivenCheckpoint | null>,
  keys: readonly NoteKey[],
  seen: Seen | null,
): Promise<Look> {
  const last = signedBy(newest.note, keys)
  if (last === null) return { is: 'broken', why: ['the last checkpoint is signed by none of the given keys'] }
  if (seen === null) return { is: 'continues', seen: last, isNew: true }
  if (last.origin !== seen.origin) return { is: 'unchecked', why: [`that is the log ${JSON.stringify(last.origin)}`] }
  if (last.size < seen.size) {
    return { is: 'broken', why: [`${seen.size} lines were signed, and the log has ${last.size}: its end was cut off`] }
  }
  const given = last.size === seen.size ? { note: newest.note, proof: [] } : await continued(seen.size)
  if (given === null) return { is: 'unchecked', why: [`nothing proves what came after ${seen.size} lines`] }
  const next = signedBy(given.note, keys)
  const proof = given.proof.map((one) => Buffer.from(one, 'base64'))
  if (next === null || !isConsistent(seen, next, proof)) {
    return { is: 'broken', why: [`the log does not continue its first ${seen.size} lines: it was rewritten`] }
  }
  return next.size === seen.size
    ? { is: 'continues', seen, isNew: false }
    : { is: 'continues', seen: next, isNew: true }
}

function signedBy(note: string, keys: readonly NoteKey[]): Seen | null {
  const opened = openNote(note, keys)
  const checkpoint = typeof opened === 'string' ? null : readCheckpoint(opened.text)
  return checkpoint === null ? null : { ...checkpoint, note }
}
