import type { FieldType } from './rule.ts'

/**
 * How a value's bytes are to be read. `json_versioned` is jsonb in binary format: a version byte, then JSON text
 * (PostgreSQL source, jsonb_recv). Text is the same bytes in text and binary format, in both protocols.
 */
export type ValueKind = 'text' | 'json' | 'json_versioned' | 'other'

/** text, character varying, character, name, unknown. Types of extensions have no fixed OID and count as other. */
const POSTGRES_TEXT: ReadonlySet<number> = new Set([25, 1043, 1042, 19, 705])
const POSTGRES_JSON = 114
const POSTGRES_JSONB = 3802

/** VARCHAR, VAR_STRING, STRING, the BLOB family, ENUM, SET: text unless their character set is binary. */
const MYSQL_TEXT: ReadonlySet<number> = new Set([15, 253, 254, 249, 250, 251, 252, 247, 248])
const MYSQL_JSON = 245
const BINARY_CHARSET = 63

export function valueKind(type: FieldType): ValueKind {
  if (type.dialect === 'mysql') {
    if (type.type === MYSQL_JSON) return 'json'
    return MYSQL_TEXT.has(type.type) && type.charset !== BINARY_CHARSET ? 'text' : 'other'
  }
  if (POSTGRES_TEXT.has(type.typeOid)) return 'text'
  if (type.typeOid === POSTGRES_JSON) return 'json'
  if (type.typeOid === POSTGRES_JSONB) return type.format === 'binary' ? 'json_versioned' : 'json'
  return 'other'
}
