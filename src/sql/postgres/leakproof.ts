import { resolveColumn } from './column_ref.ts'
import type { Place } from './expression.ts'
import type { Field } from './field.ts'
import { type Body, has, list, type Node, names, open, str } from './node.ts'
import { unplain, type Work } from './work.ts'

/**
 * Types whose comparison operators the server calls leakproof among themselves (pg_proc.proleakproof, the same in 15 to
 * 18), by OID of the base type. Types that share a word compare without a function that could fail; `date` with
 * `timestamp`, numeric and character(n) with text are none of these.
 */
const FAMILIES: ReadonlyMap<number, string> = new Map([
  [21, 'integer'],
  [23, 'integer'],
  [20, 'integer'],
  [700, 'float'],
  [701, 'float'],
  [25, 'text'],
  [1043, 'text'],
  [19, 'text'],
  [1042, 'bpchar'],
  [18, 'char'],
  [16, 'boolean'],
  [26, 'oid'],
  [17, 'bytea'],
  [2950, 'uuid'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
])

/** The same types as the grammar names them in a cast, by families that a string constant is turned into when parsed. */
const CAST_FAMILIES: ReadonlyMap<string, string> = new Map([
  ['int2', 'integer'],
  ['int4', 'integer'],
  ['int8', 'integer'],
  ['float4', 'float'],
  ['float8', 'float'],
  ['text', 'text'],
  ['bool', 'boolean'],
  ['uuid', 'uuid'],
  ['date', 'date'],
  ['time', 'time'],
  ['timestamp', 'timestamp'],
  ['timestamptz', 'timestamptz'],
])

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '!=', '<', '<=', '>', '>='])

/** Kinds of node that say nothing of the row that they run on, apart from what is inside of them. */
const SILENT: ReadonlySet<string> = new Set([
  'ColumnRef',
  'A_Const',
  'ParamRef',
  'SetToDefault',
  'BoolExpr',
  'NullTest',
  'BooleanTest',
  'List',
])

const MAX_INT8 = 2n ** 63n - 1n

/** Notes an expression that could tell of the row that it runs on: everything but what is known not to. */
export function judgeLeak(place: Place, node: Node): void {
  // A subquery judges itself, when its result is known.
  if (SILENT.has(node.tag) || node.tag === 'SubLink') return
  if (node.tag === 'TypeCast' && castFamily(node.body) !== null) return
  if (node.tag === 'A_Expr' && isLeakproof(place, node.body)) return
  unplain(place.work)
}

/** True where the two columns compare by `=` without telling anything. */
export function comparesSilently(work: Work, left: Field, right: Field): boolean {
  const family = fieldFamily(work, left)
  return family !== null && family === fieldFamily(work, right)
}

/** The test of `x IN (SELECT y)`; any other subquery that gives a value can fail by its number of rows. */
export function judgeMembership(place: Place, test: unknown, fields: readonly Field[]): void {
  const left = familyOf(place, test)
  const right = fields.length === 1 ? fieldFamily(place.work, fields[0]!) : null
  if (left === null || right === null || !meet(left, right)) unplain(place.work)
}

function isLeakproof(place: Place, body: Body): boolean {
  const kind = str(body, 'kind')
  const operator = names(body, 'name')
  switch (kind) {
    case 'AEXPR_OP':
      return isComparison(operator) && has(body, 'lexpr') && agree(place, [body.lexpr, body.rexpr])
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return agree(place, [body.lexpr, body.rexpr])
    case 'AEXPR_IN':
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return agree(place, [body.lexpr, ...list(open(body.rexpr).body, 'items')])
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      // The array is a parameter or a string, which takes its type from the column.
      return isComparison(operator) && isUntyped(body.rexpr) && agree(place, [body.lexpr])
    default:
      return false
  }
}

function isComparison(operator: readonly string[]): boolean {
  const [first, second] = operator
  if (operator.length === 1) return COMPARISONS.has(first ?? '')
  return operator.length === 2 && first === 'pg_catalog' && COMPARISONS.has(second ?? '')
}

/** True where each operand is known, and all of them compare as one family. */
function agree(place: Place, operands: readonly unknown[]): boolean {
  const families = operands.map((operand) => familyOf(place, operand))
  return families.every((family) => family !== null && families.every((other) => other !== null && meet(family, other)))
}

/** `any`: a string, NULL or parameter. `number`: an integer constant, which floats and OIDs take too. */
function meet(a: string, b: string): boolean {
  if (a === b || a === 'any' || b === 'any') return true
  const [one, other] = a === 'number' ? [b, a] : [a, b]
  if (other === 'number') return one === 'integer' || one === 'float' || one === 'oid' || one === 'decimal'
  return (one === 'float' && other === 'decimal') || (one === 'decimal' && other === 'float')
}

function familyOf(place: Place, value: unknown): string | null {
  const { tag, body } = open(value)
  if (tag === 'ParamRef') return 'any'
  if (tag === 'A_Const') return constantFamily(body)
  if (tag === 'TypeCast') return castFamily(body)
  if (tag !== 'ColumnRef') return null
  const reference = resolveColumn(place.work, place.scope, body)
  return reference.kind === 'field' ? fieldFamily(place.work, reference.field) : null
}

function fieldFamily(work: Work, { origin }: Field): string | null {
  const use = origin === null ? undefined : work.uses[origin.use]
  const column = use?.relation.columns.find(({ name }) => name === origin?.column)
  return FAMILIES.get(column?.typeOid ?? 0) ?? null
}

function constantFamily(body: Body): string | null {
  if (has(body, 'sval') || body.isnull === true) return 'any'
  if (has(body, 'boolval')) return 'boolean'
  if (has(body, 'fval')) return isBigInteger((body.fval as { readonly fval?: unknown }).fval) ? 'number' : 'decimal'
  return has(body, 'ival') ? 'number' : null
}

/** The scanner calls an integer that four bytes don't hold a float. */
function isBigInteger(written: unknown): boolean {
  return typeof written === 'string' && /^\d{1,19}$/.test(written) && BigInt(written) <= MAX_INT8
}

/** A string constant under a cast is read once, when the statement is parsed. */
function castFamily(body: Body): string | null {
  const argument = open(body.arg)
  if (argument.tag !== 'A_Const' || !has(argument.body, 'sval')) return null
  const type = open({ TypeName: body.typeName }).body
  if (list(type, 'arrayBounds').length > 0 || list(type, 'typmods').length > 0) return null
  const parts = names(type, 'names')
  if (parts.length > 1 && parts[0] !== 'pg_catalog') return null
  return CAST_FAMILIES.get(parts.at(-1) ?? '') ?? null
}

function isUntyped(value: unknown): boolean {
  const { tag, body } = open(value)
  return tag === 'ParamRef' || (tag === 'A_Const' && has(body, 'sval'))
}
