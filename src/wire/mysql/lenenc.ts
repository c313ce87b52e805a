import { Reader } from '../../bytes/reader.ts'
import { encodeUtf8, type Writer } from '../../bytes/writer.ts'
import { broken, decodeText } from './text.ts'

/**
 * Length-encoded integers ("Protocol::LengthEncodedInteger"): below 0xfb the value itself, else a prefix that says how
 * many bytes follow. An integer longer than needed is taken, as every server takes it; 0xfb (NULL) and 0xff are not
 * integers and are refused.
 */
export const LENENC = { null: 0xfb, u16: 0xfc, u24: 0xfd, u64: 0xfe } as const

const U16_END = 0x1_0000
const U24_END = 0x100_0000
const U32_END = 0x1_0000_0000

/** An integer that may take all of its 64 bits: counts of rows, insert ids. */
export function readLenencBig(reader: Reader): bigint {
  const first = reader.u8()
  if (first < LENENC.null) return BigInt(first)
  if (first === LENENC.u16) return BigInt(reader.u16le())
  if (first === LENENC.u24) return BigInt(reader.u24le())
  if (first === LENENC.u64) return reader.u64le()
  throw broken('a length-encoded integer has a wrong prefix')
}

/** A length or a count. One that no message could hold is refused before anything is allocated for it. */
export function readLenenc(reader: Reader): number {
  const value = readLenencBig(reader)
  if (value >= U32_END) throw broken('a length is larger than any message')
  return Number(value)
}

/** A view of the bytes of a length-encoded string. */
export function readLenencBytes(reader: Reader): Uint8Array {
  return reader.bytes(readLenenc(reader))
}

export function readLenencText(reader: Reader): string {
  return decodeText(readLenencBytes(reader))
}

export function writeLenenc(writer: Writer, value: number | bigint): void {
  if (value < LENENC.null) writer.u8(Number(value))
  else if (value < U16_END) writer.u8(LENENC.u16).u16le(Number(value))
  else if (value < U24_END) writer.u8(LENENC.u24).u24le(Number(value))
  else writer.u8(LENENC.u64).u64le(BigInt(value))
}

export function writeLenencBytes(writer: Writer, value: Uint8Array): void {
  writeLenenc(writer, value.length)
  writer.bytes(value)
}

export function writeLenencText(writer: Writer, value: string): void {
  writeLenencBytes(writer, encodeUtf8(value))
}

/** Bytes that `writeLenenc` or `putLenenc` takes for a length. */
export function lenencSize(value: number): number {
  if (value < LENENC.null) return 1
  if (value < U16_END) return 3
  return value < U24_END ? 4 : 9
}

/** Writes a length at `at`, where there must be room, without a writer: the path of rows. Answers where it ends. */
export function putLenenc(target: Uint8Array, at: number, value: number): number {
  const size = lenencSize(value)
  if (size === 1) {
    target[at] = value
    return at + 1
  }
  target[at] = size === 3 ? LENENC.u16 : size === 4 ? LENENC.u24 : LENENC.u64
  let rest = value
  for (let i = 1; i < size; i++) {
    target[at + i] = rest % 0x100
    rest = Math.floor(rest / 0x100)
  }
  return at + size
}

/** Where the content of the length-encoded string that starts at `at` begins. */
export function contentStart(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < LENENC.null) return at + 1
  return first === LENENC.u16 ? at + 3 : first === LENENC.u24 ? at + 4 : at + 9
}

/** Where the length-encoded string that starts at `at` ends; all of it must lie before `end`. */
export function lenencEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = at < end ? bytes[at]! : LENENC.null
  if (first < LENENC.null) {
    const next = at + 1 + first
    if (next > end) throw broken('a value ends after its message')
    return next
  }
  const reader = new Reader(bytes, at, end)
  reader.skip(readLenenc(reader))
  return reader.offset
}
