import { type BoundParameters, LISTED_TYPES, ValueKeeper } from '../../audit/bound_values.ts'
import type { Bind } from '../../wire/postgres/bind.ts'

/** Built-in types (pg_type.dat) by OID: their names in the audit log, and what their binary form is. */
const TYPES: ReadonlyMap<number, { readonly name: string; readonly form?: BinaryForm }> = new Map([
  [16, { name: 'bool', form: 'bool' }],
  [17, { name: 'bytea', form: 'bytes' }],
  [19, { name: 'name', form: 'text' }],
  [20, { name: 'int8', form: 'int8' }],
  [21, { name: 'int2', form: 'int2' }],
  [23, { name: 'int4', form: 'int4' }],
  [25, { name: 'text', form: 'text' }],
  [26, { name: 'oid', form: 'oid' }],
  [114, { name: 'json', form: 'text' }],
  [700, { name: 'float4', form: 'float4' }],
  [701, { name: 'float8', form: 'float8' }],
  [1042, { name: 'bpchar', form: 'text' }],
  [1043, { name: 'varchar', form: 'text' }],
  [1082, { name: 'date', form: 'date' }],
  [1083, { name: 'time' }],
  [1114, { name: 'timestamp', form: 'timestamp' }],
  [1184, { name: 'timestamptz', form: 'timestamptz' }],
  [1700, { name: 'numeric' }],
  [2950, { name: 'uuid', form: 'uuid' }],
  [3802, { name: 'jsonb', form: 'jsonb' }],
])

type BinaryForm =
  | 'bool'
  | 'bytes'
  | 'text'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'oid'
  | 'float4'
  | 'float8'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'uuid'
  | 'jsonb'

const WIDTH: Readonly<Partial<Record<BinaryForm, number>>> = {
  ...{ bool: 1, int2: 2, int4: 4, oid: 4, float4: 4, date: 4 },
  ...{ int8: 8, float8: 8, timestamp: 8, timestamptz: 8, uuid: 16 },
}
/** 2000-01-01 (date_send, timestamp_send), in milliseconds since 1970. */
const EPOCH_MS = 946_684_800_000
const DAY_MS = 86_400_000
/** What `Date` reaches. */
const MAX_MS = 8.64e15
const MICROS_PER_MS = 1000n

/** How many there are, and of which types; the same for each execution of a statement. */
export function countedParameters(count: number, types: readonly number[]): BoundParameters {
  const listed = Array.from({ length: Math.min(count, LISTED_TYPES) }, (_, at) => typeName(types[at] ?? 0))
  return { count, types: listed, values: null }
}

/** With what they were bound to. `types` are those that the client or the server has named. */
export function keptParameters(message: Bind, types: readonly number[]): BoundParameters {
  const { values, parameterFormats: formats } = message
  const keeper = new ValueKeeper()
  for (const [at, value] of values.entries()) {
    const format = formats.length === 1 ? formats[0] : (formats[at] ?? 0)
    if (value === null) keeper.addNull()
    else if (format === 0) keeper.addText(value)
    else addBinary(keeper, TYPES.get(types[at] ?? 0)?.form ?? 'bytes', value)
  }
  return { ...countedParameters(values.length, types), ...keeper.finish() }
}

/** 0 leaves the type to the server. */
function typeName(oid: number): string | null {
  return oid === 0 ? null : (TYPES.get(oid)?.name ?? `oid ${oid}`)
}

function addBinary(keeper: ValueKeeper, form: BinaryForm, bytes: Uint8Array): void {
  const width = WIDTH[form]
  if (form === 'text') return keeper.addText(bytes)
  // A version byte stands before the text (jsonb_send).
  if (form === 'jsonb' && bytes[0] === 1) return keeper.addText(bytes.subarray(1))
  const written = width === bytes.length ? writtenValue(form, bytes) : null
  if (written === null) keeper.addBytes(bytes)
  else keeper.addWritten(written)
}

function writtenValue(form: BinaryForm, bytes: Uint8Array): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (form) {
    case 'bool':
      return view.getUint8(0) === 0 ? 'f' : 't'
    case 'int2':
      return String(view.getInt16(0))
    case 'int4':
      return String(view.getInt32(0))
    case 'oid':
      return String(view.getUint32(0))
    case 'int8':
      return String(view.getBigInt64(0))
    case 'float4':
      return String(view.getFloat32(0))
    case 'float8':
      return String(view.getFloat64(0))
    case 'date':
      return momentText(view.getInt32(0) * DAY_MS)?.slice(0, -'T00:00:00.000Z'.length) ?? null
    case 'timestamp':
    case 'timestamptz':
      return microsText(view.getBigInt64(0), form === 'timestamptz')
    case 'uuid':
      return uuidText(bytes)
    default:
      return null
  }
}

/** Null for what no date of `Date` is: infinity, and years before the common era or far away. */
function momentText(sinceEpoch: number): string | null {
  const at = EPOCH_MS + sinceEpoch
  const text = Math.abs(at) <= MAX_MS ? new Date(at).toISOString() : '-'
  return /^\d/.test(text) ? text : null
}

function microsText(micros: bigint, zoned: boolean): string | null {
  const within = ((micros % MICROS_PER_MS) + MICROS_PER_MS) % MICROS_PER_MS
  const text = momentText(Number((micros - within) / MICROS_PER_MS))
  return text === null ? null : `${text.slice(0, -1)}${String(within).padStart(3, '0')}${zoned ? 'Z' : ''}`
}

function uuidText(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
