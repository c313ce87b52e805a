/** Text for people: a table of what matters, one line a record. */

export type Cell = string | number | boolean | null | undefined

export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return 'nothing\n'
  const cells = [heads, ...rows.map((row) => row.map(cellText))]
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}\n`).join('')
}

/** What a terminal would act on is shown as what it is: a reason is somebody else's text. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function cellText(cell: Cell): string {
  return cell === null || cell === undefined ? '-' : plain(String(cell))
}

/** What a statement begins with, in one line. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > EXCERPT_CHARACTERS ? `${line.slice(0, EXCERPT_CHARACTERS - 1)}…` : line
}

const EXCERPT_CHARACTERS = 80

interface PersonShown {
  readonly email: string | null
  readonly subject: string
}

export function who(person: PersonShown | null): string {
  return person === null ? '-' : (person.email ?? person.subject)
}

/** To the minute, in the zone of the person who reads it. */
export function when(time: string | null | undefined): string {
  if (time === null || time === undefined) return '-'
  return new Date(time).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' })
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** `1h30m`: at most the two largest units. */
export function span(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '-'
  let left = Math.round(ms / 1000) * 1000
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size)
    if (count > 0) parts.push(`${count}${unit}`)
    left -= count * size
  }
  return parts.slice(0, 2).join('') || '0s'
}
