import { resolveColumn } from './column_ref.ts'
import type { Place } from './expression.ts'
import { type Body, has, list, names, open, str } from './node.ts'
import { lookUp } from './work.ts'

/**
 * Reads `column = value` and `column IN (values)`, where each value is a constant or parameter: a question whether a row
 * has that value, and no other. False where the comparison is another one, which is then read as any expression.
 */
export function readLookup(place: Place, body: Body): boolean {
  const kind = str(body, 'kind')
  if (!isEquality(names(body, 'name')) || !has(body, 'lexpr') || !has(body, 'rexpr')) return false
  if (kind === 'AEXPR_IN') return readOne(place, body.lexpr, list(open(body.rexpr).body, 'items'))
  if (kind !== 'AEXPR_OP') return false
  return readOne(place, body.lexpr, [body.rexpr]) || readOne(place, body.rexpr, [body.lexpr])
}

function readOne(place: Place, column: unknown, values: readonly unknown[]): boolean {
  const node = open(column)
  if (node.tag !== 'ColumnRef' || !values.every(isValue)) return false
  const reference = resolveColumn(place.work, place.scope, node.body)
  if (reference.kind !== 'field' || reference.field.bases.length !== 1) return false
  lookUp(place.work, reference.field, place.sink, values.length)
  return true
}

function isValue(value: unknown): boolean {
  const { tag } = open(value)
  return tag === 'A_Const' || tag === 'ParamRef'
}

function isEquality(operator: readonly string[]): boolean {
  const [first, second] = operator
  return (operator.length === 1 && first === '=') || (operator.length === 2 && first === 'pg_catalog' && second === '=')
}
