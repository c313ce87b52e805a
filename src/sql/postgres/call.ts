import { type Place, walk, walkOptional } from './expression.ts'
import { type Body, has, list, names, openAs } from './node.ts'
import { useFunction } from './routine.ts'
import { constantOf, isSetConfig } from './set_config.ts'
import { walkSort, walkWindow } from './window.ts'

/** A function, aggregate or window function. The forms of SQL syntax (EXTRACT, OVERLAY, ...) come with pg_catalog. */
export function walkCall(place: Place, body: Body): void {
  const args = list(body, 'args')
  const parts = names(body, 'funcname')
  useFunction(place.work, parts, args.length, isSetConfig(parts) ? args.map(constantOf) : undefined)
  for (const argument of args) walk(place, argument)
  for (const sort of list(body, 'agg_order')) walkSort(place, sort)
  walkOptional(place, body, 'agg_filter')
  if (has(body, 'over')) walkWindow(place, openAs('WindowDef', body.over))
}
