import type { Column } from '../catalog.ts'
import type { RelationUse } from '../facts.ts'
import type { SqlMask, Substitution } from '../substitution.ts'
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

function columnSql(column: Column, mask: SqlMask | undefined): string {
  const name = quoteName(column.name)
  if (mask === undefined) return name
  const value = mask.kind === 'null' ? 'NULL' : `'${mask.text.replaceAll("'", "''")}'`
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`
  return `${value}::${column.type}${collation} AS ${name}`
}
