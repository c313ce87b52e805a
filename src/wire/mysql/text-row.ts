import { contentStart, LENENC, lenencEnd, lenencSize, putLenenc } from './lenenc.ts'
import { broken } from './text.ts'

/** New values by ordinal, from 0; null is NULL. */
export type Edits = ReadonlyMap<number, Uint8Array | null>

/** Start and length of each value of a text row, in pairs; the length is -1 for NULL. The row has exactly `count`. */
export function textRowCells(payload: Uint8Array, count: number): Int32Array {
  const cells = new Int32Array(count * 2)
  let at = 0
  for (let i = 0; i < cells.length; i += 2) {
    const next = textCellEnd(payload, at, payload.length)
    const isNull = payload[at] === LENENC.null
    cells[i] = isNull ? next : contentStart(payload, at)
    cells[i + 1] = isNull ? -1 : next - cells[i]!
    at = next
  }
  if (at !== payload.length) throw broken('bytes after the last value of a row')
  return cells
}

/** The row's payload with some values replaced. `count` columns in all; an edit beyond them throws `SP-PROTOCOL`. */
export function rewriteTextRow(payload: Uint8Array, count: number, edits: Edits): Uint8Array {
  for (const ordinal of edits.keys()) if (!(ordinal >= 0 && ordinal < count)) throw broken('an edit is outside the row')
  const cells = textRowCells(payload, count)
  return encodeTextRow(
    Array.from({ length: count }, (_, i) => {
      const edit = edits.get(i)
      if (edit !== undefined) return edit
      const length = cells[i * 2 + 1]!
      return length < 0 ? null : payload.subarray(cells[i * 2]!, cells[i * 2]! + length)
    }),
  )
}

/** Text protocol: each value a length-encoded string, or one byte 0xfb for NULL ("Text Resultset Row"). */
export function encodeTextRow(values: readonly (Uint8Array | null)[]): Uint8Array {
  let size = 0
  for (const value of values) size += textCellSize(value)
  const row = new Uint8Array(size)
  let at = 0
  for (const value of values) at = putTextCell(row, at, value)
  return row
}

/** Where the value at `at` ends; it must lie before `end`. */
export function textCellEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === LENENC.null) return at + 1
  return lenencEnd(bytes, at, end)
}

/** Bytes that `putTextCell` needs. */
export function textCellSize(value: Uint8Array | null): number {
  return value === null ? 1 : lenencSize(value.length) + value.length
}

/** Writes a value at `at`, where there is room; where it ends. */
export function putTextCell(target: Uint8Array, at: number, value: Uint8Array | null): number {
  if (value === null) {
    target[at] = LENENC.null
    return at + 1
  }
  const start = putLenenc(target, at, value.length)
  target.set(value, start)
  return start + value.length
}
