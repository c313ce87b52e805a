import { computeColumn, resolveColumn } from './column_ref.ts'
import { type Place, walk, walkOptional } from './expression.ts'
import type { Field } from './field.ts'
import { type Body, list, type Node, opaque, open, refuse, str } from './node.ts'
import { recordOf } from './record.ts'
import { useFunction } from './routine.ts'

/** `(row).column`, `array[1]`, `(f()).attribute`. */
export function walkIndirection(place: Place, body: Body): void {
  let attributes = attributesOf(place, open(body.arg))
  if (open(body.arg).tag === 'ColumnRef') computeColumn(place.work, place.scope, open(body.arg).body, place.sink)
  else walk(place, body.arg)
  for (const part of list(body, 'indirection').map(open)) {
    if (part.tag === 'A_Indices') {
      walkOptional(place, part.body, 'lidx')
      walkOptional(place, part.body, 'uidx')
    } else if (part.tag === 'String') {
      selectAttribute(place, attributes, str(part.body, 'sval'))
    } else opaque('.* over a composite value inside an expression')
    attributes = null
  }
}

/** The column that `(row).column` is: the server reports its origin, though the row as a whole was used. */
export function rowColumn(place: Place, body: Body): Field | null {
  const argument = open(body.arg)
  const parts = list(body, 'indirection').map(open)
  const part = parts[0]
  if (argument.tag !== 'ColumnRef' || parts.length !== 1 || part?.tag !== 'String') return null
  const reference = resolveColumn(place.work, place.scope, argument.body)
  if (reference.kind !== 'row') return null
  return reference.item.fields.find((field) => field.name === str(part.body, 'sval')) ?? null
}

/** The attributes of a composite value where they are known: a row, or a known function's record. */
export function attributesOf(place: Place, node: Node): { row: boolean; names: readonly string[] } | null {
  if (node.tag !== 'ColumnRef') {
    const record = recordOf(place.work, node)
    return record === null ? null : { row: false, names: record }
  }
  const reference = resolveColumn(place.work, place.scope, node.body)
  if (reference.kind === 'row') return { row: true, names: reference.item.fields.map((field) => field.name) }
  if (reference.kind === 'field' && reference.field.record !== null)
    return { row: false, names: reference.field.record }
  return null
}

/** `(value).name` is a function call where the value has no such attribute (parse_func.c, ParseFuncOrColumn). */
function selectAttribute(
  place: Place,
  known: { readonly row: boolean; readonly names: readonly string[] } | null,
  name: string,
): void {
  if (known?.names.includes(name)) return
  if (known?.row) refuse('SP-COLUMN', `column "${name}" is not known (or it is a function call in column notation)`)
  useFunction(place.work, [name], 1)
}
