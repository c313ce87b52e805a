import { dateCodec, momentCodec } from '../masking/date_codec.ts'
import { decimalText, decodeNumeric } from '../masking/numeric.ts'
import { hexText, utf8Text } from './value_text.ts'

/** Type OIDs, of src/include/catalog/pg_type.dat. */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  float4: 700,
  float8: 701,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const

/** Types whose binary form is their text: text, varchar, bpchar, name, char, unknown, json, xml. */
const AS_TEXT: ReadonlySet<number> = new Set([18, 19, 25, 114, 142, 705, 1042, 1043])
const NUMBERS: ReadonlySet<number> = new Set([
  OID.int8,
  OID.int2,
  OID.int4,
  OID.oid,
  OID.float4,
  OID.float8,
  OID.numeric,
])
const MICROS_PER_SECOND = 1_000_000

export function isNumber(oid: number): boolean {
  return NUMBERS.has(oid)
}

/** A value as psql would show it, or near to it; binary of a type that is not known here as hex. */
export function postgresText(value: Uint8Array, oid: number, format: 0 | 1): string {
  if (format === 0 || AS_TEXT.has(oid)) return utf8Text(value)
  return binaryText(value, oid) ?? hexText(value)
}

function binaryText(value: Uint8Array, oid: number): string | null {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const sized = (bytes: number, read: () => number | bigint) => (value.length === bytes ? String(read()) : null)
  switch (oid) {
    case OID.bool:
      return value.length === 1 ? (value[0] === 0 ? 'f' : 't') : null
    case OID.int2:
      return sized(2, () => view.getInt16(0))
    case OID.int4:
      return sized(4, () => view.getInt32(0))
    case OID.oid:
      return sized(4, () => view.getUint32(0))
    case OID.int8:
      return sized(8, () => view.getBigInt64(0))
    case OID.float4:
      return sized(4, () => Number(view.getFloat32(0).toPrecision(7)))
    case OID.float8:
      return sized(8, () => view.getFloat64(0))
    default:
      return otherText(value, view, oid)
  }
}

function otherText(value: Uint8Array, view: DataView, oid: number): string | null {
  switch (oid) {
    case OID.numeric: {
      const decimal = decodeNumeric(value)
      return decimal && decimalText(decimal)
    }
    case OID.date:
      return rewritten(dateCodec('binary'), dateCodec('text'), value)
    case OID.timestamp:
    case OID.timestamptz: {
      const zoned = oid === OID.timestamptz
      return rewritten(momentCodec('binary', zoned), momentCodec('text', zoned), value)
    }
    case OID.time:
      return value.length === 8 ? clockText(Number(view.getBigInt64(0))) : null
    case OID.interval:
      return value.length === 16 ? intervalText(view) : null
    case OID.uuid:
      return value.length === 16 ? uuidText(value) : null
    case OID.jsonb:
      return value[0] === 1 ? utf8Text(value.subarray(1)) : null
    default:
      return null
  }
}

interface Reads<T> {
  read(value: Uint8Array): T | null
}

interface Writes<T> {
  write(value: T): Uint8Array | null
}

function rewritten<T>(from: Reads<T>, to: Writes<T>, value: Uint8Array): string | null {
  const read = from.read(value)
  const written = read === null ? null : to.write(read)
  return written === null ? null : utf8Text(written)
}

function clockText(micros: number): string {
  const seconds = Math.floor(micros / MICROS_PER_SECOND)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const fraction = String(micros % MICROS_PER_SECOND)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}${fraction === '' ? '' : `.${fraction}`}`
}

/** Microseconds, days and months (interval_send). */
function intervalText(view: DataView): string {
  const micros = Number(view.getBigInt64(0))
  const parts = [
    `${view.getInt32(12)} mons`,
    `${view.getInt32(8)} days`,
    `${micros < 0 ? '-' : ''}${clockText(Math.abs(micros))}`,
  ]
  return parts.filter((part) => !part.startsWith('0 ')).join(' ')
}

function uuidText(value: Uint8Array): string {
  const hex = Buffer.from(value).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
