/** Units that a date can be cut to. */
export type DateUnit = 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'

/** A secret key, and the name under which columns that share the key show equal values alike; absent is the key's own. */
interface Keyed {
  readonly keyId: string
  readonly key: Uint8Array
  readonly scope?: string
}

/** What a single value of any type can be masked by. */
type ValueRule =
  | { readonly strategy: 'null' }
  | { readonly strategy: 'redact'; readonly text: string }
  | { readonly strategy: 'partial'; readonly keepFirst: number; readonly keepLast: number; readonly fill: string }
  | { readonly strategy: 'email' }
  | ({ readonly strategy: 'hash'; readonly length: number } & Keyed)
  | ({ readonly strategy: 'token'; readonly prefix: string } & Keyed)
  /** `width` is for numbers, `unit` for dates; null: NULL there. */
  | { readonly strategy: 'bucket'; readonly width: number | null; readonly unit: DateUnit | null }
  | { readonly strategy: 'date_trunc'; readonly unit: DateUnit }
  | ({ readonly strategy: 'date_shift'; readonly maxDays: number } & Keyed)

/** What a value inside a JSON document can be masked by; `keep` shows it, which matters where the rest is dropped. */
export type JsonRule = ValueRule | { readonly strategy: 'keep' }

/** `path` is a JSONPath of names, indexes and wildcards: `$.person.phones[*]`. */
export interface JsonPathRule {
  readonly path: string
  readonly rule: JsonRule
}

/** How a masked column's value is changed on the wire. Each is defined for every type; where it has no meaning: NULL. */
export type MaskRule =
  | ValueRule
  | {
      readonly strategy: 'json_path'
      /** The first that matches a value wins. */
      readonly paths: readonly JsonPathRule[]
      /** What becomes of what no path names. */
      readonly default: 'keep' | 'drop'
    }

export type VariableRule = Exclude<MaskRule, { strategy: 'redact' }>

/** The unit that a rule cuts dates to, if it does. */
export function unitOf(rule: MaskRule): DateUnit | null {
  return rule.strategy === 'date_trunc' || rule.strategy === 'bucket' ? rule.unit : null
}

/** What the catalog knows of a type that is not built in. */
export interface UserType {
  readonly schema: string
  readonly name: string
  readonly kind: 'base' | 'domain' | 'enum' | 'composite' | 'range' | 'array'
  /** OID of a domain's base type; 0 elsewhere. */
  readonly base: number
  /** OID of an array's element type; 0 elsewhere. */
  readonly element: number
}

export type UserTypes = ReadonlyMap<number, UserType>

/** A result field as the server describes it: what a mask must keep. */
export type FieldType =
  | {
      readonly dialect: 'postgres'
      readonly typeOid: number
      readonly format: 'text' | 'binary'
      /** The type modifier (RowDescription's typmod); absent or negative: none. */
      readonly modifier?: number
      /** Absent: every type that is not built in counts as unknown. */
      readonly types?: UserTypes
    }
  | {
      readonly dialect: 'mysql'
      /** Column type byte of the column definition (protocol: MYSQL_TYPE_*). */
      readonly type: number
      /** Collation id; 63 is binary. */
      readonly charset: number
      /** The most bytes that a value has: digits and sign of a number, characters of a text by their widest. */
      readonly length: number
      readonly flags: number
      /** Digits after the point, of seconds too; 31: as many as there are. */
      readonly decimals: number
      readonly format: 'text' | 'binary'
    }

/**
 * Takes the value's bytes as they stand in the row (MySQL binary rows: without the length prefix) and gives the
 * bytes to send, or null for NULL.
 */
export type Masker = (value: Uint8Array) => Uint8Array | null

/** The masker of every strategy that has no meaning for a type. */
export function toNull(): null {
  return null
}
