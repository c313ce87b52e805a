import { isPlainArray } from './array_type.ts'
import { evaluate, type Place, walkOptional } from './expression.ts'
import { computedField, type Field, type Sources } from './field.ts'
import { withAlias } from './from.ts'
import { walkBehavior, walkPassing, walkTyped } from './json.ts'
import { type Body, flag, has, isEmptyNode, list, names, opaque, open, openAs, openOnly, str } from './node.ts'
import { outputName } from './output_name.ts'
import { builtinName, recordOf, scalarName } from './record.ts'
import { useType } from './routine.ts'
import { derivedItem, type Item, type Scope } from './scope.ts'
import type { Work } from './work.ts'

/** Functions in FROM (parse_relation.c, addRangeTableEntryForFunction). A result whose columns are unknown is refused. */
export function readFunction(work: Work, scope: Scope, body: Body): Item {
  const alias = has(body, 'alias') ? str(openAs('Alias', body.alias), 'aliasname') : null
  const calls = list(body, 'functions').map((value) => list(openOnly('List', value), 'items'))
  const own = list(body, 'coldeflist')
  const parts = calls.map(([call, definitions]) => {
    const inner =
      definitions === undefined || isEmptyNode(definitions) ? [] : list(openOnly('List', definitions), 'items')
    return readCall(work, scope, call, own.length > 0 ? own : inner, calls.length === 1 ? alias : null)
  })
  const fields = parts.flatMap((part) => part.fields)
  const ordinality = flag(body, 'ordinality') ? [computedField('ordinality', new Map())] : []
  const name = alias ?? outputName(calls[0]?.[0])
  const uncertain = parts.some((part) => part.uncertain)
  return derivedItem(name, withAlias([...fields, ...ordinality], body), uncertain)
}

interface CallResult {
  readonly fields: readonly Field[]
  readonly uncertain: boolean
}

function readCall(
  work: Work,
  scope: Scope,
  call: unknown,
  definitions: readonly unknown[],
  alias: string | null,
): CallResult {
  const node = open(call)
  const value = evaluate(work, scope, call, '')
  const named = (columns: readonly string[]) => columns.map((name) => computedField(name, value.sources))
  if (definitions.length > 0) return { fields: named(columnNames(work, definitions)), uncertain: false }
  const record = recordOf(work, node)
  if (record !== null) return { fields: named(record), uncertain: false }
  if (node.tag === 'SQLValueFunction') return { fields: named([alias ?? outputName(call)]), uncertain: false }
  if (node.tag !== 'FuncCall') return opaque(`${node.tag} as a function in FROM`)
  const parts = names(node.body, 'funcname')
  const scalar = scalarName(work, parts)
  if (scalar !== null) return { fields: named([scalar || alias || parts.at(-1)!]), uncertain: false }
  if (builtinName(work, parts) !== 'unnest') return opaque(`the columns of ${parts.join('.')}() are not known`)
  // unnest of composites gives their attributes: only arrays that are surely of scalars have one sure column.
  const args = list(node.body, 'args')
  const sure = args.every((argument) => isPlainArray(work, scope, argument))
  const columns = args.length === 1 ? [alias ?? 'unnest'] : args.map(() => 'unnest')
  return { fields: named(columns), uncertain: !sure }
}

function columnNames(work: Work, definitions: readonly unknown[]): readonly string[] {
  return definitions.map((definition) => {
    const column = openOnly('ColumnDef', definition)
    useType(work, column.typeName)
    return str(column, 'colname')
  })
}

/** XMLTABLE: every column depends on the document and on all expressions. */
export function readXmlTable(work: Work, scope: Scope, body: Body): Item {
  const sink: Sources = new Map()
  const place = { work, scope, sink }
  walkOptional(place, body, 'docexpr')
  walkOptional(place, body, 'rowexpr')
  for (const namespace of list(body, 'namespaces')) walkOptional(place, openOnly('ResTarget', namespace), 'val')
  const columns = list(body, 'columns').map((value) => openOnly('RangeTableFuncCol', value))
  for (const column of columns) {
    if (has(column, 'typeName')) useType(work, column.typeName)
    walkOptional(place, column, 'colexpr')
    walkOptional(place, column, 'coldefexpr')
  }
  return tableItem(
    body,
    columns.map((column) => str(column, 'colname')),
    sink,
    'xmltable',
  )
}

/** JSON_TABLE of PostgreSQL 17. */
export function readJsonTable(work: Work, scope: Scope, body: Body): Item {
  const sink: Sources = new Map()
  const place = { work, scope, sink }
  walkTyped(place, 'JsonValueExpr', body, 'context_item')
  walkPath(place, body)
  walkPassing(place, body)
  walkBehavior(place, body, 'on_error')
  return tableItem(body, jsonColumns(place, body), sink, 'json_table')
}

function jsonColumns(place: Place, body: Body): readonly string[] {
  return list(body, 'columns').flatMap((value) => {
    const column = openOnly('JsonTableColumn', value)
    if (has(column, 'typeName')) useType(place.work, column.typeName)
    walkPath(place, column)
    walkBehavior(place, column, 'on_empty')
    walkBehavior(place, column, 'on_error')
    const nested = jsonColumns(place, column)
    return str(column, 'coltype') === 'JTC_NESTED' ? nested : [str(column, 'name'), ...nested]
  })
}

function walkPath(place: Place, body: Body): void {
  if (has(body, 'pathspec')) walkOptional(place, openAs('JsonTablePathSpec', body.pathspec), 'string')
}

function tableItem(body: Body, columns: readonly string[], sink: Sources, fallback: string): Item {
  const alias = has(body, 'alias') ? str(openAs('Alias', body.alias), 'aliasname') : fallback
  return derivedItem(
    alias,
    withAlias(
      columns.map((name) => computedField(name, sink)),
      body,
    ),
  )
}
