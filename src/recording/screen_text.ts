import type { Playback, PlayedStatement, Shown, ShownTable } from './playback.ts'
import { clipped, printable, printableLines, widthOf } from './printable.ts'

/** A value is shown up to here in a terminal; the page shows all of it. */
const CELL_COLUMNS = 80
/** Rows of one table that make up one piece of output. */
const ROWS_A_PIECE = 200

const STYLE = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const
type Style = keyof typeof STYLE

/** What is printed at a time: milliseconds since the start. `statement` is its place, -1 before and after all of them. */
export interface Piece {
  readonly at: number
  readonly statement: number
  /** Lines end in `\n`. */
  readonly text: string
}

/** The whole recording as it is printed, in order of time. */
export function piecesOf(playback: Playback, color: boolean): readonly Piece[] {
  const paint = (style: Style, text: string) => (color ? `\u001b[${STYLE[style]}m${text}\u001b[0m` : text)
  const pieces: Piece[] = [{ at: 0, statement: -1, text: introOf(playback, paint) }]
  for (const [index, statement] of playback.statements.entries()) {
    const push = (at: number, text: string) => pieces.push({ at, statement: index, text })
    push(statement.at, questionOf(playback, statement, index, paint))
    for (const shown of statement.shown) for (const text of shownTexts(shown, paint)) push(shown.at, text)
    const closing = closingOf(statement, paint)
    if (closing !== '') push(statement.outcome?.at ?? statement.at, closing)
  }
  const lastAt = playback.end?.at ?? pieces.reduce((latest, { at }) => Math.max(latest, at), 0)
  pieces.push({ at: lastAt, statement: -1, text: outroOf(playback, paint) })
  return inOrder(pieces)
}

type Paint = (style: Style, text: string) => string

/** A statement that was sent ahead stands before what came for the one before it: time goes on all the same. */
function inOrder(pieces: readonly Piece[]): Piece[] {
  let latest = 0
  return pieces.map((piece) => {
    latest = Math.max(latest, piece.at)
    return { ...piece, at: latest }
  })
}

/** Lines that say whose session it was: names and values, for the terminal and the page. */
export function factsOf({ head, sha256, statements }: Playback): readonly (readonly [name: string, value: string])[] {
  const facts: [string, string | null][] = [
    ['Person', head.person.email ?? head.person.subject],
    ['Target', head.database === null ? head.target : `${head.target} / ${head.database}`],
    ['Role', head.role],
    ['Grant', head.grantId],
    ['Incident', head.incident],
    ['Ticket', head.ticket],
    ['Reason', head.reason],
    ['Started', new Date(head.started).toISOString()],
    ['Client', head.application === null ? head.clientAddress : `${head.clientAddress} (${head.application})`],
    ['Statements', String(statements.filter(({ id }) => id !== null).length)],
    ['Recording', head.id],
    ['SHA-256', sha256],
  ]
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
}

/** What is to be said of a recording that is not whole; null of one that is. */
export function warningOf({ wholeness }: Playback): string | null {
  if (wholeness.state === 'whole') return null
  const what = wholeness.state === 'torn' ? 'This recording is torn' : 'This recording was changed'
  return `${what}: ${wholeness.why} (frame ${wholeness.frame}, byte ${wholeness.at}). What stands before that is shown.`
}

function introOf(playback: Playback, paint: Paint): string {
  const facts = factsOf(playback).map(([name, value]) => `${paint('dim', name.padEnd(11))} ${printable(value)}\n`)
  const warning = warningOf(playback)
  return `${warning === null ? '' : `${paint('red', warning)}\n`}${facts.join('')}\n`
}

function questionOf({ head }: Playback, statement: PlayedStatement, index: number, paint: Paint): string {
  if (statement.id === null) return paint('dim', `${printable('before the first statement')}\n`)
  const at = new Date(head.started + statement.at).toISOString().slice(11, 23)
  const [first = '', ...rest] = printableLines(statement.text === '' ? `(${statement.statementKind})` : statement.text)
  const prompt = `${printable(head.target)}=> `
  const lines = [paint('cyan', prompt) + paint('bold', first), ...rest.map((line) => `   ${paint('bold', line)}`)]
  const given = statement.parameters?.map(
    (value, at) => `${parameterMark(head)}${at + 1} = ${value === null ? 'NULL' : quoted(value)}`,
  )
  if (given && given.length > 0) lines.push(paint('dim', `   ${given.join(', ')}`))
  return `${paint('dim', `-- ${index + 1}  ${at}`)}\n${lines.join('\n')}\n`
}

/** How the engine's own statements mark a parameter; MySQL's have no number. */
export function parameterMark({ protocol }: Playback['head']): string {
  return protocol === 'mysql' ? '?' : '$'
}

function quoted(value: string): string {
  return `'${clipped(printable(value), CELL_COLUMNS)}'`
}

function shownTexts(shown: Shown, paint: Paint): string[] {
  if (shown.kind === 'table') return tableTexts(shown, paint)
  const style = ({ error: 'red', notice: 'yellow', done: 'dim' } as const)[shown.level]
  return [
    printableLines(shown.text)
      .map((line) => `${paint(style, line)}\n`)
      .join(''),
  ]
}

function tableTexts({ columns, rows, leftOut }: ShownTable, paint: Paint): string[] {
  const cells = rows.map((row) => row.map((cell) => clipped(printable(cell ?? 'NULL'), CELL_COLUMNS)))
  const heads = columns.map(({ name }) => clipped(printable(name), CELL_COLUMNS))
  const widths = heads.map((name, column) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), widthOf(name)),
  )
  const line = (texts: readonly string[]) =>
    texts.map((text, at) => ` ${padded(text, widths[at] ?? 0, columns[at]?.number ?? false)} `).join('|')
  const rule = widths.map((width) => '-'.repeat(width + 2)).join('+')
  const pieces = [`${paint('bold', line(heads).trimEnd())}\n${paint('dim', rule)}\n`]
  for (let from = 0; from < cells.length; from += ROWS_A_PIECE) {
    pieces.push(
      cells
        .slice(from, from + ROWS_A_PIECE)
        .map((row) => `${line(row).trimEnd()}\n`)
        .join(''),
    )
  }
  if (leftOut) pieces.push(`${paint('yellow', leftOutText(leftOut))}\n`)
  return pieces
}

export function leftOutText({ rows, bytes }: { readonly rows: number; readonly bytes: number }): string {
  return `… ${rows} more rows (${bytes} bytes) went to the client, and are not in the recording: over its limit`
}

function padded(text: string, width: number, right: boolean): string {
  const blank = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? blank + text : text + blank
}

function closingOf({ id, allowed, code, reason, outcome }: PlayedStatement, paint: Paint): string {
  if (id === null) return ''
  if (!allowed) return `${paint('red', `refused: ${code ?? ''} ${printable(reason)}`)}\n\n`
  if (outcome === null) return `${paint('yellow', 'no end of it is recorded')}\n\n`
  const withheld = outcome.rowsWithheld > 0 ? `, ${outcome.rowsWithheld} rows withheld` : ''
  return `${paint('dim', `${outcome.outcome}, ${outcome.durationMs} ms${withheld}`)}\n\n`
}

function outroOf(playback: Playback, paint: Paint): string {
  const { end } = playback
  const warning = warningOf(playback)
  const said = end === null ? '' : `${paint('dim', `the session ended: ${printable(end.cause)}`)}\n`
  return `${said}${warning === null ? '' : `${paint('red', warning)}\n`}`
}
