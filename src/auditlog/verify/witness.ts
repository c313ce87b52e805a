import { type Checkpoint, readCheckpoint } from '../../audit/checkpoint.ts'
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
