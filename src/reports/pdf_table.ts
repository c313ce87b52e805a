import type { Cell } from './pack.ts'

/** Rows of a table whose cells wrap. All lengths are in points. */

const PADDING = 3
const LINE = '#bbbbbb'
const HEAD = '#eeeeee'
const BLACK = '#000000'
/** Beside a text: the padding, and bold letters of a header that are wider. */
const ROOM = 2 * PADDING + 3
/** A longer word is broken. */
const MAX_WORD = 64
/** A column asks for no more than this, so that one long text leaves room for the others. */
const MAX_WISH = 170
/** Rows that the widths are taken from. */
const SAMPLE_ROWS = 200
/** More of a text than this is cut: a row has to fit on a page. */
const MAX_CELL_CHARACTERS = 500
/** Milliseconds and the zone, which is always UTC, are left to the other forms. */
const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z$/

/** Each at least as wide as its widest word, and the rest of the page shared out by what the texts ask for. */
export function columnWidths(
  doc: PDFKit.PDFDocument,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  total: number,
): readonly number[] {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => doc.widthOfString(text))) + ROOM
  const texts = columns.map((name, at) =>
    [name, ...rows.slice(0, SAMPLE_ROWS).map((row) => row[at] ?? null)].map(cellText),
  )
  const least = texts.map((cells) => Math.min(widest(cells.flatMap((text) => text.split(' '))), MAX_WORD))
  const wishes = texts.map((cells, at) => Math.min(widest(cells), MAX_WISH) - (least[at] ?? 0))
  const spare = total - sum(least)
  // More columns than there is room for: all of them suffer alike.
  if (spare <= 0) return least.map((one) => (one * total) / sum(least))
  const asked = sum(wishes)
  return least.map((one, at) => one + (asked === 0 ? spare / least.length : (spare * (wishes[at] ?? 0)) / asked))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

export class TableRow {
  readonly #texts: readonly string[]
  readonly #widths: readonly number[]
  readonly #font: string

  constructor(cells: readonly Cell[], widths: readonly number[], font: string) {
    this.#texts = cells.map(cellText)
    this.#widths = widths
    this.#font = font
  }

  height(doc: PDFKit.PDFDocument): number {
    doc.font(this.#font)
    const heights = this.#texts.map((text, at) => doc.heightOfString(text, { width: this.#inner(at) }))
    return Math.max(...heights) + 2 * PADDING
  }

  /** Gives where the next row begins. */
  draw(doc: PDFKit.PDFDocument, left: number, top: number, isHead: boolean): number {
    const height = this.height(doc)
    const width = this.#widths.reduce((all, one) => all + one, 0)
    if (isHead) doc.rect(left, top, width, height).fill(HEAD)
    doc.fillColor(BLACK).font(this.#font)
    let x = left
    for (const [at, text] of this.#texts.entries()) {
      doc.text(text, x + PADDING, top + PADDING, { width: this.#inner(at) })
      x += this.#widths[at] ?? 0
    }
    doc
      .moveTo(left, top + height)
      .lineTo(left + width, top + height)
      .lineWidth(0.5)
      .stroke(LINE)
    return top + height
  }

  #inner(at: number): number {
    return (this.#widths[at] ?? MAX_WORD) - 2 * PADDING
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return '-'
  const text = printable(String(cell).replace(TIME, '$1 $2'))
  return text.length > MAX_CELL_CHARACTERS ? `${text.slice(0, MAX_CELL_CHARACTERS)}...` : text
}

/** The fonts that every reader of PDF has know Latin letters alone (ISO 32000-1, annex D); the rest becomes a mark. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/gu, (one) => (/\s/.test(one) ? ' ' : '?'))
}
