import { EMAIL_BYTES_MAX } from '../masking/email.ts'
import { PARTIAL_CHARS_MAX } from '../masking/partial.ts'
import { redactLiteral } from '../masking/redact.ts'
import { type DateUnit, type MaskRule, unitOf } from '../masking/rule.ts'
import { type ValueType, valueType } from '../masking/value_type.ts'
import type { Catalog, Column, Dialect } from '../sql/catalog.ts'
import { type MaskType, maskType } from '../sql/mysql/mask_type.ts'
import type { SqlMask } from '../sql/substitution.ts'

const NULL_MASK: SqlMask = { kind: 'null' }
const VECTOR = /^vector\b/i
const MYSQL_NUMBERS: ReadonlySet<MaskType['kind']> = new Set(['integer', 'decimal', 'float', 'double', 'year'])

/**
 * What stands in for a masked column in SQL: the strategy's own form where the server evaluates it exactly as the wire
 * does, else NULL. `types` are the catalog's, for columns of types that are not built in.
 */
export function sqlMaskOf(rule: MaskRule, dialect: Dialect, column: Column, types?: Catalog['typesByOid']): SqlMask {
  if (dialect !== 'postgres') return mysqlMask(rule, maskType(column.type))
  const { typeOid } = column
  return postgresMask(rule, valueType({ dialect: 'postgres', typeOid, format: 'text', ...(types && { types }) }))
}

function postgresMask(rule: MaskRule, type: ValueType): SqlMask {
  switch (rule.strategy) {
    case 'redact': {
      const text = redactLiteral(rule.text, type)
      return text === null ? NULL_MASK : { kind: 'constant', text }
    }
    case 'partial': {
      const { keepFirst, keepLast, fill } = rule
      if (type.kind !== 'text') return NULL_MASK
      return { kind: 'partial', keepFirst, keepLast, fill, maxCharacters: PARTIAL_CHARS_MAX }
    }
    case 'email':
      return type.kind === 'text' ? { kind: 'email', maxBytes: EMAIL_BYTES_MAX } : NULL_MASK
    case 'bucket':
      if (rule.width !== null && isNumber(type)) return { kind: 'bucket', width: rule.width }
      return rule.unit === null ? NULL_MASK : truncation(rule.unit, type)
    case 'date_trunc':
      return truncation(rule.unit, type)
    default:
      return NULL_MASK
  }
}

function mysqlMask(rule: MaskRule, type: MaskType): SqlMask {
  switch (rule.strategy) {
    case 'redact':
      return mysqlConstant(rule.text.toWellFormed(), type)
    case 'partial': {
      const { keepFirst, keepLast, fill } = rule
      if (type.kind !== 'text') return NULL_MASK
      return { kind: 'partial', keepFirst, keepLast, fill, maxCharacters: PARTIAL_CHARS_MAX }
    }
    case 'email':
      return type.kind === 'text' ? { kind: 'email', maxBytes: EMAIL_BYTES_MAX } : NULL_MASK
    case 'bucket':
      if (rule.width !== null && MYSQL_NUMBERS.has(type.kind)) return { kind: 'bucket', width: rule.width }
      return rule.unit === null ? NULL_MASK : mysqlTruncation(rule.unit, type)
    case 'date_trunc':
      return mysqlTruncation(rule.unit, type)
    default:
      return NULL_MASK
  }
}

function mysqlConstant(text: string, { kind }: MaskType): SqlMask {
  if (kind === 'text') return { kind: 'constant', text }
  if (kind === 'json') return { kind: 'constant', text: JSON.stringify(text) }
  return kind === 'bytes' ? { kind: 'constant', text: '' } : NULL_MASK
}

function mysqlTruncation(unit: DateUnit, { kind }: MaskType): SqlMask {
  const cuts =
    kind === 'datetime' ||
    kind === 'timestamp' ||
    (kind === 'date' && unit !== 'hour' && unit !== 'day') ||
    (kind === 'time' && unit === 'hour')
  return cuts ? { kind: 'date_trunc', unit } : NULL_MASK
}

/**
 * True for a mask that is always computed in SQL: the server sends a TIMESTAMP of MySQL in the zone of the session, which
 * is not known here and which the client may change, and MariaDB sends a VECTOR as a VARBINARY.
 */
export function isMaskedInSql(rule: MaskRule, dialect: Dialect, { type }: Column): boolean {
  if (dialect === 'postgres') return false
  return maskType(type).kind === 'timestamp' ? unitOf(rule) !== null : VECTOR.test(type)
}

/** A day cut to its day would be shown whole. */
function truncation(unit: DateUnit, { kind }: ValueType): SqlMask {
  const cuts = kind === 'timestamp' || (kind === 'date' && unit !== 'hour' && unit !== 'day')
  return cuts ? { kind: 'date_trunc', unit } : NULL_MASK
}

function isNumber({ kind }: ValueType): boolean {
  return kind === 'integer' || kind === 'float' || kind === 'numeric'
}

/** Masks whose result does not depend on the value: they are set in SQL, and the value never leaves the database. */
export function isConstantMask({ strategy }: MaskRule): boolean {
  return strategy === 'null' || strategy === 'redact'
}
