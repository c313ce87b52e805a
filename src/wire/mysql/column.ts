import { Reader } from '../../bytes/reader.ts'
import { encodeUtf8, Writer } from '../../bytes/writer.ts'
import { readText } from './character-sets.ts'
import { LENENC, lenencEnd, readLenencBytes, writeLenencBytes, writeLenencText } from './lenenc.ts'
import { broken } from './text.ts'

const CATALOG = encodeUtf8('def')
/** Catalog, schema, table, original table, name and original name. */
const NAMES = 6
/** Length of the fields after the names. */
const FIXED_BYTES = 0x0c
/** The server's own bound on columns of a table or a result. */
const COLUMNS_MAX = 4_096
const TEXT_LENGTH_BYTES = 1_024
/** Flags, decimals and two zeros. */
const FLAGS_FROM_END_BYTES = 5
/** NOT_NULL, PRI_KEY, UNIQUE_KEY and AUTO_INCREMENT ("Column Definition Flags"). */
const BROKEN_BY_MASKS = 0x207

/**
 * Protocol::ColumnDefinition41. `table` and `name` are the aliases of the statement, `orgTable` and `orgName` what
 * they stand for, empty for an expression. `defaultValue` comes with COM_FIELD_LIST alone.
 */
export interface ColumnDefinition {
  readonly kind: 'columnDefinition'
  readonly schema: string
  readonly table: string
  readonly orgTable: string
  readonly name: string
  readonly orgName: string
  /** Collation id; 63 is binary. */
  readonly charset: number
  /** The most bytes that a value has. */
  readonly length: number
  readonly type: number
  readonly flags: number
  readonly decimals: number
  readonly defaultValue: Uint8Array | null
  /** MariaDB's extended type information (uuid, json, point), empty for most; null where it was not agreed. */
  readonly extendedType: Uint8Array | null
}

export type ColumnInput = Omit<ColumnDefinition, 'kind' | 'length' | 'defaultValue' | 'extendedType'> & {
  readonly extendedType?: Uint8Array | null
  readonly length?: number
  readonly defaultValue?: Uint8Array | null
}

/**
 * `extended`: MariaDB's extended metadata was agreed. Names come in the session's character_set_results: one that is no
 * UTF-8 is read as bytes (`readText`). Malformed throws `SP-PROTOCOL`.
 */
export function decodeColumn(payload: Uint8Array, extended = false): ColumnDefinition {
  const reader = new Reader(payload)
  readLenencBytes(reader)
  const schema = readName(reader)
  const table = readName(reader)
  const orgTable = readName(reader)
  const name = readName(reader)
  const orgName = readName(reader)
  const extendedType = extended ? readLenencBytes(reader).slice() : null
  if (reader.u8() !== FIXED_BYTES) throw broken('a column definition has fields of an unknown length')
  const charset = reader.u16le()
  const length = reader.u32le()
  const type = reader.u8()
  const flags = reader.u16le()
  const decimals = reader.u8()
  reader.skip(2)
  const defaultValue = readDefault(reader)
  reader.expectEnd()
  const names = { schema, table, orgTable, name, orgName }
  const fixed = { charset, length, type, flags, decimals }
  return { kind: 'columnDefinition', ...names, ...fixed, defaultValue, extendedType }
}

export function encodeColumn(column: ColumnInput): Uint8Array {
  const writer = new Writer()
  writeLenencBytes(writer, CATALOG)
  for (const name of [column.schema, column.table, column.orgTable, column.name, column.orgName]) {
    writeLenencText(writer, name)
  }
  if (column.extendedType) writeLenencBytes(writer, column.extendedType)
  writer
    .u8(FIXED_BYTES)
    .u16le(column.charset)
    .u32le(column.length ?? TEXT_LENGTH_BYTES)
  writer.u8(column.type).u16le(column.flags).u8(column.decimals).zeros(2)
  if (column.defaultValue) writeLenencBytes(writer, column.defaultValue)
  return writer.finish()
}

/**
 * The definition of a field whose values are masked: it may hold NULL, what was unique or counted up need not be, and
 * text that was JSON or a UUID need not be one. The flags stand five bytes before the end, which a definition in a
 * result has in common everywhere.
 */
export function withMaskedFlags(definition: Uint8Array, extended = false): Uint8Array {
  const masked = extended ? withoutExtendedType(definition) : definition.slice()
  const at = masked.length - FLAGS_FROM_END_BYTES
  const flags = ((masked[at] ?? 0) | ((masked[at + 1] ?? 0) << 8)) & ~BROKEN_BY_MASKS
  masked[at] = flags & 0xff
  masked[at + 1] = flags >> 8
  return masked
}

function withoutExtendedType(definition: Uint8Array): Uint8Array {
  let start = 0
  for (let name = 0; name < NAMES; name++) start = lenencEnd(definition, start, definition.length)
  const end = lenencEnd(definition, start, definition.length)
  return new Writer().bytes(definition.subarray(0, start)).u8(0).bytes(definition.subarray(end)).finish()
}

/** The form of COM_FIELD_LIST, which always has a default: NULL where the column has none. */
export function encodeFieldListColumn(column: ColumnInput): Uint8Array {
  const definition = encodeColumn(column)
  if (column.defaultValue) return definition
  return new Writer(definition.length + 1).bytes(definition).u8(LENENC.null).finish()
}

/** The packet before column definitions: their number, 1 to 4096. */
export function decodeColumnCount(payload: Uint8Array): number {
  const reader = new Reader(payload)
  const first = reader.u8()
  const count = first === LENENC.u16 ? reader.u16le() : first < LENENC.null ? first : 0
  reader.expectEnd()
  if (count === 0 || count > COLUMNS_MAX) throw broken('a result has a wrong number of columns')
  return count
}

function readName(reader: Reader): string {
  return readText(readLenencBytes(reader), 'utf8').text
}

/** A default of NULL is one byte 0xfb; a definition in a result has no default at all. */
function readDefault(reader: Reader): Uint8Array | null {
  if (reader.remaining === 0) return null
  if (reader.peek() !== LENENC.null) return readLenencBytes(reader)
  reader.skip(1)
  return null
}
