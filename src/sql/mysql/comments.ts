import { SallyportError } from '../../errors.ts'

/** Every supported server (MySQL 8 and later, MariaDB 10 and later) executes comments up to this version. */
const MAX_SHARED_VERSION = 50699

/**
 * Skips a plain comment that begins at `at`; null where there is none (Reference Manual, 11.7). Optimizer hints are
 * plain comments here: they do not go upstream, since the text that is sent is made from the tokens.
 */
export function skipComment(text: string, at: number, executable: boolean): number | null {
  const start = text.slice(at, at + 3)
  const dashes = start.startsWith('--') && (start.length === 2 || (start[2] ?? ' ') <= ' ' || start[2] === '\u007f')
  const plain = start.startsWith('/*') && start[2] !== '!' && !/^\/\*M!/i.test(text.slice(at, at + 4))
  if (!dashes && !plain && !start.startsWith('#')) return null
  if (executable) throw new SallyportError('SP-OPAQUE', 'a comment inside an executable comment')
  if (plain) return closed(text, at)
  const line = text.indexOf('\n', at)
  return line === -1 ? text.length : line + 1
}

function closed(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2)
  if (end === -1) throw new SallyportError('SP-SYNTAX', 'a comment is not closed')
  if (/^\/\*\+[\s\S]*(?:SET_VAR|RESOURCE_GROUP)/i.test(text.slice(at, end)))
    throw new SallyportError('SP-OPAQUE', 'optimizer hints that change settings are refused')
  if (text.slice(at + 2, end).includes('/*'))
    throw new SallyportError('SP-OPAQUE', 'a comment inside a comment: servers differ on where it ends')
  return end + 2
}

/**
 * The offset of the first character inside an executable comment, null where none begins here. Only what every
 * server executes is taken: no version, or exactly five digits and white space.
 */
export function openComment(text: string, at: number, executable: boolean): number | null {
  if (!text.startsWith('/*', at)) return null
  if (executable) throw new SallyportError('SP-OPAQUE', 'a comment inside an executable comment')
  const versioned = /^\/\*!(\d{5})(?=\s)/.exec(text.slice(at, at + 9))
  if (versioned && Number(versioned[1]) <= MAX_SHARED_VERSION) return at + 8
  if (/^\/\*!(?!\d)/.test(text.slice(at, at + 4))) return at + 3
  throw new SallyportError('SP-OPAQUE', 'an executable comment that servers treat differently')
}
