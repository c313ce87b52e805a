import { type Place, walk, walkAll, walkOptional } from './expression.ts'
import { type Body, has, list, names, openOnly } from './node.ts'
import { useOperator } from './routine.ts'
import { unplain } from './work.ts'

/** A window definition: partitions and orders by values. */
export function walkWindow(place: Place, body: Body): void {
  unplain(place.work)
  walkAll(place, list(body, 'partitionClause'))
  for (const sort of list(body, 'orderClause')) walkSort(place, sort)
  walkOptional(place, body, 'startOffset')
  walkOptional(place, body, 'endOffset')
}

/** One key of an order inside an expression, where names and numbers have no other meaning than anywhere. */
export function walkSort(place: Place, value: unknown): void {
  const body = openOnly('SortBy', value)
  useSortOperator(place, body)
  walk(place, body.node)
}

/** ORDER BY x USING operator. */
export function useSortOperator(place: Place, body: Body): void {
  if (!has(body, 'useOp')) return
  useOperator(place.work, names(body, 'useOp'))
  unplain(place.work)
}
