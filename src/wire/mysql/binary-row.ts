import { putValue, valueContent, valueEnd, valueSize } from './binary-value.ts'
import { broken } from './text.ts'
import type { Edits } from './text-row.ts'

const ROW_HEADER = 0x00
/** The NULL bitmap of a row begins at its third bit ("Binary Protocol Resultset Row"). */
const BITMAP_OFFSET = 2

function bitmapBytes(columns: number): number {
  return (columns + BITMAP_OFFSET + 7) >> 3
}

/** Whether the column is NULL in the row that starts at `row`. */
export function isNullAt(bytes: Uint8Array, row: number, column: number): boolean {
  const bit = column + BITMAP_OFFSET
  return ((bytes[row + 1 + (bit >> 3)]! >> (bit & 7)) & 1) === 1
}

export function flipNullAt(bytes: Uint8Array, row: number, column: number): void {
  const bit = column + BITMAP_OFFSET
  bytes[row + 1 + (bit >> 3)]! ^= 1 << (bit & 7)
}

/** Where the values of the row that starts at `row` begin; header and bitmap must lie before `end`. */
export function binaryValuesStart(bytes: Uint8Array, row: number, end: number, columns: number): number {
  const start = row + 1 + bitmapBytes(columns)
  if (start > end || bytes[row] !== ROW_HEADER) throw broken('a binary row has a wrong head')
  return start
}

/**
 * Start and length of the content of each value, in pairs; the length is -1 for NULL. The content is the value in its
 * type's binary form without a length before it. An unknown type throws `SP-UNSUPPORTED`.
 */
export function binaryRowCells(payload: Uint8Array, types: readonly number[]): Int32Array {
  const cells = new Int32Array(types.length * 2)
  let at = binaryValuesStart(payload, 0, payload.length, types.length)
  for (let i = 0; i < types.length; i++) {
    if (isNullAt(payload, 0, i)) {
      cells[i * 2] = at
      cells[i * 2 + 1] = -1
      continue
    }
    const next = valueEnd(payload, types[i]!, at, payload.length)
    cells[i * 2] = valueContent(payload, types[i]!, at)
    cells[i * 2 + 1] = next - cells[i * 2]!
    at = next
  }
  if (at !== payload.length) throw broken('bytes after the last value of a row')
  return cells
}

/** The row's payload with some values replaced by contents, as `binaryRowCells` has them, or by NULL. */
export function rewriteBinaryRow(payload: Uint8Array, types: readonly number[], edits: Edits): Uint8Array {
  for (const ordinal of edits.keys())
    if (!(ordinal >= 0 && ordinal < types.length)) throw broken('an edit is outside the row')
  const cells = binaryRowCells(payload, types)
  return encodeBinaryRow(
    types,
    types.map((_, i) => {
      const edit = edits.get(i)
      if (edit !== undefined) return edit
      const length = cells[i * 2 + 1]!
      return length < 0 ? null : payload.subarray(cells[i * 2]!, cells[i * 2]! + length)
    }),
  )
}

/** A row of contents; a content of a width that its type has not throws `SP-PROTOCOL`. */
export function encodeBinaryRow(types: readonly number[], contents: readonly (Uint8Array | null)[]): Uint8Array {
  let size = 1 + bitmapBytes(types.length)
  const bitmapEnd = size
  for (const [i, type] of types.entries()) {
    const content = contents[i]
    if (content) size += valueSize(type, content)
  }
  const row = new Uint8Array(size)
  let at = bitmapEnd
  for (const [i, type] of types.entries()) {
    const content = contents[i]
    if (content) at = putValue(row, at, type, content)
    else flipNullAt(row, 0, i)
  }
  return row
}
