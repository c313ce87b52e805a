import { type Cell, type Pack, timeCell } from './pack.ts'

/** One file with a table for each section: its name and title in a row, the columns, the rows, and an empty line. */
export function csvOf({ title, from, to, controls, sections }: Pack): Uint8Array {
  const tables = [
    [[title], ['from', timeCell(from)], ['to', timeCell(to)]],
    [['controls', 'What the pack is for'], ['id', 'standard', 'title', 'sections'], ...controlRows(controls)],
    ...sections.map(({ name, title, columns, rows }) => [[name, title], columns, ...rows]),
  ]
  return new TextEncoder().encode(tables.map((table) => table.map(line).join('')).join(NEWLINE))
}

/** RFC 4180, section 2. */
const NEWLINE = '\r\n'
/** What spreadsheets take for the begin of a formula, also behind the characters that they pass over. */
const FORMULA = /^[\s\u200b\ufeff\0]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/

function controlRows(controls: Pack['controls']): Cell[][] {
  return controls.map(({ id, standard, title, sections }) => [id, standard, title, sections.join(' ')])
}

function line(cells: readonly Cell[]): string {
  return `${cells.map(field).join(',')}${NEWLINE}`
}

/** Always in quotes: what a person wrote may hold a comma or a newline. Numbers are the product's own. */
function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const harmless = FORMULA.test(cell) ? `'${cell}` : cell
  return `"${harmless.replaceAll('"', '""')}"`
}
