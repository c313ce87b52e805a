import type { Column } from '../catalog.ts'
import type { SqlMask } from '../substitution.ts'
import { quoteName } from './source.ts'

/** A column of a substituted reference: as it is, or its mask under the column's name, type and collation. */
export function columnSql(column: Column, mask: SqlMask | undefined): string {
  const name = quoteName(column.name)
  if (mask === undefined) return name
  const value = mask.kind === 'null' ? 'NULL' : `'${mask.text.replaceAll("'", "''")}'`
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`
  return `${value}::${column.type}${collation} AS ${name}`
}
