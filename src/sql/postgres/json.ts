import { type Place, walk, walkAll, walkOptional } from './expression.ts'
import { addSources } from './field.ts'
import { type Body, has, list, opaque, openAs, openOnly } from './node.ts'
import { readQuery } from './query.ts'
import { useType } from './routine.ts'
import { walkSort, walkWindow } from './window.ts'
import { compute } from './work.ts'

/** The SQL/JSON nodes of PostgreSQL 16 to 18. */
export function walkJson(place: Place, tag: string, body: Body): void {
  switch (tag) {
    case 'JsonValueExpr':
      walkOptional(place, body, 'raw_expr')
      return walkOptional(place, body, 'formatted_expr')
    case 'JsonKeyValue':
      walk(place, body.key)
      return walkTyped(place, 'JsonValueExpr', body, 'value')
    case 'JsonObjectConstructor':
    case 'JsonArrayConstructor':
      walkAll(place, list(body, 'exprs'))
      return walkOutput(place, body)
    case 'JsonArrayQueryConstructor':
      return walkArrayQuery(place, body)
    case 'JsonObjectAgg':
    case 'JsonArrayAgg':
      walkTyped(place, tag === 'JsonObjectAgg' ? 'JsonKeyValue' : 'JsonValueExpr', body, 'arg')
      return walkAggregate(place, openAs('JsonAggConstructor', body.constructor))
    case 'JsonIsPredicate':
      return walk(place, body.expr)
    case 'JsonScalarExpr':
      walk(place, body.expr)
      return walkOutput(place, body)
    case 'JsonParseExpr':
    case 'JsonSerializeExpr':
      walkTyped(place, 'JsonValueExpr', body, 'expr')
      return walkOutput(place, body)
    case 'JsonFuncExpr':
      return walkJsonFunction(place, body)
    default:
      return opaque(`${tag} in an expression`)
  }
}

/** PASSING x AS name. */
export function walkPassing(place: Place, body: Body): void {
  for (const argument of list(body, 'passing')) {
    walkTyped(place, 'JsonValueExpr', openOnly('JsonArgument', argument), 'val')
  }
}

export function walkBehavior(place: Place, body: Body, key: string): void {
  if (has(body, key)) walkOptional(place, openAs('JsonBehavior', body[key]), 'expr')
}

export function walkTyped(place: Place, tag: string, body: Body, key: string): void {
  if (has(body, key)) walkJson(place, tag, openAs(tag, body[key]))
}

function walkJsonFunction(place: Place, body: Body): void {
  walkTyped(place, 'JsonValueExpr', body, 'context_item')
  walkOptional(place, body, 'pathspec')
  walkPassing(place, body)
  walkOutput(place, body)
  walkBehavior(place, body, 'on_empty')
  walkBehavior(place, body, 'on_error')
}

function walkAggregate(place: Place, body: Body): void {
  walkOptional(place, body, 'agg_filter')
  for (const sort of list(body, 'agg_order')) walkSort(place, sort)
  if (has(body, 'over')) walkWindow(place, openAs('WindowDef', body.over))
  walkOutput(place, body)
}

function walkArrayQuery(place: Place, body: Body): void {
  const result = readQuery(place.work, openOnly('SelectStmt', body.query), place.scope)
  for (const field of result.fields) compute(place.work, field, place.sink)
  addSources(place.sink, result.rows)
  walkOutput(place, body)
}

function walkOutput(place: Place, body: Body): void {
  if (!has(body, 'output')) return
  const output = openAs('JsonOutput', body.output)
  if (has(output, 'typeName')) useType(place.work, output.typeName)
}
