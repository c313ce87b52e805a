import { walkCall } from './call.ts'
import { computeColumn, resolveColumn } from './column_ref.ts'
import { computedField, type Field, type Sources } from './field.ts'
import { rowColumn, walkIndirection } from './indirection.ts'
import { walkJson } from './json.ts'
import { judgeLeak } from './leakproof.ts'
import { readLookup } from './lookup.ts'
import { type Body, has, isEmptyNode, list, names, opaque, open, openAs, str } from './node.ts'
import { recordOf } from './record.ts'
import { useOperator, useType } from './routine.ts'
import type { Scope } from './scope.ts'
import { sqlValueName } from './sql_value.ts'
import { walkSublink } from './sublink.ts'
import { deeper, type Work } from './work.ts'

/** Where an expression stands, and where what it depends on is collected. */
export interface Place {
  readonly work: Work
  readonly scope: Scope
  readonly sink: Sources
}

/** A select list's expression: a bare column keeps its origin, anything else computes. A row in whole is computed on. */
export function evaluate(work: Work, scope: Scope, value: unknown, name: string): Field {
  const node = open(value)
  const sink: Sources = new Map()
  let record = recordOf(work, node)
  if (node.tag === 'ColumnRef') {
    const reference = resolveColumn(work, scope, node.body)
    if (reference.kind === 'field') return { ...reference.field, name }
    // A row of a relation keeps the relation's own columns, whatever an alias calls them.
    if (reference.kind === 'row') record = reference.item.relation?.columns.map((column) => column.name) ?? null
  }
  const origin = node.tag === 'A_Indirection' ? rowColumn({ work, scope, sink }, node.body)?.origin : null
  walk({ work, scope, sink }, value)
  return { ...computedField(name, sink, record), origin: origin ?? null }
}

export function walkAll(place: Place, values: readonly unknown[]): void {
  for (const value of values) walk(place, value)
}

/** A field that may be absent. */
export function walkOptional(place: Place, body: Body, key: string): void {
  if (has(body, key) && !isEmptyNode(body[key])) walk(place, body[key])
}

/** Everything that an expression reads is marked as computed on. An unknown kind of node is refused. */
export function walk(place: Place, value: unknown): void {
  const { tag, body } = open(value)
  judgeLeak(place, { tag, body })
  deeper(place.work, () => walkNode(place, tag, body))
}

function walkNode(place: Place, tag: string, body: Body): void {
  switch (tag) {
    case 'ColumnRef':
      return computeColumn(place.work, place.scope, body, place.sink)
    case 'A_Const':
    case 'ParamRef':
    case 'SetToDefault':
    case 'MergeSupportFunc':
      return
    case 'FuncCall':
      return walkCall(place, body)
    case 'SubLink':
      return walkSublink(place, body)
    case 'A_Indirection':
      return walkIndirection(place, body)
    case 'A_Expr':
      return walkOperator(place, body)
    case 'TypeCast':
      useType(place.work, body.typeName)
      return walk(place, body.arg)
    case 'SQLValueFunction':
      sqlValueName(str(body, 'op'))
      return
    default:
      return tag.startsWith('Json') ? walkJson(place, tag, body) : walkComposed(place, tag, body)
  }
}

function walkComposed(place: Place, tag: string, body: Body): void {
  switch (tag) {
    case 'BoolExpr':
    case 'CoalesceExpr':
    case 'GroupingFunc':
    case 'RowExpr':
      return walkAll(place, list(body, 'args'))
    case 'MinMaxExpr':
      useOperator(place.work, ['<'])
      useOperator(place.work, ['>'])
      return walkAll(place, list(body, 'args'))
    case 'List':
      return walkAll(place, list(body, 'items'))
    case 'A_ArrayExpr':
      return walkAll(place, list(body, 'elements'))
    case 'NullTest':
    case 'BooleanTest':
    case 'NamedArgExpr':
      return walk(place, body.arg)
    case 'CollateClause':
      names(body, 'collname')
      return walk(place, body.arg)
    case 'CaseExpr':
      return walkCase(place, body)
    case 'XmlExpr':
      walkAll(place, list(body, 'args'))
      return walkNamedXml(place, body)
    case 'XmlSerialize':
      useType(place.work, body.typeName)
      return walk(place, body.expr)
    default:
      return opaque(`${tag} in an expression`)
  }
}

function walkNamedXml(place: Place, body: Body): void {
  for (const argument of list(body, 'named_args')) {
    const target = open(argument)
    walk(place, target.tag === 'ResTarget' ? target.body.val : argument)
  }
}

/** CASE x WHEN y compares with `=`. */
function walkCase(place: Place, body: Body): void {
  if (has(body, 'arg')) useOperator(place.work, ['='])
  walkOptional(place, body, 'arg')
  for (const part of list(body, 'args')) {
    const { expr, result } = openAs('CaseWhen', open(part).body)
    walkAll(place, [expr, result])
  }
  walkOptional(place, body, 'defresult')
}

/** Operators that a kind of expression uses besides the name that the tree gives. */
const IMPLIED: ReadonlyMap<string, readonly string[]> = new Map([
  ['AEXPR_OP', []],
  ['AEXPR_OP_ANY', []],
  ['AEXPR_OP_ALL', []],
  ['AEXPR_DISTINCT', ['=']],
  ['AEXPR_NOT_DISTINCT', ['=']],
  ['AEXPR_NULLIF', ['=']],
  ['AEXPR_IN', []],
  ['AEXPR_LIKE', []],
  ['AEXPR_ILIKE', []],
  ['AEXPR_SIMILAR', []],
  ['AEXPR_BETWEEN', ['>=', '<=']],
  ['AEXPR_NOT_BETWEEN', ['<', '>']],
  ['AEXPR_BETWEEN_SYM', ['>=', '<=']],
  ['AEXPR_NOT_BETWEEN_SYM', ['<', '>']],
])

function walkOperator(place: Place, body: Body): void {
  const kind = str(body, 'kind')
  const implied = IMPLIED.get(kind) ?? opaque(`the expression kind ${kind}`)
  for (const operator of implied) useOperator(place.work, [operator])
  if (!kind.includes('BETWEEN')) useOperator(place.work, names(body, 'name'), has(body, 'lexpr') ? 2 : 1)
  if (readLookup(place, body)) return
  walkOptional(place, body, 'lexpr')
  walkOptional(place, body, 'rexpr')
}
