import type { Dialect } from '../catalog.ts'
import { lookup, type Scope, type ScopeColumn } from './scope.ts'
import type { ColumnName, Expr, Query, Select, TableItem, Test, Value } from './tree.ts'

/** Types whose values compare among themselves, and with constants of their kind, without a conversion that can warn. */
const FAMILIES: readonly (readonly [RegExp, Family])[] = [
  [/^(?:tiny|small|medium|big)?int(?:eger)?\b/, 'integer'],
  [/^(?:decimal|numeric)\b/, 'decimal'],
  [/^(?:varchar|char|(?:tiny|medium|long)?text)\b/, 'text'],
  [/^date$/, 'date'],
  [/^(?:datetime|timestamp)\b/, 'datetime'],
]

type Family = 'integer' | 'decimal' | 'text' | 'date' | 'datetime'

/** Days that every month has, so that no such constant is an invalid date. */
const DATE = String.raw`[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])`
const CONSTANTS: Record<Family, RegExp> = {
  integer: /^number:-?\d{1,18}$/,
  decimal: /^number:-?\d{1,18}(?:\.\d{1,12})?$/,
  text: /^text:/,
  date: new RegExp(`^text:${DATE}$`),
  datetime: new RegExp(String.raw`^text:${DATE}(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)?$`),
}

/** True where nothing that the SELECT evaluates could tell of the row that it is evaluated on. */
export function isPlainQuery(query: Query, scope: Scope): boolean {
  const [select, ...others] = query.terms
  if (select?.kind !== 'select' || others.length > 0 || query.ctes.length > 0) return false
  if (select.distinct || select.groupBy.length > 0 || select.having || select.windows.length > 0 || select.qualify)
    return false
  const shown = select.items.every((item) => item.kind === 'star' || isShown(item.expr))
  return shown && isPlainFrom(select.from, scope) && isPlainRows(select.where, query.orderBy, scope)
}

/**
 * The same of what decides which rows a write takes. Under a strict mode it fails where a query would warn, and what a
 * parameter is bound to decides whether a row's value is converted: `id <> ?` with a text. In a comparison with the whole
 * primary key the server converts the parameter, and reads no other row.
 */
export function isPlainWrite(where: Select['where'], orderBy: readonly Expr[], scope: Scope): boolean {
  const bound = where?.tests?.filter(({ operands }) => operands.some(({ kind }) => kind === 'param')) ?? []
  return isPlainRows(where, orderBy, scope) && bound.every((test) => isKeyTest(test, scope))
}

function isKeyTest({ test, operands }: Test, scope: Scope): boolean {
  const [name] = operands.filter((operand) => operand.kind === 'column')
  const base = name && lookup(name, scope, 'columns')[0]?.base
  if (test !== 'equal' || !base) return false
  const [key, ...others] = base.use.relation.primaryKey
  return key === base.column && others.length === 0 && baseColumn(name, scope)?.family === 'integer'
}

/** What decides which rows there are, and in which order. Columns of a view could be computed. */
function isPlainRows(where: Select['where'], orderBy: readonly Expr[], scope: Scope): boolean {
  const stored = scope.sources.every(
    ({ use }) => use?.relation.kind === 'table' || use?.relation.kind === 'partitioned',
  )
  return (
    stored &&
    (where === null || isPlainCondition(where, scope)) &&
    orderBy.every((key) => key.bare || key.integer !== null)
  )
}

/** One column or constant as it stands. */
function isShown({ tests }: Expr): boolean {
  return tests?.length === 1 && tests[0]!.test === 'truth'
}

/** Tables joined by plain conditions; USING and NATURAL compare types that are not looked at here. */
function isPlainFrom(item: TableItem | null, scope: Scope): boolean {
  if (item === null) return true
  if (item.kind === 'list') return item.items.every((part) => isPlainFrom(part, scope))
  if (item.kind === 'table') return item.period === null && !item.sampled
  if (item.kind !== 'join' || item.using !== null || item.natural) return false
  const joined = isPlainFrom(item.left, scope) && isPlainFrom(item.right, scope)
  return joined && (item.on === null || isPlainCondition(item.on, scope))
}

function isPlainCondition({ tests }: Expr, scope: Scope): boolean {
  return tests?.every((test) => isPlainTest(test, scope)) ?? false
}

function isPlainTest({ test, operands }: Test, scope: Scope): boolean {
  const columns = operands.flatMap((operand) => (operand.kind === 'column' ? [operand] : []))
  const values = operands.flatMap((operand) => (operand.kind === 'column' ? [] : [operand]))
  const found = columns.map((name) => baseColumn(name, scope))
  if (found.some((column) => column === null)) return false
  if (test === 'null') return true
  const [first, ...rest] = found as readonly Base[]
  // A column by itself is turned into a number to be true or false.
  if (first === undefined || test === 'truth') return columns.length === 0 && values.every(isTruth)
  const alike = rest.every((other) => other.family === first.family && other.collation === first.collation)
  return alike && values.every((value) => fits(value, first.family, scope.catalog.dialect))
}

function isTruth({ kind }: Value): boolean {
  return kind === 'number' || kind === 'null'
}

/**
 * A parameter beside a number is converted itself. Beside text both servers compare numbers where a number is bound, and
 * turn the column's values into such: in MySQL's SELECT that warns, of which nobody is told, and goes on.
 */
function fits(value: Value, family: Family, dialect: Dialect): boolean {
  if (value.kind === 'null') return true
  if (value.kind === 'param') return family === 'integer' || (family === 'text' && dialect === 'mysql')
  return CONSTANTS[family].test(`${value.kind}:${value.text}`)
}

/**
 * True where the column is asked for these values as they are: no conversion makes one of them mean others. Of parameters
 * in `boundAsText` the session sees to it.
 */
export function asksForValues(
  found: readonly ScopeColumn[],
  values: readonly Value[],
  dialect: Dialect,
  boundAsText: Set<number> | undefined,
): boolean {
  const family = baseOf(found)?.family
  if (family === undefined) return false
  const bound = family === 'text' ? values.filter(({ kind }) => kind === 'param') : []
  const others = family === 'text' ? values.filter(({ kind }) => kind !== 'param') : values
  if (bound.length > 0 && !boundAsText) return false
  if (!others.every((value) => fits(value, family, dialect))) return false
  for (const { start } of bound) if (start !== undefined) boundAsText?.add(start)
  return true
}

interface Base {
  readonly family: Family
  readonly collation: string | null
}

function baseColumn(name: ColumnName, scope: Scope): Base | null {
  return baseOf(lookup(name, scope, 'columns'))
}

function baseOf(found: readonly ScopeColumn[]): Base | null {
  const base = found.length === 1 ? found[0]!.base : null
  const column = base?.use.relation.columns.find((candidate) => candidate.name === base.column)
  const family = FAMILIES.find(([pattern]) => column && pattern.test(column.type))?.[1]
  // A generated column may be computed when it is read.
  return column && family && column.generatedFrom.length === 0 ? { family, collation: column.collation } : null
}
