import type { StatementText } from '../audit/event.ts'
import type { Subject } from './gate.ts'
import type { Target } from './ports.ts'
import type { Verdict } from './verdict.ts'

/** What is done in an emergency is kept to the letter, whatever the target says, but sealed where it says so. */
function captureOf({ target, grant }: Subject): Target['capture'] {
  return target.capture === 'normalized' && grant.kind === 'break_glass' ? 'full' : target.capture
}

/** Whether what is bound to a statement's parameters is kept with it, rather than their number alone. */
export function keepsValues(subject: Subject): boolean {
  return subject.recorded === true || captureOf(subject) !== 'normalized'
}

/** What the record says of one statement of a text. */
export function capturedText(subject: Subject, { facts, sha256, bytes }: Verdict, index: number): StatementText {
  const capture = captureOf(subject)
  return {
    normalized: facts.statements[index]?.normalized ?? '',
    sha256,
    bytes,
    full: capture === 'normalized' ? null : facts.text,
    ...(capture === 'sealed' && { sealed: true }),
  }
}
