import { type Checkpoint, readCheckpoint } from '../audit/checkpoint.ts'
import { type NoteKey, openNote } from '../audit/note.ts'
import type { Disk } from './log_file.ts'
import { notesPath } from './segments.ts'

const SIGNATURE = '— '

/**
 * The notes of a file, in order. Each is three lines of text, an empty one and signatures; an empty line stands between
 * two. What is not whole at the end was torn by a crash.
 */
export function splitNotes(text: string): readonly string[] {
  const notes: string[] = []
  let lines: string[] = []
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '' && lines.at(-1)?.startsWith(SIGNATURE)) {
      notes.push(`${lines.join('\n')}\n`)
      lines = []
    } else lines.push(line)
  }
  return notes
}

/** The notes of a segment; none where it has no file of them. */
export function notesOf(directory: string, segment: number, disk: Pick<Disk, 'readText'>): readonly string[] {
  return splitNotes(disk.readText(notesPath(directory, segment)) ?? '')
}

/** The checkpoints of a segment that a known key signed; a text that says why one is none. */
export function checkpointsOf(
  directory: string,
  segment: number,
  keys: readonly NoteKey[],
  disk: Pick<Disk, 'readText'>,
): readonly Checkpoint[] | string {
  const checkpoints: Checkpoint[] = []
  for (const note of notesOf(directory, segment, disk)) {
    const opened = openNote(note, keys)
    if (typeof opened === 'string') return opened
    const checkpoint = readCheckpoint(opened.text)
    if (checkpoint === null) return 'a note that is no checkpoint'
    checkpoints.push(checkpoint)
  }
  return checkpoints
}
