import { type Charset, charsetOf } from './mysql_charset.ts'
import type { MysqlInteger } from './mysql_number.ts'
import { modifierOf } from './numeric.ts'
import type { FieldType } from './rule.ts'

export type MysqlField = Extract<FieldType, { dialect: 'mysql' }>

/** What a field of MySQL or MariaDB holds, as its column definition says. `other`: no strategy has a meaning for it. */
export type MysqlType =
  | {
      readonly kind: 'text'
      readonly charset: Charset
      readonly characters: number
      /** CHAR, which pads with spaces under PAD_CHAR_TO_FULL_LENGTH: they are no part of the value. */
      readonly blankPadded: boolean
    }
  /** BINARY is as long as its type says, filled with zeros. */
  | { readonly kind: 'bytes'; readonly length: number; readonly fixed: boolean }
  | { readonly kind: 'json' | 'uuid' | 'date' | 'time' | 'year' | 'other' }
  | ({ readonly kind: 'integer' } & MysqlInteger)
  | { readonly kind: 'float'; readonly bytes: 4 | 8 }
  /** `modifier` as `precisionOf` reads it. */
  | { readonly kind: 'decimal'; readonly modifier: number }
  | { readonly kind: 'datetime'; readonly decimals: number }

const OTHER: MysqlType = { kind: 'other' }
const FLAG = { unsigned: 0x20, zerofill: 0x40, enum: 0x100, set: 0x800 } as const
const BINARY_CHARSET = 63
const STRING = 254
const TEXT_TYPES: ReadonlySet<number> = new Set([15, 249, 250, 251, 252, 253, STRING])
const BLOB_TYPES: ReadonlySet<number> = new Set([249, 250, 251, 252])
const INTEGER_BYTES: ReadonlyMap<number, MysqlInteger['stored']> = new Map([
  [1, 1],
  [2, 2],
  [3, 4],
  [8, 8],
  [9, 3],
])
const DECIMAL_TYPES: ReadonlySet<number> = new Set([0, 246])
const PRECISION_MAX = 65
const SECOND_DECIMALS_MAX = 6
const UUID_CHARS = 36
/** Bytes of TINYTEXT to LONGTEXT: without conversion their length is told in bytes whatever the character set. */
const TEXT_BYTES: ReadonlySet<number> = new Set([0xff, 0xffff, 0xff_ffff, 0xffff_ffff])

/**
 * TIMESTAMP is `other`: it is sent in the session's time zone, which the client may change between two looks at one
 * value, and what is cut in many zones is told to the minute. Its masks are computed in SQL, in UTC.
 */
export function mysqlType(field: MysqlField): MysqlType {
  const { type, decimals } = field
  if (TEXT_TYPES.has(type)) return stringType(field)
  if (INTEGER_BYTES.has(type)) return integerType(field)
  if (DECIMAL_TYPES.has(type)) return decimalType(field)
  switch (type) {
    case 4:
      return { kind: 'float', bytes: 4 }
    case 5:
      return { kind: 'float', bytes: 8 }
    case 10:
      return { kind: 'date' }
    case 11:
      return { kind: 'time' }
    case 12:
      return { kind: 'datetime', decimals: Math.min(decimals, SECOND_DECIMALS_MAX) }
    case 13:
      return { kind: 'year' }
    case 245:
      return { kind: 'json' }
    default:
      return OTHER
  }
}

/** ENUM and SET have no other values than their own. */
function stringType({ type, charset: collation, length, flags }: MysqlField): MysqlType {
  if ((flags & (FLAG.enum | FLAG.set)) !== 0) return OTHER
  if (collation === BINARY_CHARSET) return { kind: 'bytes', length, fixed: type === STRING }
  const charset = charsetOf(collation)
  if (charset === null) return OTHER
  const isWhole = BLOB_TYPES.has(type) && TEXT_BYTES.has(length)
  const characters = isWhole ? length : Math.floor(length / charset.widest)
  // UUID, INET4 and INET6 of MariaDB are strings that say they are unsigned.
  if ((flags & FLAG.unsigned) !== 0) return characters === UUID_CHARS ? { kind: 'uuid' } : OTHER
  return { kind: 'text', charset, characters, blankPadded: type === STRING }
}

/** TINYINT(1) is what BOOLEAN is. */
function integerType({ type, length, flags }: MysqlField): MysqlType {
  const stored = INTEGER_BYTES.get(type) ?? 8
  const unsigned = (flags & FLAG.unsigned) !== 0
  if (stored === 1 && length === 1 && !unsigned) return OTHER
  return { kind: 'integer', stored, unsigned, fill: (flags & FLAG.zerofill) === 0 ? 0 : length }
}

/** The length counts the digits, a sign and a point (my_decimal_precision_to_length). */
function decimalType({ length, decimals, flags }: MysqlField): MysqlType {
  const precision = length - (decimals > 0 ? 1 : 0) - ((flags & FLAG.unsigned) === 0 ? 1 : 0)
  if (precision < 1 || precision > PRECISION_MAX || decimals > precision) return OTHER
  return { kind: 'decimal', modifier: modifierOf(precision, decimals) }
}
