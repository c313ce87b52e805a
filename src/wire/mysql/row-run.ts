import { binaryValuesStart, flipNullAt, isNullAt } from './binary-row.ts'
import { putValue, valueContent, valueEnd, valueSize } from './binary-value.ts'
import { contentStart, LENENC } from './lenenc.ts'
import { CHUNK_BYTES, HEADER_BYTES, lengthAt } from './packets.ts'
import { broken } from './text.ts'
import { putTextCell, textCellEnd, textCellSize } from './text-row.ts'

/** Room for values that grow, so that most runs need one allocation. */
const SLACK_BYTES = 1_024
/** Up to here a loop copies faster than a view and a call. */
const SMALL_BYTES = 40

/** The value that stands in place of `value`; null is NULL. `value` is a view of the run. */
export type MaskValue = (ordinal: number, value: Uint8Array | null) => Uint8Array | null

/**
 * A run of text rows (whole packets, as `takeRun` gives them) in which `mask` replaced the values at `ordinals`
 * (ascending, from 0). What lies between is copied as one piece, across rows too, and sequence numbers stay. A row
 * of other than `columns` values throws `SP-PROTOCOL`: an ordinal would then point at another column.
 */
export function rewriteTextRun(
  run: Uint8Array,
  columns: number,
  ordinals: readonly number[],
  mask: MaskValue,
): Uint8Array {
  const out = new Pieces(run)
  for (let row = 0; row < run.length; ) {
    const end = packetEnd(run, row)
    const header = out.position(row)
    let at = row + HEADER_BYTES
    let edit = 0
    for (let column = 0; column < columns; column++) {
      const next = textCellEnd(run, at, end)
      if (column === ordinals[edit]) {
        const value = mask(column, run[at] === LENENC.null ? null : run.subarray(contentStart(run, at), next))
        const start = out.replace(at, next, textCellSize(value))
        putTextCell(out.target, start, value)
        edit++
      }
      at = next
    }
    finishRow(out, header, at, end, edit === ordinals.length)
    row = end
  }
  return out.finish()
}

/** The same for binary rows; values are contents, without the length before them. */
export function rewriteBinaryRun(
  run: Uint8Array,
  types: readonly number[],
  ordinals: readonly number[],
  mask: MaskValue,
): Uint8Array {
  const out = new Pieces(run)
  for (let row = 0; row < run.length; ) {
    const end = packetEnd(run, row)
    const header = out.position(row)
    let at = binaryValuesStart(run, row + HEADER_BYTES, end, types.length)
    let edit = 0
    for (let column = 0; column < types.length; column++) {
      const type = types[column]!
      const isNull = isNullAt(run, row + HEADER_BYTES, column)
      const next = isNull ? at : valueEnd(run, type, at, end)
      if (column === ordinals[edit]) {
        const old = isNull ? null : run.subarray(valueContent(run, type, at), next)
        putBinary(out, header, column, type, old, mask(column, old), at, next)
        edit++
      }
      at = next
    }
    finishRow(out, header, at, end, edit === ordinals.length)
    row = end
  }
  return out.finish()
}

function putBinary(
  out: Pieces,
  header: number,
  column: number,
  type: number,
  old: Uint8Array | null,
  value: Uint8Array | null,
  at: number,
  next: number,
): void {
  if (old === null && value === null) return
  const start = out.replace(at, next, value === null ? 0 : valueSize(type, value))
  if (value !== null) putValue(out.target, start, type, value)
  // `replace` has copied the row's head, so its bitmap stands in the output.
  if ((old === null) !== (value === null)) flipNullAt(out.target, header + HEADER_BYTES, column)
}

function packetEnd(run: Uint8Array, row: number): number {
  const end = row + HEADER_BYTES > run.length ? run.length + 1 : row + HEADER_BYTES + lengthAt(run, row)
  if (end > run.length) throw broken('a run of rows ends early')
  return end
}

/** Checks that the row was read to its end, and corrects the length in the header that stands at `header`. */
function finishRow(out: Pieces, header: number, at: number, end: number, allEdited: boolean): void {
  if (at !== end) throw broken('bytes after the last value of a row')
  if (!allEdited) throw broken('the ordinals of a rewrite do not ascend within the row')
  const length = out.position(end) - header - HEADER_BYTES
  if (length >= CHUNK_BYTES) throw broken('a rewritten row is larger than a packet')
  out.setLength(header, length)
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

  /** The output so far: `replace` may put another buffer in its place. */
  get target(): Uint8Array {
    return this.#out
  }

  /** Where the source byte at `at`, not yet reached, will stand in the output. */
  position(at: number): number {
    return this.#length + at - this.#from
  }

  /** Copies the source up to `at`, leaves room for `size` bytes in place of what stands before `next`; where it is. */
  replace(at: number, next: number, size: number): number {
    this.#reserve(at - this.#from + size)
    this.#copyTo(at)
    const start = this.#length
    this.#length += size
    this.#from = next
    return start
  }

  /** Writes the length of a packet whose header is written already, or else is still to be copied as it is. */
  setLength(header: number, length: number): void {
    if (header >= this.#length) return
    this.#out[header] = length
    this.#out[header + 1] = length >>> 8
    this.#out[header + 2] = length >>> 16
  }

  finish(): Uint8Array {
    this.#reserve(this.#source.length - this.#from)
    this.#copyTo(this.#source.length)
    return this.#out.subarray(0, this.#length)
  }

  #copyTo(to: number): void {
    const from = this.#from
    const start = this.#length
    if (to - from > SMALL_BYTES) this.#out.set(this.#source.subarray(from, to), start)
    else for (let i = from; i < to; i++) this.#out[start + i - from] = this.#source[i]!
    this.#length = start + to - from
    this.#from = to
  }

  #reserve(bytes: number): void {
    const need = this.#length + bytes
    if (need <= this.#out.length) return
    const larger = new Uint8Array(Math.max(need, this.#out.length * 2))
    larger.set(this.#out.subarray(0, this.#length))
    this.#out = larger
  }
}
