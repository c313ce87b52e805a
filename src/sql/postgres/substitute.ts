import type { RelationUse } from '../facts.ts'
import type { Substitution } from '../substitution.ts'
import { columnSql } from './mask_sql.ts'
import { quoteName } from './source.ts'

/**
 * The subquery that stands in for a reference: every column in order, masked ones as typed constants, system columns
 * where they are named. OFFSET 0 fences the row condition: nothing outside is evaluated on a row that it excludes.
 */
export function subqueryFor(use: RelationUse, substitution: Substitution): string {
  const { relation } = use
  const columns = relation.columns.map((column) => columnSql(column, substitution.masks.get(column.name)))
  const known = new Set(relation.columns.map((column) => column.name))
  const system = [...use.columns.keys()].filter((name) => !known.has(name)).map(quoteName)
  const only = use.only ? 'ONLY ' : ''
  const fence = substitution.where === null ? '' : ` WHERE (${substitution.where}) OFFSET 0`
  return `(SELECT ${[...columns, ...system].join(', ')} FROM ${only}${qualifiedName(use)}${fence})`
}

export function qualifiedName(use: RelationUse): string {
  return `${quoteName(use.relation.schema)}.${quoteName(use.relation.name)}`
}
