import { SallyportError } from '../../errors.ts'
import type { LexMode } from './token.ts'

/** Every supported server executes comments up to this version, wherever its own stands. */
const MAX_SHARED_VERSION = 50_699

/** MariaDB passes over comments for these versions of MySQL, which it never was. */
const FOREIGN_VERSIONS = { first: 50_700, last: 99_999 }

/** MySQL counts six digits from this version on, as far as it is known. */
const SIX_DIGITS_SINCE = 90_000

/**
 * Skips a comment that is not executed and begins at `at`; null where there is none (Reference Manual, 11.7; lex of
 * `/*` in sql_lex.cc). A plain comment ends at the first end mark. Optimizer hints are plain comments here: they do not
 * go upstream, since the text that is sent is made from the tokens.
 */
export function skipComment(text: string, at: number, executable: boolean, mode: LexMode): number | null {
  const start = text.slice(at, at + 3)
  const dashes = start.startsWith('--') && (start.length === 2 || (start[2] ?? ' ') <= ' ' || start[2] === '\u007f')
  if (dashes || start.startsWith('#')) {
    if (executable) throw new SallyportError('SP-OPAQUE', 'a comment to the end of the line in an executable comment')
    const line = text.indexOf('\n', at)
    return line === -1 ? text.length : line + 1
  }
  if (!start.startsWith('/*')) return null
  const marker = executableMarker(text, at, mode)
  if (marker === null) return closed(text, at)
  if (executable) throw new SallyportError('SP-OPAQUE', 'an executable comment inside an executable comment')
  return marker.runs ? null : skipped(text, marker.end)
}

/** The offset of the first character inside an executable comment that this server runs, null where none begins here. */
export function openComment(text: string, at: number, mode: LexMode): number | null {
  const marker = text.startsWith('/*', at) ? executableMarker(text, at, mode) : null
  return marker?.runs ? marker.end : null
}

interface Marker {
  readonly end: number
  readonly runs: boolean
}

/** `/*!`, of MariaDB also `/*M!`, with a version of five or six digits or none. */
function executableMarker(text: string, at: number, mode: LexMode): Marker | null {
  const head = text.slice(at, at + 16)
  const [opening, digits] = (mode.flavour === 'mariadb' ? /^\/\*M?!(\d*)/ : /^\/\*!(\d*)/).exec(head) ?? []
  if (opening === undefined || digits === undefined) return null
  const end = at + opening.length
  if (digits.length < 5) return { end: end - digits.length, runs: true }
  const version = Number(digits)
  if (digits.length === 5 && version <= MAX_SHARED_VERSION) return { end, runs: true }
  const unclear = digits.length === 6 && mode.flavour === 'mysql' && mode.version < SIX_DIGITS_SINCE
  if (digits.length > 6 || mode.version === 0 || unclear)
    throw new SallyportError('SP-OPAQUE', 'an executable comment that servers treat differently')
  const foreign = version >= FOREIGN_VERSIONS.first && version <= FOREIGN_VERSIONS.last
  const passed = mode.flavour === 'mariadb' && foreign && !opening.startsWith('/*M')
  return { end, runs: version <= mode.version && !passed }
}

function closed(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2)
  if (end === -1) throw new SallyportError('SP-SYNTAX', 'a comment is not closed')
  if (/^\/\*\+[\s\S]*(?:SET_VAR|RESOURCE_GROUP)/i.test(text.slice(at, end)))
    throw new SallyportError('SP-OPAQUE', 'optimizer hints that change settings are refused')
  return end + 2
}

/** What a server passes over by its version may hold plain comments, on which servers do not agree. */
function skipped(text: string, from: number): number {
  const end = text.indexOf('*/', from)
  if (end === -1) throw new SallyportError('SP-SYNTAX', 'a comment is not closed')
  if (text.slice(from, end).includes('/*'))
    throw new SallyportError('SP-OPAQUE', 'a comment inside a comment: servers differ on where it ends')
  return end + 2
}
