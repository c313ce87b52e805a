import { broken, copyBytes, HEADER_BYTES, message, readI32, writeI32, writeList, writeValue } from './message.ts'
import { SERVER } from './type-bytes.ts'

const COUNT_BYTES = 2
const LENGTH_BYTES = 4

/** A row, left as it came: `columns` finds the values, `rewriteDataRow` and `rewriteRows` replace some. */
export interface DataRow {
  readonly kind: 'dataRow'
  readonly body: Uint8Array
}

/** Start and length of each value, in pairs; the length is -1 for NULL. Every length is checked. */
export function columns(body: Uint8Array): Int32Array {
  const count = countAt(body, 0, body.length)
  const offsets = new Int32Array(count * 2)
  let at = COUNT_BYTES
  for (let i = 0; i < offsets.length; i += 2) {
    const start = at + LENGTH_BYTES
    at = valueEnd(body, at, body.length)
    offsets[i] = start
    offsets[i + 1] = readI32(body, start - LENGTH_BYTES)
  }
  if (at !== body.length) throw broken('bytes after the last value of a row')
  return offsets
}

/**
 * A whole DataRow message in which the value at `ordinals[i]` is `values[i]` (null is NULL) and every other value is
 * copied. Ordinals count from 0, ascend, and exist in the row.
 */
export function rewriteDataRow(
  body: Uint8Array,
  ordinals: readonly number[],
  values: readonly (Uint8Array | null)[],
): Uint8Array {
  const row = new Uint8Array(HEADER_BYTES + body.length + sizeOf(values))
  const count = countAt(body, 0, body.length)
  let copied = 0
  let end = HEADER_BYTES
  let edit = 0
  let at = COUNT_BYTES
  for (let column = 0; column < count; column++) {
    const next = valueEnd(body, at, body.length)
    if (column === ordinals[edit]) {
      end = copyBytes(body, copied, at, row, end)
      end = putValue(row, end, values[edit++])
      copied = next
    }
    at = next
  }
  if (edit !== ordinals.length) throw broken('the ordinals of a rewrite do not ascend within the row')
  if (at !== body.length) throw broken('bytes after the last value of a row')
  end = copyBytes(body, copied, at, row, end)
  row[0] = SERVER.dataRow
  writeI32(row, 1, end - 1)
  return row.subarray(0, end)
}

export function encodeDataRow(values: readonly (Uint8Array | null)[]): Uint8Array {
  return message(SERVER.dataRow, (writer) => writeList(writer, values, writeValue))
}

/** Number of columns of the row that starts at `at`; its two bytes must lie before `end`. */
export function countAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + COUNT_BYTES > end) throw broken('a row has no column count')
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** Where the value whose length field stands at `at` ends; it must lie before `end`. */
export function valueEnd(bytes: Uint8Array, at: number, end: number): number {
  const start = at + LENGTH_BYTES
  if (start > end) throw broken('a row ends early')
  const length = readI32(bytes, at)
  if (length === -1) return start
  if (length < 0 || length > end - start) throw broken('a value of a row has a wrong length')
  return start + length
}

/** Writes a length and a value at `at`; where they end. */
function putValue(target: Uint8Array, at: number, value: Uint8Array | null | undefined): number {
  if (value === undefined) throw broken('a rewrite has not one value for each ordinal')
  writeI32(target, at, value === null ? -1 : value.length)
  return value === null ? at + LENGTH_BYTES : copyBytes(value, 0, value.length, target, at + LENGTH_BYTES)
}

function sizeOf(values: readonly (Uint8Array | null)[]): number {
  let size = 0
  for (const value of values) size += value === null ? 0 : value.length
  return size
}
