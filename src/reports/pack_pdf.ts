import PdfDocument from 'pdfkit'
import { type Cell, type Pack, type Section, timeCell } from './pack.ts'
import { columnWidths, printable, TableRow } from './pdf_table.ts'

/** The pack for people: a page of controls, then a table for each section. All lengths are in points. */

const MARGIN = 36
const TITLE_SIZE = 18
const HEADING_SIZE = 12
const TEXT_SIZE = 9
const CELL_SIZE = 7
const GAP = 8
const FOOTER_FROM_EDGE = 24
/** Rows of one table: nobody reads more on paper, and JSON and CSV have all of them. */
const MAX_ROWS = 2_000
const BOLD = 'Helvetica-Bold'
const PLAIN = 'Helvetica'
const GREY = '#555555'
const BLACK = '#000000'
const CONTROL_COLUMNS = ['standard', 'control', 'shown by']

/** The same for the same pack: the document says no time of its own. */
export async function pdfOf(pack: Pack): Promise<Uint8Array> {
  const date = new Date(pack.to)
  const doc = new PdfDocument({
    size: 'A4',
    layout: 'landscape',
    margin: MARGIN,
    bufferPages: true,
    info: {
      Title: printable(pack.title),
      Producer: 'Sallyport',
      Creator: 'Sallyport',
      CreationDate: date,
      ModDate: date,
    },
  })
  const chunks: Uint8Array[] = []
  doc.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  doc.on('end', resolve)
  doc.on('error', reject)
  titlePage(doc, pack)
  for (const section of pack.sections) drawSection(doc, section)
  numberPages(doc, pack)
  doc.end()
  await promise
  return Buffer.concat(chunks)
}

function titlePage(doc: PDFKit.PDFDocument, { title, from, to, controls }: Pack): void {
  doc.font(BOLD).fontSize(TITLE_SIZE).text(printable(title))
  doc.font(PLAIN).fontSize(TEXT_SIZE).fillColor(GREY)
  doc.text(`Period: from ${timeCell(from)} up to ${timeCell(to)}. All times are UTC.`)
  doc.fillColor(BLACK).moveDown()
  const rows = controls.map((one) => [one.standard, one.title, one.sections.join(', ')])
  drawTable(doc, CONTROL_COLUMNS, rows)
}

function drawSection(doc: PDFKit.PDFDocument, { title, about, columns, rows }: Section): void {
  doc.addPage()
  doc.font(BOLD).fontSize(HEADING_SIZE).text(printable(title))
  doc
    .font(PLAIN)
    .fontSize(TEXT_SIZE)
    .fillColor(GREY)
    .text(printable(about), { width: widthOf(doc) })
  const all = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`
  doc.text(rows.length > MAX_ROWS ? `The first ${MAX_ROWS} of ${all}; the JSON and CSV forms have all.` : `${all}.`)
  doc.fillColor(BLACK).moveDown(0.5)
  if (rows.length > 0) drawTable(doc, columns, rows.slice(0, MAX_ROWS))
}

function drawTable(doc: PDFKit.PDFDocument, columns: readonly string[], rows: readonly (readonly Cell[])[]): void {
  doc.font(BOLD).fontSize(CELL_SIZE)
  const names = columns.map((name) => name.replaceAll('_', ' '))
  const widths = columnWidths(doc, names, rows, widthOf(doc))
  const header = new TableRow(names, widths, BOLD)
  let y = header.draw(doc, MARGIN, doc.y, true)
  for (const cells of rows) {
    const row = new TableRow(cells, widths, PLAIN)
    if (y + row.height(doc) > doc.page.height - MARGIN - GAP) {
      doc.addPage()
      y = header.draw(doc, MARGIN, MARGIN, true)
    }
    y = row.draw(doc, MARGIN, y, false)
  }
  doc.x = MARGIN
  doc.y = y + GAP
}

function widthOf({ page }: PDFKit.PDFDocument): number {
  return page.width - 2 * MARGIN
}

/** Once all pages are there. */
function numberPages(doc: PDFKit.PDFDocument, { title }: Pack): void {
  const { start, count } = doc.bufferedPageRange()
  for (let at = start; at < start + count; at++) {
    doc.switchToPage(at)
    // Text within the margin would begin another page.
    doc.page.margins.bottom = 0
    doc.font(PLAIN).fontSize(CELL_SIZE).fillColor(GREY)
    const y = doc.page.height - FOOTER_FROM_EDGE
    doc.text(printable(title), MARGIN, y, { lineBreak: false })
    doc.text(`Page ${at - start + 1} of ${count}`, MARGIN, y, { width: widthOf(doc), align: 'right', lineBreak: false })
  }
}
