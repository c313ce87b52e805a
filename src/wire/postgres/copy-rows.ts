import { encodeCopyData } from './copy.ts'
import { countAt, valueEnd } from './data-row.ts'
import { broken, HEADER_BYTES, readI32, writeI32 } from './message.ts'
import { SERVER } from './type-bytes.ts'

/** How COPY writes rows, as its options say; the characters are one byte each. */
export interface CopyStyle {
  readonly format: 'text' | 'csv' | 'binary'
  readonly header: boolean
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
  readonly nullText: string
}

/** COPY data made of DataRow messages, byte for byte as the server writes it (copyto.c). */
export interface CopyRows {
  /** The CopyData messages before the first row. */
  readonly head: Uint8Array
  /** Each DataRow of a run as a CopyData message; `first` for the run that the COPY begins with. */
  rows(run: Uint8Array, first: boolean): Uint8Array
  /** The CopyData messages after the last row; `empty` where there was none. */
  tail(empty: boolean): Uint8Array
}

/** "PGCOPY\\n\\377\\r\\n\\0", no flags, no extension of the header. */
const SIGNATURE = Uint8Array.of(80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0)
const TRAILER = Uint8Array.of(255, 255)
const NOTHING = new Uint8Array(0)
const NEWLINE = 10
const RETURN = 13
const BACKSLASH = 92
const FULL_STOP = 46
const COUNT_BYTES = 2
const LENGTH_BYTES = 4
/** The control characters that the text format has letters for: \\b, \\t, \\n, \\v, \\f, \\r. */
const LETTERS: ReadonlyMap<number, number> = new Map([
  [8, 98],
  [9, 116],
  [10, 110],
  [11, 118],
  [12, 102],
  [13, 114],
])

const encoder = new TextEncoder()

/** `names` are those of the result's columns; `forced` are the columns that CSV always quotes. */
export function copyRows(style: CopyStyle, names: readonly string[], forced: readonly boolean[]): CopyRows {
  if (style.format === 'binary') return BINARY
  const nullText = encoder.encode(style.nullText)
  const csv = style.format === 'csv' ? csvOf(style, nullText, names.length === 1) : null
  const delimiter = style.delimiter.charCodeAt(0)
  const line: Line = {
    columns: names.length,
    delimiter,
    nullText,
    put: csv ? (out, value, column) => csv(out, value, forced[column] ?? false) : textOf(delimiter),
  }
  const titles = style.header ? title(line, csv, names) : NOTHING
  return { head: titles, rows: (run) => textRows(run, line), tail: () => NOTHING }
}

interface Line {
  readonly columns: number
  readonly delimiter: number
  readonly nullText: Uint8Array
  readonly put: (out: Bytes, value: Uint8Array, column: number) => void
}

/** Names are never forced to be quoted. */
function title(line: Line, csv: ReturnType<typeof csvOf> | null, names: readonly string[]): Uint8Array {
  const out = new Bytes(0)
  for (const [column, name] of names.entries()) {
    if (column > 0) out.byte(line.delimiter)
    const value = encoder.encode(name)
    if (csv) csv(out, value, false)
    else line.put(out, value, column)
  }
  out.byte(NEWLINE)
  return data(out.finish())
}

/** The server sends the signature in one message with what comes next, and there are clients that count on it. */
const BINARY: CopyRows = {
  head: NOTHING,
  rows: (run, first) => (first ? firstBinaryRows(run) : binaryRows(run)),
  tail: (empty) => data(empty ? joined(SIGNATURE, TRAILER) : TRAILER),
}

