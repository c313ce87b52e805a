import { EMAIL_BYTES_MAX } from '../masking/email.ts'
import { PARTIAL_CHARS_MAX } from '../masking/partial.ts'
import { redactLiteral } from '../masking/redact.ts'
import type { DateUnit, MaskRule } from '../masking/rule.ts'
import { type ValueType, valueType } from '../masking/value_type.ts'
import type { Catalog, Column, Dialect } from '../sql/catalog.ts'
import type { SqlMask } from '../sql/substitution.ts'

const MYSQL_TEXT = /^(?:var)?char\b|^(?:tiny|medium|long)?text\b/i

const NULL_MASK: SqlMask = { kind: 'null' }

/**
 * What stands in for a masked column in SQL: the strategy's own form where the server evaluates it exactly as the wire
 * does, else NULL. `types` are the catalog's, for columns of types that are not built in.
 */
export function sqlMaskOf(rule: MaskRule, dialect: Dialect, column: Column, types?: Catalog['typesByOid']): SqlMask {
  if (dialect !== 'postgres') {
    return rule.strategy === 'redact' && MYSQL_TEXT.test(column.type)
      ? { kind: 'constant', text: rule.text }
      : NULL_MASK
  }
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
