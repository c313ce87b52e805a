import { countAt, valueEnd } from './data-row.ts'
import { broken, copyBytes, HEADER_BYTES, readI32, writeI32 } from './message.ts'
import { SERVER } from './type-bytes.ts'

const COUNT_BYTES = 2
const LENGTH_BYTES = 4
/** Room for values that grow, so that most runs need one allocation. */
const SLACK_BYTES = 1024

/** The value that stands in place of `value` (null is NULL); `value` is a view of the run. */
export type MaskValue = (ordinal: number, value: Uint8Array | null) => Uint8Array | null

/**
 * A run of whole DataRow messages in which `mask` replaced the values at `ordinals` (ascending, from 0). Everything
 * between two replaced values is copied as one piece, across rows too. A row that has not exactly `columnCount` columns,
 * or another message, throws `SP-PROTOCOL`: an ordinal would then point at another column.
 */
export function rewriteRows(
  run: Uint8Array,
  columnCount: number,
  ordinals: readonly number[],
  mask: MaskValue,
): Uint8Array {
  const last = ordinals.at(-1) ?? -1
  if (last >= columnCount) throw broken('a row has fewer columns than were described')
  const out = new Pieces(run)
  for (let row = 0; row < run.length; ) row = rewriteRow(run, row, columnCount, ordinals, mask, out)
  return out.finish()
}

/** Rewrites the row at `row` into `out`; where the row ends. */
function rewriteRow(
  run: Uint8Array,
  row: number,
  columnCount: number,
  ordinals: readonly number[],
  mask: MaskValue,
  out: Pieces,
): number {
  const end = rowEnd(run, row)
  if (countAt(run, row + HEADER_BYTES, end) !== columnCount) throw broken('a row has not the described columns')
  const header = out.position(row)
  let at = row + HEADER_BYTES + COUNT_BYTES
  let delta = 0
  let edit = 0
  let masked = ordinals[0]
  for (let column = 0; column < columnCount; column++) {
    const next = valueEnd(run, at, end)
    if (column === masked) {
      const isNull = next === at + LENGTH_BYTES && run[at] === 0xff
      const value = mask(column, isNull ? null : run.subarray(at + LENGTH_BYTES, next))
      out.replace(at, next, value)
      delta += (value === null ? 0 : value.length) + LENGTH_BYTES - (next - at)
      masked = ordinals[++edit]
    }
    at = next
  }
  if (edit !== ordinals.length) throw broken('the ordinals of a rewrite do not ascend')
  if (at !== end) throw broken('bytes after the last value of a row')
  if (delta !== 0) out.setI32(header + 1, end - row - 1 + delta)
  return end
}

function rowEnd(run: Uint8Array, row: number): number {
  if (row + HEADER_BYTES > run.length || run[row] !== SERVER.dataRow) throw broken('a run holds more than rows')
  const length = readI32(run, row + 1)
  if (length < LENGTH_BYTES || length > run.length - row - 1) throw broken('a run of rows ends early')
  return row + 1 + length
}

/** Output made of pieces of one source and of new values. Mutable and private to one call: the hot path. */
class Pieces {
  readonly #source: Uint8Array
  #out: Uint8Array
  #length = 0
  /** Source bytes before this are written or replaced. */
  #from = 0

  constructor(source: Uint8Array) {
    this.#source = source
    this.#out = new Uint8Array(source.length + SLACK_BYTES)
  }

  /** Where the source byte at `at`, not yet reached, will stand in the output. */
  position(at: number): number {
    return this.#length + at - this.#from
  }

  /** Copies the source up to `at`, then writes `value` with its length in place of what stands before `next`. */
  replace(at: number, next: number, value: Uint8Array | null): void {
    const bytes = value === null ? 0 : value.length
    this.#reserve(at - this.#from + LENGTH_BYTES + bytes)
    this.#copy(this.#source, this.#from, at)
    writeI32(this.#out, this.#length, value === null ? -1 : bytes)
    this.#length += LENGTH_BYTES
    if (value !== null) this.#copy(value, 0, bytes)
    this.#from = next
  }

  setI32(at: number, value: number): void {
    // The header is written: the first replaced value of its row came after it.
    writeI32(this.#out, at, value)
  }

  finish(): Uint8Array {
    this.#reserve(this.#source.length - this.#from)
    this.#copy(this.#source, this.#from, this.#source.length)
    return this.#out.subarray(0, this.#length)
  }

  #copy(source: Uint8Array, from: number, to: number): void {
    this.#length = copyBytes(source, from, to, this.#out, this.#length)
  }

  #reserve(bytes: number): void {
    const need = this.#length + bytes
    if (need <= this.#out.length) return
    const larger = new Uint8Array(Math.max(need, this.#out.length * 2))
    larger.set(this.#out.subarray(0, this.#length))
    this.#out = larger
  }
}
