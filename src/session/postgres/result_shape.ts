import { sameBytes } from '../../bytes/same.ts'
import { SallyportError } from '../../errors.ts'
import { compileMask } from '../../masking/mask.ts'
import type { Masker } from '../../masking/rule.ts'
import type { FieldPlan, StatementPlan } from '../../policy/decision.ts'
import type { Masks } from '../../policy/masks.ts'
import type { Catalog } from '../../sql/catalog.ts'
import { decodeRowDescription, type Field } from '../../wire/postgres/row-description.ts'

/** What is done with the rows of one result: `ordinals` ascend, `maskers` is by ordinal. None: rows pass as they are. */
export interface ResultShape {
  readonly columnCount: number
  readonly ordinals: readonly number[]
  readonly maskers: readonly (Masker | null)[]
}

export interface ShapeInput {
  readonly plan: StatementPlan | null
  readonly masks: Masks
  readonly catalog: Catalog
}

/**
 * The wire line of defence: what the server says of each field is compared with what the analysis expected. A field
 * whose origin is a masked column, where the analysis expected none, ends the result: something was read otherwise
 * than judged. So does an expected origin that the server does not confirm, since its mask would fall on another value.
 */
export function shapeOf(description: Uint8Array, input: ShapeInput): ResultShape {
  const known = input.plan && LAST.get(input.plan)
  if (known && sameBytes(known.description, description)) return known.shape
  const shape = workOut(description, input)
  // A copy: a Buffer's own slice is a view, which would keep the 64 KB that were read with it for as long as the plan.
  if (input.plan) LAST.set(input.plan, { description: new Uint8Array(description), shape })
  return shape
}

/**
 * The last description under each plan, and its shape: a cached statement is described alike every time. A plan belongs
 * to one verdict, so masks and catalog are the same whenever the plan is.
 */
const LAST = new WeakMap<StatementPlan, { readonly description: Uint8Array; readonly shape: ResultShape }>()

function workOut(descriptionBody: Uint8Array, input: ShapeInput): ResultShape {
  const { fields } = decodeRowDescription(descriptionBody)
  const planned = input.plan?.fields ?? null
  if (planned && planned.length !== fields.length) throw surprise('a different number of fields')
  const maskers = fields.map((field, ordinal) =>
    input.plan ? maskerOf(field, planned?.[ordinal] ?? null, input) : null,
  )
  const ordinals = maskers.flatMap((masker, ordinal) => (masker ? [ordinal] : []))
  return { columnCount: fields.length, ordinals, maskers }
}

function maskerOf(field: Field, planned: FieldPlan | null, input: ShapeInput): Masker | null {
  const origin = originOf(field, input.catalog)
  const originMask = origin && input.masks.ofOrigin(origin.schema, origin.table, origin.column)
  if (originMask && !planned?.mask) throw surprise(`field ${field.name} comes from a masked column`)
  if (!planned?.mask) return null
  const expected = planned.origin
  const confirmed =
    origin &&
    expected &&
    origin.schema === expected.schema &&
    origin.table === expected.table &&
    origin.column === expected.column
  if (!confirmed) throw surprise(`field ${field.name} does not come from the column that was expected`)
  const format = field.format === 1 ? 'binary' : 'text'
  const { typeOid, typmod: modifier } = field
  const types = input.catalog.typesByOid
  return compileMask(planned.mask, { dialect: 'postgres', typeOid, modifier, format, ...(types && { types }) })
}

function originOf(field: Field, catalog: Catalog): { schema: string; table: string; column: string } | null {
  if (field.tableOid === 0) return null
  const relation = catalog.relationsByOid.get(field.tableOid)
  if (!relation) throw surprise(`field ${field.name} comes from a table that is not in the catalog`)
  // A system column has a negative number; no mask is ever on one.
  if (field.column <= 0) return null
  const column = relation.columns.find(({ ordinal }) => ordinal === field.column)
  if (!column) throw surprise(`field ${field.name} comes from a column that is not in the catalog`)
  return { schema: relation.schema, table: relation.name, column: column.name }
}

function surprise(what: string): SallyportError {
  return new SallyportError('SP-ORIGIN', `the database describes another result than was analysed: ${what}`)
}
