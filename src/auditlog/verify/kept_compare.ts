import { readCheckpoint } from '../../audit/checkpoint.ts'
import { openNote } from '../../audit/note.ts'
import { type Finding, finding } from './finding.ts'
import type { LogCheck } from './log_check.ts'

/** What a checkpoint that was kept elsewhere says of a log. */
export type Compared =
  | { readonly is: 'agrees' }
  | { readonly is: 'unchecked'; readonly why: string }
  | { readonly is: 'differs'; readonly finding: Finding }

export function compareKept(note: string, check: LogCheck): Compared {
  const keys = check.spans.map(({ key }) => key)
  const opened = openNote(note, keys)
  if (typeof opened === 'string') return { is: 'unchecked', why: `a kept checkpoint: ${opened}` }
  const kept = readCheckpoint(opened.text)
  if (kept === null) return { is: 'unchecked', why: 'a kept note is no checkpoint' }
  const { origin, size } = kept
  if (origin !== check.origin) return { is: 'unchecked', why: `a kept checkpoint is of ${JSON.stringify(origin)}` }
  const root = Buffer.from(kept.root).toString('base64')
  if (size > check.next) return differs(`${size} lines were signed, and the log has ${check.next}: its end was cut off`)
  const found = check.roots.get(size) ?? signedRoot(check, size)
  if (found === root) return { is: 'agrees' }
  if (found !== null) return differs(`its first ${size} lines are not those of the kept checkpoint: it was rewritten`)
  return { is: 'unchecked', why: `the first ${size} lines can't be compared: some are deleted, or broken` }
}

/** Of deleted lines the checkpoint at their end is left. */
function signedRoot(check: LogCheck, size: number): string | null {
  const found = check.checkpoints.find((one) => one.size === size)
  return found === undefined ? null : Buffer.from(found.root).toString('base64')
}

function differs(detail: string): Compared {
  return { is: 'differs', finding: finding('against_differs', 'log.json', null, detail) }
}
