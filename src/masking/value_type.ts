import type { FieldType, UserTypes } from './rule.ts'

type PostgresField = Extract<FieldType, { dialect: 'postgres' }>

/** What a value's type leaves room for. `name` of PostgreSQL is limited in bytes, the others in characters. */
export interface Width {
  readonly characters: number | null
  readonly bytes: number | null
  /** `character(n)`: trailing spaces are no part of the value and fill it up to its width. */
  readonly blankPadded: boolean
}

/**
 * How a value's bytes are to be read in PostgreSQL. Text is the same bytes in text and binary format; `jsonb` in
 * binary is a version byte, then JSON text (PostgreSQL source, jsonb_recv). `other` is what no strategy but a constant
 * has a meaning for.
 */
export type ValueType =
  | { readonly kind: 'text'; readonly width: Width | null }
  | { readonly kind: 'json' | 'jsonb' | 'xml' | 'bytea' | 'uuid' | 'other' }
  | { readonly kind: 'integer'; readonly bytes: 2 | 4 | 8 }
  | { readonly kind: 'float'; readonly bytes: 4 | 8 }
  | { readonly kind: 'numeric'; readonly modifier: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'timestamp'; readonly zoned: boolean; readonly modifier: number }
  | { readonly kind: 'array'; readonly elementOid: number; readonly element: ValueType }

const OTHER: ValueType = { kind: 'other' }
const PLAIN_TEXT: ValueType = { kind: 'text', width: null }

/** NAMEDATALEN - 1. */
const NAME_BYTES_MAX = 63
/** The modifier of character types counts a header of four bytes (PostgreSQL source, varchar.c). */
const MODIFIER_HEADER = 4
/** A domain over a domain over an array and so on is not followed any deeper. */
const NEST_MAX = 8

/** Array types that are built in, by the OID of their element (pg_type.dat). */
const ARRAY_ELEMENTS: ReadonlyMap<number, number> = new Map([
  [143, 142],
  [199, 114],
  [1001, 17],
  [1003, 19],
  [1005, 21],
  [1007, 23],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1115, 1114],
  [1182, 1082],
  [1185, 1184],
  [1231, 1700],
  [2951, 2950],
  [3807, 3802],
])

export function valueType({ typeOid, modifier = -1, types }: PostgresField): ValueType {
  return postgresType(typeOid, modifier, types, 0)
}

function postgresType(oid: number, modifier: number, types: UserTypes | undefined, depth: number): ValueType {
  const builtIn = scalarType(oid, modifier)
  if (builtIn) return builtIn
  const found = types?.get(oid)
  if (depth > NEST_MAX) return OTHER
  const elementOid = ARRAY_ELEMENTS.get(oid) ?? (found?.kind === 'array' ? found.element : 0)
  if (elementOid !== 0) {
    return { kind: 'array', elementOid, element: postgresType(elementOid, modifier, types, depth + 1) }
  }
  // Inside an array a domain keeps its own OID. Its modifier is not told here; the base type's checks hold without it.
  if (found?.kind === 'domain') return postgresType(found.base, -1, types, depth + 1)
  return found?.kind === 'base' && found.name === 'citext' ? PLAIN_TEXT : OTHER
}

function scalarType(oid: number, modifier: number): ValueType | null {
  switch (oid) {
    case 25:
    case 705:
      return PLAIN_TEXT
    case 19:
      return { kind: 'text', width: { characters: null, bytes: NAME_BYTES_MAX, blankPadded: false } }
    case 1042:
    case 1043:
      return { kind: 'text', width: characterWidth(modifier, oid === 1042) }
    case 20:
      return { kind: 'integer', bytes: 8 }
    case 21:
      return { kind: 'integer', bytes: 2 }
    case 23:
      return { kind: 'integer', bytes: 4 }
    case 700:
      return { kind: 'float', bytes: 4 }
    case 701:
      return { kind: 'float', bytes: 8 }
    case 1700:
      return { kind: 'numeric', modifier }
    case 1082:
      return { kind: 'date' }
    case 1114:
    case 1184:
      return { kind: 'timestamp', zoned: oid === 1184, modifier }
    default:
      return PLAIN_KINDS.get(oid) ?? null
  }
}

const PLAIN_KINDS: ReadonlyMap<number, ValueType> = new Map([
  [17, { kind: 'bytea' }],
  [114, { kind: 'json' }],
  [142, { kind: 'xml' }],
  [2950, { kind: 'uuid' }],
  [3802, { kind: 'jsonb' }],
])

function characterWidth(modifier: number, blankPadded: boolean): Width | null {
  const characters = modifier >= MODIFIER_HEADER ? modifier - MODIFIER_HEADER : null
  return characters === null && !blankPadded ? null : { characters, bytes: null, blankPadded }
}
