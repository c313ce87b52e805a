import { type Body, has, isEmptyNode, list, names, opaque, open, openAs, str } from './node.ts'
import { sqlValueName } from './sql_value.ts'

/** How sure a name is (parse_target.c, FigureColnameInternal): 2 is a real name, 1 a fallback that a cast may give. */
interface Guess {
  readonly name: string
  readonly strength: 0 | 1 | 2
}

const UNNAMED = '?column?'

/** Nodes whose result has one fixed name. */
const FIXED: ReadonlyMap<string, string> = new Map([
  ['GroupingFunc', 'grouping'],
  ['A_ArrayExpr', 'array'],
  ['RowExpr', 'row'],
  ['CoalesceExpr', 'coalesce'],
  ['XmlSerialize', 'xmlserialize'],
  ['JsonParseExpr', 'json'],
  ['JsonScalarExpr', 'json_scalar'],
  ['JsonSerializeExpr', 'json_serialize'],
  ['JsonObjectConstructor', 'json_object'],
  ['JsonArrayConstructor', 'json_array'],
  ['JsonArrayQueryConstructor', 'json_array'],
  ['JsonObjectAgg', 'json_objectagg'],
  ['JsonArrayAgg', 'json_arrayagg'],
  ['MergeSupportFunc', 'merge_action'],
])

const BY_OPERATION: ReadonlyMap<string, string> = new Map([
  ['IS_XMLCONCAT', 'xmlconcat'],
  ['IS_XMLELEMENT', 'xmlelement'],
  ['IS_XMLFOREST', 'xmlforest'],
  ['IS_XMLPARSE', 'xmlparse'],
  ['IS_XMLPI', 'xmlpi'],
  ['IS_XMLROOT', 'xmlroot'],
  ['JSON_EXISTS_OP', 'json_exists'],
  ['JSON_QUERY_OP', 'json_query'],
  ['JSON_VALUE_OP', 'json_value'],
  ['IS_GREATEST', 'greatest'],
  ['IS_LEAST', 'least'],
])

/** The name that the server gives a result column without AS. */
export function outputName(value: unknown): string {
  const guess = guessName(value)
  return guess.strength === 0 ? UNNAMED : guess.name
}

function guessName(value: unknown): Guess {
  const { tag, body } = open(value)
  const fixed = FIXED.get(tag) ?? BY_OPERATION.get(str(body, 'op'))
  if (fixed !== undefined) return sure(fixed)
  switch (tag) {
    case 'ColumnRef':
      return lastString(list(body, 'fields')) ?? none()
    case 'A_Indirection':
      return lastString(list(body, 'indirection')) ?? guessName(body.arg)
    case 'FuncCall':
      return sure(names(body, 'funcname').at(-1) ?? UNNAMED)
    case 'A_Expr':
      return str(body, 'kind') === 'AEXPR_NULLIF' ? sure('nullif') : none()
    case 'TypeCast':
      return castName(body)
    case 'CollateClause':
      return guessName(body.arg)
    case 'SubLink':
      return sublinkName(body)
    case 'CaseExpr':
      return caseName(body)
    case 'SQLValueFunction':
      return sure(sqlValueName(str(body, 'op')))
    default:
      return none()
  }
}

function castName(body: Body): Guess {
  const inner = guessName(body.arg)
  if (inner.strength > 1) return inner
  return { name: names(openAs('TypeName', body.typeName), 'names').at(-1) ?? UNNAMED, strength: 1 }
}

function caseName(body: Body): Guess {
  const inner = has(body, 'defresult') && !isEmptyNode(body.defresult) ? guessName(body.defresult) : none()
  return inner.strength > 1 ? inner : { name: 'case', strength: 1 }
}

function sublinkName(body: Body): Guess {
  switch (str(body, 'subLinkType')) {
    case 'EXISTS_SUBLINK':
      return sure('exists')
    case 'ARRAY_SUBLINK':
      return sure('array')
    case 'EXPR_SUBLINK':
      return firstTarget(body.subselect)
    default:
      return none()
  }
}

/** A scalar subquery takes the name of its only column. */
function firstTarget(subselect: unknown): Guess {
  let body = open(subselect).body
  while (has(body, 'larg')) body = openAs('SelectStmt', body.larg)
  if (has(body, 'valuesLists')) return sure('column1')
  const target = list(body, 'targetList')[0]
  if (target === undefined) return none()
  const { body: result } = open(target)
  const value = open(result.val)
  if (value.tag === 'ColumnRef' && lastString(list(value.body, 'fields').slice(-1)) === null) {
    opaque('* in a scalar subquery')
  }
  return sure(str(result, 'name') || outputName(result.val))
}

function lastString(nodes: readonly unknown[]): Guess | null {
  const last = nodes.map(open).findLast((node) => node.tag === 'String')
  return last === undefined ? null : sure(str(last.body, 'sval'))
}

function sure(name: string): Guess {
  return { name, strength: 2 }
}

function none(): Guess {
  return { name: UNNAMED, strength: 0 }
}
