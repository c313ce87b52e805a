/** Type codes of columns and parameters ("enum_field_types"). */
export const COLUMN_TYPE = {
  decimal: 0x00,
  tiny: 0x01,
  short: 0x02,
  long: 0x03,
  float: 0x04,
  double: 0x05,
  null: 0x06,
  timestamp: 0x07,
  longlong: 0x08,
  int24: 0x09,
  date: 0x0a,
  time: 0x0b,
  datetime: 0x0c,
  year: 0x0d,
  varchar: 0x0f,
  bit: 0x10,
  vector: 0xf2,
  json: 0xf5,
  newDecimal: 0xf6,
  enum: 0xf7,
  set: 0xf8,
  tinyBlob: 0xf9,
  mediumBlob: 0xfa,
  longBlob: 0xfb,
  blob: 0xfc,
  varString: 0xfd,
  string: 0xfe,
  geometry: 0xff,
} as const

/** How a value stands in a binary row or a parameter: a number is a fixed width in bytes. */
export const LENENC_LAYOUT = -1
export const TEMPORAL_LAYOUT = -2
const UNKNOWN_LAYOUT = -3

const FIXED: readonly (readonly [type: number, bytes: number])[] = [
  [COLUMN_TYPE.tiny, 1],
  [COLUMN_TYPE.short, 2],
  [COLUMN_TYPE.year, 2],
  [COLUMN_TYPE.long, 4],
  [COLUMN_TYPE.int24, 4],
  [COLUMN_TYPE.float, 4],
  [COLUMN_TYPE.double, 8],
  [COLUMN_TYPE.longlong, 8],
  [COLUMN_TYPE.null, 0],
]
const TEMPORAL: readonly number[] = [COLUMN_TYPE.timestamp, COLUMN_TYPE.date, COLUMN_TYPE.time, COLUMN_TYPE.datetime]

const LAYOUTS = layouts()

/** "Binary Protocol Value": the layout of a type; one that is not known here has none, for nothing after it is found. */
export function layoutOf(type: number): number | undefined {
  const layout = LAYOUTS[type] ?? UNKNOWN_LAYOUT
  return layout === UNKNOWN_LAYOUT ? undefined : layout
}

/** Whether `bytes` is a length that a date, datetime, timestamp or time has on the wire. */
export function isTemporalLength(type: number, bytes: number): boolean {
  if (type === COLUMN_TYPE.time) return bytes === 0 || bytes === 8 || bytes === 12
  return bytes === 0 || bytes === 4 || bytes === 7 || bytes === 11
}

function layouts(): Int8Array {
  const table = new Int8Array(0x100).fill(UNKNOWN_LAYOUT)
  for (const type of Object.values(COLUMN_TYPE)) table[type] = LENENC_LAYOUT
  for (const [type, bytes] of FIXED) table[type] = bytes
  for (const type of TEMPORAL) table[type] = TEMPORAL_LAYOUT
  return table
}
