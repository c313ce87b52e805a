import type { Column } from '../catalog.ts'
import type { SqlMask } from '../substitution.ts'
import { dateTruncSql } from './mask_date_sql.ts'
import { bucketSql } from './mask_number_sql.ts'
import { constantText, emailSql, partialSql } from './mask_text_sql.ts'
import { type MaskType, maskType } from './mask_type.ts'
import { quoteName, quoteString } from './quoting.ts'
import type { LexMode } from './token.ts'

/**
 * What stands in for a masked column, or null where the mask has no form for its type: it gives what the mask on the
 * wire gives, for every value, raises no error, and depends on no setting of the session. A constant does not name the
 * column, which the account may not be allowed to read. Types stay, but that an integer becomes as wide as the server
 * computes it, and ZEROFILL and FLOAT(m,d) lose their form.
 */
export function maskSql(mask: SqlMask, column: Column, mode: LexMode): string | null {
  const type = maskType(column.type)
  const name = quoteName(column.name)
  switch (mask.kind) {
    case 'null':
      return null
    case 'constant':
      return constantSql(mask.text, type, column, mode)
    case 'partial':
      return type.kind === 'text' ? partialSql(mask, name, type, column, mode) : null
    case 'email':
      return type.kind === 'text' ? emailSql(mask, name, type, mode) : null
    case 'bucket':
      return bucketSql(mask, name, type, mode)
    case 'date_trunc':
      return dateTruncSql(mask, name, type)
  }
}

function constantSql(text: string, type: MaskType, column: Column, mode: LexMode): string | null {
  switch (type.kind) {
    case 'text':
      return constantText(text, type, column, mode)
    case 'bytes':
      return type.fixed === null ? `X''` : `CAST(X'' AS BINARY(${type.fixed}))`
    case 'json':
      return `CAST(${quoteString(text, mode)} AS JSON)`
    default:
      return null
  }
}
