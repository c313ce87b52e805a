import { SallyportError } from '../errors.ts'
import type { Dialect } from '../sql/catalog.ts'
import { tokenize as postgresTokens } from '../sql/postgres/tokens.ts'

/**
 * A script as the command-line clients take it apart before anything is sent. What only the client reads is left out, and
 * what would make the client send something else than the script says is refused by its name.
 */
export function piecesOf(script: string, dialect: Dialect): readonly string[] {
  return dialect === 'postgres' ? [withoutMetaCommands(script)] : byDelimiter(script)
}

/** psql's commands that change what is shown or when it stops, and nothing that is sent. */
const SHOWN_ONLY = /^(?:echo|qecho|warn|timing|pset|x|a|t|H|C|f|unset)$/
const ON_ERROR = /^set\s+(?:ON_ERROR_STOP|ECHO|VERBOSITY|QUIET)(?:\s+\w+)?\s*$/
const COMMANDS_MAX = 500

function withoutMetaCommands(script: string): string {
  let text = script
  for (let count = 0; count <= COMMANDS_MAX; count++) {
    const tokens = postgresTokens(text)
    const at = tokens.findIndex(({ start }) => text[start] === '\\')
    const token = tokens[at]
    if (!token) return text
    const end = endOfLine(text, token.start)
    const before = tokens[at - 1]
    judgeMetaCommand(text.slice(token.start + 1, end), before === undefined || text[before.start] === ';')
    text = text.slice(0, token.start) + ' '.repeat(end - token.start) + text.slice(end)
  }
  throw refused(`the script has more than ${COMMANDS_MAX} commands of psql`)
}

function judgeMetaCommand(command: string, alone: boolean): void {
  const name = /^\S+/.exec(command)?.[0] ?? ''
  const harmless = SHOWN_ONLY.test(name) || ON_ERROR.test(command)
  // Two commands may stand on one line, and backquotes run a program.
  if (alone && harmless && !/[\\`]/.test(command)) return
  throw refused(`\\${name} is a command of psql that changes what is sent; write out the SQL`)
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

const DELIMITER = /^[ \t]*delimiter[ \t]+(\S+)[ \t]*\r?$/i
/** What the mysql client does itself, at the begin of a line. */
const CLIENT_COMMAND = /^[ \t]*(?:source|system|tee|notee|pager|nopager|edit|\\[.!TtPpeuCR])(?:[ \t]|$)/i

/** Between two DELIMITER lines the text is cut at the delimiter alone; with `;` the server's own rules cut it. */
function byDelimiter(script: string): readonly string[] {
  const pieces: string[] = []
  let delimiter = ';'
  let piece = ''
  let open: string | null = null
  for (const line of script.split(/(?<=\n)/)) {
    const [, next] = (open === null && DELIMITER.exec(line.replace(/\n$/, ''))) || []
    if (next !== undefined) {
      pieces.push(...cut(piece, delimiter))
      piece = ''
      delimiter = checkedDelimiter(next)
      continue
    }
    const command = open === null ? CLIENT_COMMAND.exec(line)?.[0].trim() : undefined
    if (command) throw refused(`${command} is a command of the client; write out the SQL`)
    piece += line
    open = openAfter(line, open)
  }
  pieces.push(...cut(piece, delimiter))
  return pieces.filter((one) => one.trim() !== '')
}

function checkedDelimiter(delimiter: string): string {
  if (/^[;$/|!&~]+$/.test(delimiter) && delimiter.length <= 4) return delimiter
  throw refused(`the delimiter ${delimiter} could stand inside of a statement; take $$ or //`)
}

/** Quotes and block comments that a line leaves open: a DELIMITER in there is text. */
const OPENING =
  /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`[^`]*`|\/\*[\s\S]*?\*\/|--(?=\s)[^\n]*|#[^\n]*|'|"|`|\/\*/g

function openAfter(line: string, open: string | null): string | null {
  let rest = line
  if (open !== null) {
    const end = rest.indexOf(open)
    if (end === -1) return open
    rest = rest.slice(end + open.length)
  }
  for (const [found] of rest.matchAll(OPENING)) {
    if (found === '/*') return '*/'
    if (found === "'" || found === '"' || found === '`') return found
  }
  return null
}

function cut(piece: string, delimiter: string): readonly string[] {
  if (delimiter === ';') return [piece]
  const pieces: string[] = []
  let from = 0
  const matcher = new RegExp(`${OPENING.source}|${escaped(delimiter)}`, 'g')
  for (const match of piece.matchAll(matcher)) {
    if (match[0] !== delimiter) continue
    pieces.push(piece.slice(from, match.index))
    from = match.index + delimiter.length
  }
  return [...pieces, piece.slice(from)]
}

function escaped(text: string): string {
  return text.replace(/[$/|]/g, '\\$&')
}

function refused(detail: string): SallyportError {
  return new SallyportError('SP-REQUEST', detail)
}
