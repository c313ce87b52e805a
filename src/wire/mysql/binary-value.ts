import { COLUMN_TYPE, isTemporalLength, LENENC_LAYOUT, layoutOf, TEMPORAL_LAYOUT } from './column-types.ts'
import { contentStart, lenencEnd, lenencSize, putLenenc } from './lenenc.ts'
import { broken, unsupported } from './text.ts'

/**
 * A value in binary form, read ("Binary Protocol Value"). Integers keep all 64 bits; `text` of a date or time is as
 * SQL writes it; strings, decimals, JSON and the like stay bytes, for their character set is the column's.
 */
export type BinaryValue =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'temporal'; readonly text: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }

/** Where the value of `type` that starts at `at` ends; all of it must lie before `end`. */
export function valueEnd(bytes: Uint8Array, type: number, at: number, end: number): number {
  const layout = layoutOf(type)
  if (layout === undefined) throw unsupported('a value has an unknown type')
  if (layout === LENENC_LAYOUT) return lenencEnd(bytes, at, end)
  const next = layout === TEMPORAL_LAYOUT ? at + 1 + (at < end ? bytes[at]! : 0) : at + layout
  if (next > end || at >= end) throw broken('a value ends after its message')
  if (layout === TEMPORAL_LAYOUT && !isTemporalLength(type, bytes[at]!))
    throw broken('a date or time has a wrong length')
  return next
}

/** Where the content of the value at `at` begins: after its length, where its type has one. */
export function valueContent(bytes: Uint8Array, type: number, at: number): number {
  const layout = layoutOf(type)
  if (layout === LENENC_LAYOUT) return contentStart(bytes, at)
  return layout === TEMPORAL_LAYOUT ? at + 1 : at
}

/** Bytes that `putValue` needs for `content`. */
export function valueSize(type: number, content: Uint8Array): number {
  const layout = layoutOf(type)
  if (layout === LENENC_LAYOUT) return lenencSize(content.length) + content.length
  if (layout !== TEMPORAL_LAYOUT && layout !== content.length) throw broken('a new value has a wrong width')
  if (layout === TEMPORAL_LAYOUT && !isTemporalLength(type, content.length)) {
    throw broken('a new date or time has a wrong length')
  }
  return content.length + (layout === TEMPORAL_LAYOUT ? 1 : 0)
}

/** Writes `content` with the length that its type wants at `at`, where there is room; where it ends. */
export function putValue(target: Uint8Array, at: number, type: number, content: Uint8Array): number {
  const layout = layoutOf(type)
  let start = at
  if (layout === LENENC_LAYOUT) start = putLenenc(target, at, content.length)
  else if (layout === TEMPORAL_LAYOUT) target[start++] = content.length
  target.set(content, start)
  return start + content.length
}

/** Reads the content of a value (without its length). */
export function decodeValue(type: number, unsigned: boolean, content: Uint8Array): BinaryValue {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  switch (type) {
    case COLUMN_TYPE.float:
      return { kind: 'float', value: view.getFloat32(0, true) }
    case COLUMN_TYPE.double:
      return { kind: 'float', value: view.getFloat64(0, true) }
    case COLUMN_TYPE.date:
    case COLUMN_TYPE.datetime:
    case COLUMN_TYPE.timestamp:
      return { kind: 'temporal', text: dateText(view, type) }
    case COLUMN_TYPE.time:
      return { kind: 'temporal', text: timeText(view) }
    default:
      if (layoutOf(type) === LENENC_LAYOUT) return { kind: 'bytes', value: content }
      return { kind: 'integer', value: integer(view, unsigned) }
  }
}

function integer(view: DataView, unsigned: boolean): bigint {
  switch (view.byteLength) {
    case 1:
      return BigInt(unsigned ? view.getUint8(0) : view.getInt8(0))
    case 2:
      return BigInt(unsigned ? view.getUint16(0, true) : view.getInt16(0, true))
    case 4:
      return BigInt(unsigned ? view.getUint32(0, true) : view.getInt32(0, true))
    case 8:
      return unsigned ? view.getBigUint64(0, true) : view.getBigInt64(0, true)
    default:
      throw broken('a value that must be NULL is not')
  }
}

/** Length 0, 4 (date), 7 (and time of day) or 11 (and microseconds); what is missing is zero. */
function dateText(view: DataView, type: number): string {
  const bytes = view.byteLength
  const date = bytes < 4 ? '0000-00-00' : `${digits(view.getUint16(0, true), 4)}-${two(view, 2)}-${two(view, 3)}`
  if (type === COLUMN_TYPE.date && bytes <= 4) return date
  const time = bytes < 7 ? '00:00:00' : `${two(view, 4)}:${two(view, 5)}:${two(view, 6)}`
  return `${date} ${time}${bytes < 11 ? '' : `.${digits(view.getUint32(7, true), 6)}`}`
}

/** Length 0, 8 (sign, days, time of day) or 12 (and microseconds). */
function timeText(view: DataView): string {
  const bytes = view.byteLength
  if (bytes < 8) return '00:00:00'
  const hours = view.getUint32(1, true) * 24 + view.getUint8(5)
  const time = `${view.getUint8(0) === 0 ? '' : '-'}${digits(hours, 2)}:${two(view, 6)}:${two(view, 7)}`
  return bytes < 12 ? time : `${time}.${digits(view.getUint32(8, true), 6)}`
}

function two(view: DataView, at: number): string {
  return digits(view.getUint8(at), 2)
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
