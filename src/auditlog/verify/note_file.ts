import { type Checkpoint, readCheckpoint } from '../../audit/checkpoint.ts'
import { type NoteKey, openNote } from '../../audit/note.ts'
import { type Finding, finding } from './finding.ts'
import { dueAt, type KeySpan } from './key_spans.ts'
import type { LogPart } from './log_parts.ts'

/** A note as it stands in a file. */
export interface NoteAt {
  readonly note: string
  /** From 1. */
  readonly line: number
  readonly offset: number
}

export interface SignedCheckpoint extends Checkpoint, NoteAt {
  readonly by: readonly NoteKey[]
}

/** The notes of a file, separated by an empty line. What does not fit is one that can't be read. */
export function notesIn(text: string): NoteAt[] {
  const notes: NoteAt[] = []
  let line = 1
  let offset = 0
  // Text and signatures are separated by an empty line too: they come in pairs.
  const pieces = text.split('\n\n')
  for (let at = 0; at < pieces.length; at += 2) {
    const pair = pieces.slice(at, at + 2).join('\n\n')
    const isLast = at + 2 >= pieces.length
    if (pair !== '') notes.push({ note: isLast ? pair : `${pair}\n`, line, offset })
    line += pair.split('\n').length + 1
    offset += Buffer.byteLength(pair) + 2
  }
  return notes
}

/** The checkpoints of a part, and what is wrong with them. */
export function readNotes(
  part: LogPart,
  spans: readonly KeySpan[],
  origin: string | null,
  before: number,
): { readonly checkpoints: readonly SignedCheckpoint[]; readonly findings: readonly Finding[] } {
  const checkpoints: SignedCheckpoint[] = []
  const findings: Finding[] = []
  let last = before
  for (const at of notesIn(part.notes ?? '')) {
    const read = readNote(at, part, spans, origin, last)
    if ('kind' in read) findings.push(read)
    else {
      checkpoints.push(read)
      last = read.size
    }
  }
  return { checkpoints, findings: counted(findings) }
}

function readNote(
  at: NoteAt,
  part: LogPart,
  spans: readonly KeySpan[],
  origin: string | null,
  last: number,
): SignedCheckpoint | Finding {
  const wrong = (kind: Finding['kind'], detail: string) =>
    finding(kind, part.notesFile, { line: at.line, sequence: null, offset: at.offset }, detail)
  const claimed = sizeIn(at.note)
  if (claimed === null) return wrong('note_unreadable', 'it is no checkpoint')
  const due = dueAt(spans, claimed)
  const opened = openNote(at.note, due)
  if (typeof opened === 'string') return wrong('note_signature', opened)
  if (opened.by.length < due.length) return wrong('note_signature', 'not all the keys signed it that were to')
  const checkpoint = readCheckpoint(opened.text)
  if (checkpoint === null) return wrong('note_unreadable', 'it is no checkpoint')
  if (origin !== null && checkpoint.origin !== origin) {
    return wrong('note_order', `it is one of ${JSON.stringify(checkpoint.origin)}`)
  }
  const { size } = checkpoint
  if (size < last) return wrong('note_order', `it is for ${size} lines, the one before for ${last}`)
  const high = part.end ?? Number.POSITIVE_INFINITY
  if (size < part.first || size > high) return wrong('note_order', `it is for ${size} lines, and belongs elsewhere`)
  return { ...checkpoint, ...at, by: opened.by }
}

/** The second line of a note, before anything is known of it. */
export function sizeIn(note: string): number | null {
  const [, size] = note.split('\n')
  return size !== undefined && /^(0|[1-9]\d{0,15})$/.test(size) ? Number(size) : null
}

/** A log that another key signed has one finding of it, and not one for each checkpoint. */
function counted(findings: readonly Finding[]): Finding[] {
  const byDetail = Map.groupBy(findings, ({ kind, detail }) => `${kind} ${detail}`)
  return [...byDetail.values()].map((same) => {
    const [first] = same as [Finding]
    if (same.length === 1) return first
    return { ...first, lastLine: same.at(-1)?.line ?? null, detail: `${first.detail}; so are ${same.length - 1} more` }
  })
}
