import { createHash } from 'node:crypto'
import type { Observed } from './observe.ts'

/** Looks for hidden values in whatever a session was given, also where an attack dressed them up. */

/** The needle that occurs in what was observed, and in which form, or null. Case counts for nothing. */
export function leak(observed: Observed, needles: readonly string[]): string | null {
  const haystack = [observed.texts.join('\n'), ...columnsDown(observed), ...rowsAcross(observed)]
    .join('\n')
    .toLowerCase()
  for (const needle of needles) {
    for (const [form, text] of formsOf(needle)) if (haystack.includes(text.toLowerCase())) return `${form} of ${needle}`
  }
  return null
}

function formsOf(needle: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(needle)
  const hashes = ['md5', 'sha1', 'sha256', 'sha512'].map(
    (name) => [name, createHash(name).update(needle).digest('hex')] as const,
  )
  return [
    ['the text', needle],
    ['the reverse', [...needle].reverse().join('')],
    ['hex', bytes.toString('hex')],
    ...base64Forms(needle),
    ['rot13', needle.replaceAll(/[a-z]/gi, rotated)],
    ['spaced letters', [...needle].join(' ')],
    ['UTF-16', bytes.toString('utf16le')],
    ...hashes,
  ]
}

/** The middle of its base64 at each of the three alignments, which neighbours do not change. */
function base64Forms(needle: string): (readonly [string, string])[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('x'.repeat(shift) + needle).toString('base64')
    return ['base64', encoded.slice(4, -4)] as const
  })
}

function rotated(letter: string): string {
  const base = letter <= 'Z' ? 65 : 97
  return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
}

/** One character, or one character code, a row. */
function columnsDown({ tables }: Observed): string[] {
  return tables.flatMap((rows) =>
    (rows[0] ?? []).flatMap((_cell, column) => {
      const cells = rows.map((row) => row[column] ?? '')
      return [cells.join(''), fromCodes(cells)]
    }),
  )
}

function rowsAcross({ tables }: Observed): string[] {
  return tables.flatMap((rows) => rows.flatMap((row) => [row.map((cell) => cell ?? '').join(''), fromCodes(row)]))
}

function fromCodes(cells: readonly (string | null)[]): string {
  const codes = cells.map((cell) => Number(cell))
  return codes.every((code) => Number.isInteger(code) && code > 0 && code < 0x10000)
    ? String.fromCharCode(...codes)
    : ''
}