function firstBinaryRows(run: Uint8Array): Uint8Array {
  const end = rowEnd(run, 0)
  return joined(data(joined(SIGNATURE, run.subarray(HEADER_BYTES, end))), binaryRows(run.subarray(end)))
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** A row of the protocol is a tuple of the binary format as it stands ("Binary Format" of COPY). */
function binaryRows(run: Uint8Array): Uint8Array {
  // A Buffer's own slice would be a view of the same bytes.
  const out = new Uint8Array(run)
  for (let row = 0; row < out.length; row = rowEnd(run, row)) out[row] = SERVER.copyData
  return out
}

function textRows(run: Uint8Array, line: Line): Uint8Array {
  const out = new Bytes(run.length)
  for (let row = 0; row < run.length; ) {
    const end = rowEnd(run, row)
    const start = out.length
    out.bytes(run, row, row + HEADER_BYTES)
    textRow(run, row + HEADER_BYTES, end, line, out)
    out.message(start, SERVER.copyData)
    row = end
  }
  return out.finish()
}

function textRow(run: Uint8Array, body: number, end: number, line: Line, out: Bytes): void {
  if (countAt(run, body, end) !== line.columns) throw broken('a row has not the described columns')
  let at = body + COUNT_BYTES
  for (let column = 0; column < line.columns; column++) {
    const next = valueEnd(run, at, end)
    if (column > 0) out.byte(line.delimiter)
    if (readI32(run, at) === -1) out.bytes(line.nullText, 0, line.nullText.length)
    else line.put(out, run.subarray(at + LENGTH_BYTES, next), column)
    at = next
  }
  if (at !== end) throw broken('bytes after the last value of a row')
  out.byte(NEWLINE)
}

/** CopyAttributeOutText: a backslash before itself and the delimiter, letters for control characters. */
function textOf(delimiter: number): Line['put'] {
  const after = marks([BACKSLASH, delimiter])
  for (const [byte, letter] of LETTERS) after[byte] = letter
  return (out, value) => {
    let copied = 0
    for (let at = 0; at < value.length; at++) {
      const letter = after[value[at]!]!
      if (letter === 0) continue
      out.bytes(value, copied, at)
      out.byte(BACKSLASH)
      out.byte(letter)
      copied = at + 1
    }
    out.bytes(value, copied, value.length)
  }
}

/** CopyAttributeOutCSV: quoted where it has to be, and where it would read as NULL or as the end of the data. */
function csvOf(style: CopyStyle, nullText: Uint8Array, single: boolean) {
  const [delimiter, quote, escaping] = [style.delimiter, style.quote, style.escape].map((one) => one.charCodeAt(0))
  const special = marks([delimiter!, quote!, NEWLINE, RETURN])
  const ends = (value: Uint8Array) => single && value.length === 2 && value[0] === BACKSLASH && value[1] === FULL_STOP
  return (out: Bytes, value: Uint8Array, forced: boolean): void => {
    const quoted = forced || holds(value, special) || same(value, nullText) || ends(value)
    if (!quoted) return out.bytes(value, 0, value.length)
    out.byte(quote!)
    let copied = 0
    for (let at = 0; at < value.length; at++) {
      if (value[at] !== quote && value[at] !== escaping) continue
      out.bytes(value, copied, at)
      out.byte(escaping!)
      copied = at
    }
    out.bytes(value, copied, value.length)
    out.byte(quote!)
  }
}

/** A table by byte: each of these stands for itself, every other is 0. */
function marks(bytes: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of bytes) table[byte] = byte
  return table
}

function holds(value: Uint8Array, table: Uint8Array): boolean {
  for (let at = 0; at < value.length; at++) if (table[value[at]!] !== 0) return true
  return false
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

function data(bytes: Uint8Array): Uint8Array {
  return encodeCopyData({ kind: 'copyData', data: bytes })
}

function rowEnd(run: Uint8Array, row: number): number {
  if (row + HEADER_BYTES > run.length || run[row] !== SERVER.dataRow) throw broken('a run holds more than rows')
  const end = row + 1 + readI32(run, row + 1)
  if (end < row + HEADER_BYTES + COUNT_BYTES || end > run.length) throw broken('a run of rows ends early')
  return end
}

/** Room for what is written beside the values of a run. */
const SLACK_BYTES = 1024

/** Bytes that grow. Mutable and private to one call: the hot path of an export. */
class Bytes {
  #bytes: Uint8Array
  length = 0

  constructor(expected: number) {
    this.#bytes = new Uint8Array(expected + SLACK_BYTES)
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.length++] = value
  }

  bytes(source: Uint8Array, from: number, to: number): void {
    const size = to - from
    if (size <= 0) return
    if (this.length + size > this.#bytes.length) this.#grow(size)
    this.#bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), this.length)
    this.length += size
  }

  /** Makes what was written from `start` on one message of `type`; room for its header was left. */
  message(start: number, type: number): void {
    this.#bytes[start] = type
    writeI32(this.#bytes, start + 1, this.length - start - 1)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(this.length + by, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.length))
    this.#bytes = larger
  }
}
