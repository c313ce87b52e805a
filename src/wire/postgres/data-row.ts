import { broken, HEADER_BYTES, message, readI32, writeI32, writeList, writeValue } from './message.ts'
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
  const offsets = columns(body)
  const row = new Uint8Array(HEADER_BYTES + rewrittenBytes(body, offsets, ordinals, values))
  row[0] = SERVER.dataRow
  writeI32(row, 1, row.length - 1)
  let from = 0
  let at = HEADER_BYTES
  for (let i = 0; i < ordinals.length; i++) {
    const start = offsets[ordinals[i]! * 2]!
    const kept = start - LENGTH_BYTES - from
    if (kept < 0) throw broken('the ordinals of a rewrite do not ascend')
    row.set(body.subarray(from, from + kept), at)
    at = putValue(row, at + kept, values[i]!)
    from = start + Math.max(0, offsets[ordinals[i]! * 2 + 1]!)
  }
  row.set(body.subarray(from), at)
  return row
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
function putValue(target: Uint8Array, at: number, value: Uint8Array | null): number {
  if (value === null) {
    writeI32(target, at, -1)
    return at + LENGTH_BYTES
  }
  writeI32(target, at, value.length)
  target.set(value, at + LENGTH_BYTES)
  return at + LENGTH_BYTES + value.length
}

function rewrittenBytes(
  body: Uint8Array,
  offsets: Int32Array,
  ordinals: readonly number[],
  values: readonly (Uint8Array | null)[],
): number {
  if (values.length !== ordinals.length) throw broken('a rewrite has not one value for each ordinal')
  let size = body.length
  for (let i = 0; i < ordinals.length; i++) {
    const length = offsets[ordinals[i]! * 2 + 1]
    if (length === undefined) throw broken('a row has fewer columns than were described')
    size += (values[i]?.length ?? 0) - Math.max(0, length)
  }
  return size
}
