import type { Span } from './facts.ts'

/** One piece of a text that was replaced: where it stood, and where what stands in its place is. */
interface TextEdit {
  readonly from: Span
  readonly to: Span
}

/** The text to send, and what was replaced in the client's text, in order and without overlaps. */
export interface Rewritten {
  readonly text: string
  readonly edits: readonly TextEdit[]
}

/** A replacement as it is planned, in UTF-16 units of the client's text. */
export interface Edit extends Span {
  readonly text: string
}

/** The text with its replacements made, or null where two of them overlap. Insertions at one place keep their order. */
export function applyEdits(text: string, edits: readonly Edit[]): Rewritten | null {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end)
  const made: TextEdit[] = []
  let result = ''
  let at = 0
  for (const edit of ordered) {
    if (edit.start < at) return null
    result += text.slice(at, edit.start)
    const start = result.length
    result += edit.text
    made.push({ from: { start: edit.start, end: edit.end }, to: { start, end: result.length } })
    at = edit.end
  }
  return { text: result + text.slice(at), edits: made }
}

/**
 * A position that the server gave in the sent text (characters, from 1: `P` of an ErrorResponse) as one in the client's.
 * What points into a replacement points at the start of what was replaced. Null where it lies outside of the text.
 */
export function clientPosition(clientText: string, sent: Rewritten, position: number): number | null {
  const unit = unitOf(sent.text, position)
  if (unit === null) return null
  let shift = 0
  for (const { from, to } of sent.edits) {
    if (unit < to.start) break
    if (unit < to.end) return characterOf(clientText, from.start)
    shift = to.end - from.end
  }
  return characterOf(clientText, unit - shift)
}

/** The UTF-16 offset of a character; the end of the text counts as one. */
function unitOf(text: string, position: number): number | null {
  let unit = 0
  for (let left = position - 1; left > 0; left--) {
    const code = text.codePointAt(unit)
    if (code === undefined) return null
    unit += code > 0xffff ? 2 : 1
  }
  return Number.isInteger(position) && position > 0 ? unit : null
}

function characterOf(text: string, unit: number): number {
  let position = 1
  for (let at = 0; at < unit; position++) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  return position
}
