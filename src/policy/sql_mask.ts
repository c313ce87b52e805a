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
  if (dialect !== 'postgres') return maskFor(rule, mysqlForms(maskType(column.type)))
  const { typeOid } = column
  return maskFor(
    rule,
    postgresForms(valueType({ dialect: 'postgres', typeOid, format: 'text', ...(types && { types }) })),
  )
}

/** What the strategies can do with a column's type. */
interface Forms {
  readonly isText: boolean
  readonly isNumber: boolean
  readonly constant: (text: string) => SqlMask
  readonly truncation: (unit: DateUnit) => SqlMask
}

function maskFor(rule: MaskRule, { isText, isNumber, constant, truncation }: Forms): SqlMask {
  switch (rule.strategy) {
    case 'redact':
      return constant(rule.text)
    case 'partial': {
      const { keepFirst, keepLast, fill } = rule
      return isText ? { kind: 'partial', keepFirst, keepLast, fill, maxCharacters: PARTIAL_CHARS_MAX } : NULL_MASK
    }
    case 'email':
      return isText ? { kind: 'email', maxBytes: EMAIL_BYTES_MAX } : NULL_MASK
    case 'bucket':
      if (rule.width !== null && isNumber) return { kind: 'bucket', width: rule.width }
      return rule.unit === null ? NULL_MASK : truncation(rule.unit)
    case 'date_trunc':
      return truncation(rule.unit)
    default:
      return NULL_MASK
  }
}

function postgresForms(type: ValueType): Forms {
  const { kind } = type
  return {
    isText: kind === 'text',
    isNumber: kind === 'integer' || kind === 'float' || kind === 'numeric',
    constant: (given) => {
      const text = redactLiteral(given, type)
      return text === null ? NULL_MASK : { kind: 'constant', text }
    },
    truncation: (unit) => truncated(unit, kind === 'timestamp' || cutsDate(kind, unit)),
  }
}

function mysqlForms(type: MaskType): Forms {
  const { kind } = type
  const hasTime = kind === 'datetime' || kind === 'timestamp'
  return {
    isText: kind === 'text',
    isNumber: MYSQL_NUMBERS.has(kind),
    constant: (text) => mysqlConstant(text.toWellFormed(), type),
    truncation: (unit) => truncated(unit, hasTime || cutsDate(kind, unit) || (kind === 'time' && unit === 'hour')),
  }
}

/** A day cut to its day would be shown whole. */
function cutsDate(kind: string, unit: DateUnit): boolean {
  return kind === 'date' && unit !== 'hour' && unit !== 'day'
}

function truncated(unit: DateUnit, cuts: boolean): SqlMask {
  return cuts ? { kind: 'date_trunc', unit } : NULL_MASK
}

function mysqlConstant(text: string, { kind }: MaskType): SqlMask {
  if (kind === 'text') return { kind: 'constant', text }
  if (kind === 'json') return { kind: 'constant', text: JSON.stringify(text) }
  return kind === 'bytes' ? { kind: 'constant', text: '' } : NULL_MASK
}

/**
 * True for a mask that is always computed in SQL: the server sends a TIMESTAMP of MySQL in the zone of the session, which
 * is not known here and which the client may change, and MariaDB sends a VECTOR as a VARBINARY.
 */
export function isMaskedInSql(rule: MaskRule, dialect: Dialect, { type }: Column): boolean {
  if (dialect === 'postgres') return false
  return maskType(type).kind === 'timestamp' ? unitOf(rule) !== null : VECTOR.test(type)
}

/** Masks whose result does not depend on the value: they are set in SQL, and the value never leaves the database. */
export function isConstantMask({ strategy }: MaskRule): boolean {
  return strategy === 'null' || strategy === 'redact'
}
