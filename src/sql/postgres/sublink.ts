import { type Place, walkOptional } from './expression.ts'
import { addSources } from './field.ts'
import { judgeMembership } from './leakproof.ts'
import { type Body, has, names, opaque, openOnly, str } from './node.ts'
import { readQuery } from './query.ts'
import { useOperator } from './routine.ts'
import { compute, unplain } from './work.ts'

const KINDS: ReadonlySet<string> = new Set([
  'EXISTS_SUBLINK',
  'ALL_SUBLINK',
  'ANY_SUBLINK',
  'ROWCOMPARE_SUBLINK',
  'EXPR_SUBLINK',
  'ARRAY_SUBLINK',
])

/** A subquery in an expression: its values and its rows both decide the expression's value. */
export function walkSublink(place: Place, body: Body): void {
  const kind = str(body, 'subLinkType')
  if (!KINDS.has(kind)) opaque(`a subquery of kind ${kind}`)
  walkOptional(place, body, 'testexpr')
  if (has(body, 'operName')) useOperator(place.work, names(body, 'operName'))
  else if (has(body, 'testexpr')) useOperator(place.work, ['='])
  const result = readQuery(place.work, openOnly('SelectStmt', body.subselect), place.scope)
  if (kind === 'ANY_SUBLINK' && !has(body, 'operName')) judgeMembership(place, body.testexpr, result.fields)
  else if (kind !== 'EXISTS_SUBLINK') unplain(place.work)
  for (const field of result.fields) compute(place.work, field, place.sink)
  addSources(place.sink, result.rows)
}
