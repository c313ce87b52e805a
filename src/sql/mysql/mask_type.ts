/** What a mask in SQL has to know of a column's type. `other`: no strategy but NULL has a form for it. */
export type MaskType =
  /** `characters`: the most that the type holds; null for LONGTEXT. `padded`: CHAR. */
  | { readonly kind: 'text'; readonly characters: number | null; readonly padded: boolean }
  /** `fixed`: the length of BINARY, null for the others. */
  | { readonly kind: 'bytes'; readonly fixed: number | null }
  | { readonly kind: 'integer'; readonly bits: number; readonly unsigned: boolean }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** `fixed`: FLOAT(m,d), which is shown with all digits before the point. */
  | { readonly kind: 'float'; readonly fixed: boolean }
  | { readonly kind: 'double' | 'year' | 'json' | 'date' | 'other' }
  /** `decimals`: digits after the second. */
  | { readonly kind: 'datetime' | 'timestamp' | 'time'; readonly decimals: number }

/** COLUMN_TYPE of information_schema: the type's word, its lengths, and what follows them. */
const TYPE = /^([a-z]+)(?:\((\d+)(?:,(\d+))?\))?(.*)$/i
const OTHER: MaskType = { kind: 'other' }
const INTEGER_BITS: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 }
const TEXT_CHARACTERS: Readonly<Record<string, number | null>> = {
  tinytext: 0xff,
  text: 0xffff,
  mediumtext: 0xff_ffff,
  longtext: null,
}
const BLOBS: ReadonlySet<string> = new Set(['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'])

export function maskType(columnType: string): MaskType {
  const [, word = '', first, second, rest = ''] = TYPE.exec(columnType) ?? []
  const name = word.toLowerCase()
  const bits = INTEGER_BITS[name]
  if (bits !== undefined) return integerType(bits, first, /\bunsigned\b/i.test(rest))
  const characters = TEXT_CHARACTERS[name]
  if (characters !== undefined) return { kind: 'text', characters, padded: false }
  if (BLOBS.has(name)) return { kind: 'bytes', fixed: null }
  const length = Number(first ?? 0)
  switch (name) {
    case 'char':
    case 'varchar':
      return { kind: 'text', characters: length, padded: name === 'char' }
    case 'binary':
      return { kind: 'bytes', fixed: length }
    case 'decimal':
      return { kind: 'decimal', precision: length, scale: Number(second ?? 0) }
    case 'float':
      return { kind: 'float', fixed: second !== undefined }
    case 'double':
    case 'year':
    case 'json':
    case 'date':
      return { kind: name }
    case 'datetime':
    case 'timestamp':
    case 'time':
      return { kind: name, decimals: length }
    default:
      return OTHER
  }
}

/** TINYINT(1) is what BOOLEAN is. */
function integerType(bits: number, width: string | undefined, unsigned: boolean): MaskType {
  return bits === 8 && width === '1' && !unsigned ? OTHER : { kind: 'integer', bits, unsigned }
}
