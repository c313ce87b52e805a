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

/** varchar, bpchar, text, name: the types whose masks are computed in collation C, and what they have by default. */
const DEFAULT_COLLATIONS: ReadonlyMap<number, string> = new Map([
  [19, 'pg_catalog."C"'],
  [25, 'pg_catalog."default"'],
  [1042, 'pg_catalog."default"'],
  [1043, 'pg_catalog."default"'],
])

/**
 * A column of a substituted reference: as it is, or its mask under the column's name, type and collation. What a mask
 * computes names pg_catalog everywhere, raises no error for any value, and depends on no setting of the session.
 */
export function columnSql(column: Column, mask: SqlMask | undefined): string {
  const name = quoteName(column.name)
  if (mask === undefined) return name
  const value = valueSql(column, mask, name)
  const isComputed = value !== null && mask.kind !== 'constant'
  const collation = column.collation ?? (isComputed ? DEFAULT_COLLATIONS.get(column.typeOid) : undefined)
  const suffix = collation === undefined ? '' : ` COLLATE ${collation}`
  return `${value ?? 'NULL'}::${typeSql(column.type)}${suffix} AS ${name}`
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
