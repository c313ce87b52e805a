import type { FunctionUse } from '../facts.ts'
import { resolveColumn } from './column_ref.ts'
import { type Place, walk, walkOptional } from './expression.ts'
import { type Body, has, list, names, open, openAs } from './node.ts'
import { useFunction } from './routine.ts'
import { constantOf, isSetConfig } from './set_config.ts'
import { walkSort, walkWindow } from './window.ts'

/** A function, aggregate or window function. The forms of SQL syntax (EXTRACT, OVERLAY, ...) come with pg_catalog. */
export function walkCall(place: Place, body: Body): void {
  const args = list(body, 'args')
  const parts = names(body, 'funcname')
  const given = isSetConfig(parts) ? { constants: args.map(constantOf) } : firstColumn(place, parts, args[0])
  useFunction(place.work, parts, args.length, { ...given, typed: args.every(isTyped) })
  for (const argument of args) walk(place, argument)
  for (const sort of list(body, 'agg_order')) walkSort(place, sort)
  walkOptional(place, body, 'agg_filter')
  if (has(body, 'over')) walkWindow(place, openAs('WindowDef', body.over))
}

/** What has a type before anything is known of the function: the rest may become whatever a function takes. */
const TYPED: ReadonlySet<string> = new Set([
  'ColumnRef',
  'FuncCall',
  'A_Expr',
  'BoolExpr',
  'NullTest',
  'TypeCast',
  'SubLink',
])

function isTyped(argument: unknown): boolean {
  const { tag, body } = open(argument)
  if (tag === 'TypeCast' && names(openAs('TypeName', body.typeName), 'names').at(-1) === 'unknown') return false
  return TYPED.has(tag) || (tag === 'A_Const' && (has(body, 'ival') || has(body, 'fval') || has(body, 'boolval')))
}

/** Functions that tell of any object that they are given: where its OID comes from decides whether they may. */
const TELLS_OF_OBJECT = /^pg_get_(\w+def(_\w+)?|sequence_data)$/

function firstColumn({ work, scope }: Place, parts: readonly string[], argument: unknown): Pick<FunctionUse, 'first'> {
  if (argument === undefined || !TELLS_OF_OBJECT.test(parts.at(-1) ?? '')) return {}
  const { tag, body } = open(argument)
  const reference = tag === 'ColumnRef' ? resolveColumn(work, scope, body) : null
  const origin = reference?.kind === 'field' ? reference.field.origin : null
  return origin === null ? {} : { first: origin }
}
