import type { Reader } from '../../bytes/reader.ts'
import { SallyportError } from '../../errors.ts'
import { MessageWriter } from './message-writer.ts'

/** Bytes of the type byte and the length field that stand before the body of a typed message. */
export const HEADER_BYTES = 5

/** 0 is text, 1 is binary ("Formats and Format Codes"). */
export type Format = 0 | 1

const MAX_COUNT = 0xffff
/** Up to here a loop copies faster than a view and a call (measured on Node 24). */
const SMALL_BYTES = 40

/** A leading byte order mark is kept: a text that was judged must hold every character that is forwarded. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The one error of the codec. The detail names the fault and never quotes what was received. */
export function broken(detail: string): SallyportError {
  return new SallyportError('SP-PROTOCOL', detail)
}

/** Big-endian signed 32 bits by shifts: a DataView for each frame costs more than it reads. */
export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

export function writeI32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Copies `source` from `from` up to `to` into `target` at `at`; where the copy ends. */
export function copyBytes(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
  const end = at + to - from
  if (to - from > SMALL_BYTES) target.set(source.subarray(from, to), at)
  else for (let i = at; i < end; i++) target[i] = source[i - at + from]!
  return end
}

/** Strict UTF-8 (`SP-PROTOCOL` otherwise). */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw broken('text is not valid UTF-8')
  }
}

/** A NUL-terminated string, strict UTF-8. */
export function readString(reader: Reader): string {
  return decodeText(reader.untilNul())
}

/** A string of which nobody may say more: a NUL inside would end it early for the receiver, so it is refused. */
export function writeString(writer: MessageWriter, text: string): void {
  if (text.includes('\0')) throw broken('text holds a NUL')
  writer.text(text).u8(0)
}

/** A value with its Int32 length; -1 is NULL and any other negative length is refused. */
export function readValue(reader: Reader): Uint8Array | null {
  const length = reader.i32be()
  if (length === -1) return null
  if (length < 0) throw broken('a value has a negative length')
  return reader.bytes(length)
}

export function writeValue(writer: MessageWriter, value: Uint8Array | null): void {
  if (value === null) writer.i32be(-1)
  else writer.i32be(value.length).bytes(value)
}

/** An Int16 count followed by that many items. The server reads the count unsigned, and so do we. */
export function readList<T>(reader: Reader, item: (reader: Reader) => T): T[] {
  const count = reader.u16be()
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(item(reader))
  return items
}

export function writeList<T>(
  writer: MessageWriter,
  items: readonly T[],
  item: (writer: MessageWriter, value: T) => void,
): void {
  if (items.length > MAX_COUNT) throw broken('a list has more than 65535 items')
  writer.i16be(items.length)
  for (const value of items) item(writer, value)
}

export function readFormat(reader: Reader): Format {
  const code = reader.u16be()
  if (code !== 0 && code !== 1) throw broken('unknown format code')
  return code
}

export function writeFormat(writer: MessageWriter, format: Format): void {
  writer.i16be(format)
}

/** One typed message: the type byte, the length that counts itself, and what `fill` writes. */
export function message(type: number, fill?: (writer: MessageWriter) => void): Uint8Array {
  const writer = new MessageWriter().u8(type).i32be(0)
  fill?.(writer)
  writer.setI32be(1, writer.length - 1)
  return writer.finish()
}
