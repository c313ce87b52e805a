import type { Column } from '../catalog.ts'
import { type MaskType, maskType } from './mask_type.ts'
import { quoteName } from './quoting.ts'

/** IF(FALSE, column, NULL) keeps the column's type; the value is never evaluated. */
export function nullOf({ name }: Column): string {
  return `IF(FALSE, ${quoteName(name)}, NULL)`
}

/**
 * NULL for a column that the account may not read, and so not name either: of the nearest type that a cast gives. What
 * no cast of both servers gives (BIT, ENUM, SET, geometries, JSON of MariaDB) is NULL of no type.
 */
export function unreadNull(column: Column): string {
  const cast = castOf(maskType(column.type))
  if (cast === null) return 'NULL'
  const charset = /^[a-z0-9]+/.exec(column.collation ?? '')?.[0]
  if (!cast.startsWith('CHAR') || charset === undefined) return `CAST(NULL AS ${cast})`
  return `CAST(NULL AS ${cast} CHARACTER SET ${charset}) COLLATE ${column.collation}`
}

function castOf(type: MaskType): string | null {
  switch (type.kind) {
    case 'text':
      return type.characters === null ? 'CHAR' : `CHAR(${type.characters})`
    case 'bytes':
      return type.fixed === null ? 'BINARY' : `BINARY(${type.fixed})`
    case 'integer':
      return type.unsigned ? 'UNSIGNED' : 'SIGNED'
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'float':
    case 'double':
      return 'DOUBLE'
    case 'date':
      return 'DATE'
    case 'datetime':
    case 'timestamp':
      return `DATETIME(${type.decimals})`
    case 'time':
      return `TIME(${type.decimals})`
    case 'year':
      return 'UNSIGNED'
    case 'json':
    case 'other':
      return null
  }
}
