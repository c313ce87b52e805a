import { type Pack, timeCell } from './pack.ts'

/** Rows as objects with the names of their columns. */
export function jsonOf({ title, from, to, controls, sections }: Pack): Uint8Array {
  const shown = sections.map(({ name, title, about, columns, rows }) => ({
    ...{ name, title, about },
    rows: rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null]))),
  }))
  const pack = { title, from: timeCell(from), to: timeCell(to), controls, sections: shown }
  return new TextEncoder().encode(`${JSON.stringify(pack, null, 2)}\n`)
}
