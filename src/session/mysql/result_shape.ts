import { SallyportError } from '../../errors.ts'
import { compileMask } from '../../masking/mask.ts'
import type { Masker } from '../../masking/rule.ts'
import type { StatementPlan } from '../../policy/decision.ts'
import type { Masks } from '../../policy/masks.ts'
import type { ColumnDefinition } from '../../wire/mysql/column.ts'

/** What is done with the rows of one result; `types` and `maskers` are by ordinal. */
export interface ResultShape {
  readonly types: readonly number[]
  readonly maskers: readonly (Masker | null)[]
  /** Ascending; none: rows pass as they are. */
  readonly ordinals: readonly number[]
}

/**
 * The wire line of defence. A field that the analysis expects from a masked column is masked; a field that the server
 * itself says comes from a masked column is masked too, whatever was expected. The server's word may add a mask and
 * never lifts one: behind a derived table `org_name` is the user's alias (MariaDB: `org_table` too).
 */
export function shapeOf(
  columns: readonly ColumnDefinition[],
  format: 'text' | 'binary',
  plan: StatementPlan | null,
  masks: Masks,
): ResultShape {
  const planned = plan?.fields ?? null
  if (planned && planned.length !== columns.length) {
    throw new SallyportError('SP-ORIGIN', 'the database describes another number of fields than was analysed')
  }
  const maskers = columns.map((column, ordinal) => {
    if (!plan) return null
    const rule = planned?.[ordinal]?.mask ?? originMask(column, masks)
    if (!rule) return null
    const { type, charset, length, flags, decimals } = column
    return compileMask(rule, { dialect: 'mysql', type, charset, length, flags, decimals, format })
  })
  const ordinals = maskers.flatMap((masker, ordinal) => (masker ? [ordinal] : []))
  return { types: columns.map(({ type }) => type), maskers, ordinals }
}

function originMask({ schema, orgTable, orgName }: ColumnDefinition, masks: Masks) {
  return orgTable === '' || orgName === '' ? null : masks.ofOrigin(schema, orgTable, orgName)
}
