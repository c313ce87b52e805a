import { resolveColumn } from './column_ref.ts'
import { list, type Node, names, open, openAs } from './node.ts'
import { builtinName } from './record.ts'
import type { Scope } from './scope.ts'
import type { Work } from './work.ts'

/** Types of the server that are no composites, as the grammar or a person names them. */
const SCALAR_TYPES: ReadonlySet<string> = new Set(
  'bool int2 int4 int8 float4 float8 numeric text varchar bpchar char name oid regclass regtype regproc date time timetz timestamp timestamptz interval uuid json jsonb bytea'.split(
    ' ',
  ),
)
const PLAIN_TYPE =
  /^(?:boolean|smallint|integer|bigint|real|double precision|numeric|text|character varying|character|name|oid|date|uuid|jsonb?|"char"|timestamp with(?:out)? time zone|timestamp|int2vector|oidvector)(?:\([\d,]+\))?(?:\[\])*$/
const ARRAY_FUNCTIONS: ReadonlySet<string> = new Set(['string_to_array', 'current_schemas', 'regexp_split_to_array'])
const VECTORS: ReadonlySet<string> = new Set(['int2vector', 'oidvector'])

/** True where unnest surely gives one column: the argument is an array of scalars whatever it holds. */
export function isPlainArray(work: Work, scope: Scope, value: unknown): boolean {
  const node = open(value)
  switch (node.tag) {
    case 'TypeCast':
      return isScalarArrayType(node)
    case 'A_ArrayExpr':
      return list(node.body, 'elements').every((element) => isScalar(work, scope, element))
    case 'ColumnRef':
      return isPlainColumn(work, scope, node, true)
    case 'FuncCall':
      return ARRAY_FUNCTIONS.has(builtinName(work, names(node.body, 'funcname')) ?? '')
    default:
      return false
  }
}

function isScalarArrayType(node: Node): boolean {
  const type = openAs('TypeName', node.body.typeName)
  const parts = names(type, 'names')
  const name = parts.at(-1) ?? ''
  if (parts.length > 1 && parts[0] !== 'pg_catalog') return false
  return VECTORS.has(name) || (list(type, 'arrayBounds').length > 0 && SCALAR_TYPES.has(name))
}

function isScalar(work: Work, scope: Scope, value: unknown): boolean {
  const node = open(value)
  if (node.tag === 'ColumnRef') return isPlainColumn(work, scope, node, false)
  if (node.tag === 'A_ArrayExpr') return list(node.body, 'elements').every((each) => isScalar(work, scope, each))
  return node.tag === 'A_Const'
}

/** A column of a scalar type or an array of one; where an array is asked for, of one surely. */
function isPlainColumn(work: Work, scope: Scope, node: Node, array: boolean): boolean {
  const reference = resolveColumn(work, scope, node.body)
  if (reference.kind !== 'field' || reference.field.origin === null) return false
  const { use, column } = reference.field.origin
  const type = work.uses[use]?.relation.columns.find((each) => each.name === column)?.type ?? ''
  return VECTORS.has(type) || (PLAIN_TYPE.test(type) && (!array || type.endsWith(']')))
}
