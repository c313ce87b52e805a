import type { Column } from '../catalog.ts'
import type { SqlMask } from '../substitution.ts'
import { bucketSql, dateTruncSql } from './mask_number_sql.ts'
import { emailSql, partialSql, textLiteral } from './mask_text_sql.ts'
import { quoteName } from './source.ts'

/** Types of pg_catalog that the grammar knows by a word of their own; every other is a name that a path could shadow. */
const GRAMMAR_TYPES: ReadonlySet<string> = new Set([
  'bigint',
  'bit',
  'boolean',
  'character',
  'integer',
  'interval',
  'numeric',
  'real',
  'smallint',
])
const BARE_TYPE = /^("char"|[a-z_][a-z0-9_]*)(\[\])*$/

/** The one text type whose collation is not the database's own (pg_type.dat). */
const NAME_OID = 19

/**
 * A column of a substituted reference: as it is, or its mask under the column's name, type and collation. What a mask
 * computes names pg_catalog everywhere, raises no error for any value, and depends on no setting of the session.
 */
export function columnSql(column: Column, mask: SqlMask | undefined): string {
  const name = quoteName(column.name)
  if (mask === undefined) return name
  const value = valueSql(column, mask, name)
  // A mask of text is computed in collation C, which the column would otherwise take on.
  const isText = value !== null && (mask.kind === 'partial' || mask.kind === 'email')
  const collation = column.collation ?? (isText ? defaultCollation(column) : null)
  const suffix = collation === null ? '' : ` COLLATE ${collation}`
  return `${value ?? 'NULL'}::${typeSql(column.type)}${suffix} AS ${name}`
}

function defaultCollation({ typeOid }: Column): string {
  return typeOid === NAME_OID ? 'pg_catalog."C"' : 'pg_catalog."default"'
}

/** Null where the mask has no form in SQL for this type. */
function valueSql(column: Column, mask: SqlMask, name: string): string | null {
  switch (mask.kind) {
    case 'null':
      return null
    case 'constant':
      return textLiteral(mask.text)
    case 'partial':
      return partialSql(name, mask)
    case 'email':
      return emailSql(name, mask)
    case 'bucket':
      return bucketSql(name, column, mask)
    case 'date_trunc':
      return dateTruncSql(name, column, mask)
  }
}

function typeSql(type: string): string {
  return BARE_TYPE.test(type) && !GRAMMAR_TYPES.has(type.replaceAll('[]', '')) ? `pg_catalog.${type}` : type
}
