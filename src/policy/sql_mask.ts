import type { MaskRule } from '../masking/rule.ts'
import type { Column, Dialect } from '../sql/catalog.ts'
import type { SqlMask } from '../sql/substitution.ts'

/** text, character varying, character, name. */
const POSTGRES_TEXT_OIDS: ReadonlySet<number> = new Set([25, 1043, 1042, 19])

const MYSQL_TEXT = /^(?:var)?char\b|^(?:tiny|medium|long)?text\b/i

/** What stands in for a masked column in SQL: a constant where the strategy is one that the column's type can hold. */
export function sqlMaskOf(rule: MaskRule, columnTypeIsText: boolean): SqlMask {
  return rule.strategy === 'redact' && columnTypeIsText ? { kind: 'constant', text: rule.text } : { kind: 'null' }
}

export function isTextColumn(dialect: Dialect, column: Column): boolean {
  return dialect === 'postgres' ? POSTGRES_TEXT_OIDS.has(column.typeOid) : MYSQL_TEXT.test(column.type)
}

/** Masks whose result does not depend on the value: they are set in SQL, and the value never leaves the database. */
export function isConstantMask({ strategy }: MaskRule): boolean {
  return strategy === 'null' || strategy === 'redact'
}
