import { sameBytes } from '../../bytes/same.ts'
import { holdsUnread } from '../../bytes/unread.ts'
import { SallyportError } from '../../errors.ts'
import { compileMask } from '../../masking/mask.ts'
import type { Masker } from '../../masking/rule.ts'
import type { StatementPlan } from '../../policy/decision.ts'
import type { Masks } from '../../policy/masks.ts'
import type { StatementKind } from '../../sql/facts.ts'
import { type ColumnDefinition, withMaskedFlags } from '../../wire/mysql/column.ts'

/** What is done with the rows of one result; `types` and `maskers` are by ordinal. */
export interface ResultShape {
  readonly types: readonly number[]
  readonly maskers: readonly (Masker | null)[]
  /** Ascending; none: rows pass as they are. */
  readonly ordinals: readonly number[]
}

type Format = 'text' | 'binary'

/** A field of a result, as the server described it and as the client is told of it. */
export interface ShownField {
  readonly column: ColumnDefinition
  readonly masker: Masker | null
  /** The column definition for the client. */
  readonly payload: Uint8Array
  /** The server's own. */
  readonly described: Uint8Array
}

/** By format: the fields of the plan's last result, by ordinal, and what was made of them all. */
type Last = Record<Format, { readonly fields: ShownField[]; shape: ResultShape | null }>

/** A plan stands for one text under one role, so its results are nearly always the same: masks are compiled once. */
const LAST = new WeakMap<StatementPlan, Last>()

export interface FieldInput {
  readonly plan: StatementPlan | null
  readonly masks: Masks
  readonly format: Format
  readonly kind: StatementKind
}

/**
 * The wire line of defence. A field that the analysis expects from a masked column is masked; a field that the server
 * itself says comes from a masked column is masked too, whatever was expected. The server's word may add a mask and
 * never lifts one: behind a derived table `org_name` is the user's alias (MariaDB: `org_table` too).
 */
export function shownField(
  { plan, masks, format }: FieldInput,
  ordinal: number,
  described: Uint8Array,
  column: ColumnDefinition,
): ShownField {
  if (!plan) return { column, masker: null, payload: described, described }
  const last = lastOf(plan)[format]
  const known = last.fields[ordinal]
  if (known && sameBytes(known.described, described)) return known
  const rule = plan.fields?.[ordinal]?.mask ?? originMask(column, masks)
  const { type, charset, length, flags, decimals } = column
  const masker = rule && compileMask(rule, { dialect: 'mysql', type, charset, length, flags, decimals, format })
  // The bytes at hand are a view of what was received, which will be overwritten.
  const own = described.slice()
  const field = {
    column,
    masker,
    payload: masker ? withMaskedFlags(own, column.extendedType !== null) : own,
    described: own,
  }
  last.fields[ordinal] = field
  last.shape = null
  return field
}

/** Answered by the server with no rows, but for a RETURNING, of which the fields are known beforehand. */
const WITHOUT_ROWS: ReadonlySet<StatementKind> = new Set([
  'insert',
  'update',
  'delete',
  'truncate',
  'create_table_as',
  'load_data',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'rollback_to',
  'set_transaction',
  'set',
  'use',
  'prepare',
  'deallocate',
  'lock',
  'unlock',
  'evaluate',
  'handler',
])

/** What becomes of the rows, of which all fields are described. */
export function shapeOf(fields: readonly ShownField[], { plan, format, kind }: FieldInput): ResultShape {
  // The server has read another statement than was analysed.
  if (plan && !plan.fields && WITHOUT_ROWS.has(kind)) {
    throw new SallyportError('SP-ORIGIN', 'the database answers with rows where none were to come')
  }
  if (plan?.fields && plan.fields.length !== fields.length) {
    throw new SallyportError('SP-ORIGIN', 'the database describes another number of fields than was analysed')
  }
  const last = plan && lastOf(plan)[format]
  const isKnown = last?.shape?.types.length === fields.length && fields.every((field, at) => field === last.fields[at])
  if (last?.shape && isKnown) return last.shape
  const maskers = fields.map(({ masker }) => masker)
  const ordinals = maskers.flatMap((masker, ordinal) => (masker ? [ordinal] : []))
  const shape = { types: fields.map(({ column }) => column.type), maskers, ordinals }
  if (last) last.shape = shape
  return shape
}

function lastOf(plan: StatementPlan): Last {
  let last = LAST.get(plan)
  if (!last) {
    last = { text: { fields: [], shape: null }, binary: { fields: [], shape: null } }
    LAST.set(plan, last)
  }
  return last
}

/** Names in another character set than UTF-8 can't be told from those of masked columns. */
function originMask({ schema, orgTable, orgName }: ColumnDefinition, masks: Masks) {
  if (holdsUnread(`${schema}${orgTable}${orgName}`))
    throw new SallyportError('SP-ORIGIN', 'a column is described in another character set: use utf8mb4')
  return orgTable === '' || orgName === '' ? null : masks.ofOrigin(schema, orgTable, orgName)
}
