import { SallyportError } from '../../errors.ts'
import type { Verdict } from '../verdict.ts'
import type { SessionState } from './state.ts'

/** Modes under which the same text is made of other words, or these mean something else (Reference Manual 7.1.11). */
const READING = new Set(
  'ANSI ANSI_QUOTES HIGH_NOT_PRECEDENCE IGNORE_SPACE NO_BACKSLASH_ESCAPES PIPES_AS_CONCAT REAL_AS_FLOAT'.split(' '),
)

/**
 * Why a statement that was prepared before may not run now, or null. MySQL reads its text again when a parameter comes
 * with another type than before, or a table has changed (Prepared_statement::reprepare), and by the modes of that moment.
 */
export function readsOtherwise({ names }: SessionState, { namesKey, role }: Verdict): SallyportError | null {
  // Asked before every execution, and most often nothing at all has changed.
  if (role.unrestricted || namesKey === names.key || reading(namesKey) === reading(names.key)) return null
  return new SallyportError('SP-STALE', 'sql_mode has changed since the statement was prepared: prepare it again')
}

/** Of the key that `namesOf` makes. */
function reading(key: string): string {
  const modes = key.slice(key.indexOf('\0') + 1).split(',')
  return modes.filter((mode) => READING.has(mode)).join(',')
}
