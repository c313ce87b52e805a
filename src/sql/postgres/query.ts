import { readCtes } from './cte.ts'
import { evaluate, walkOptional } from './expression.ts'
import { addSources, computedField, type Field, type Sources, unpassable } from './field.ts'
import { readFrom } from './from.ts'
import { type Body, flag, has, isEmptyNode, list, names, opaque, openAs, openOnly, str } from './node.ts'
import { readGroups, readOrder } from './order.ts'
import { useOperator } from './routine.ts'
import { openScope, type Scope } from './scope.ts'
import { readTargets } from './target.ts'
import { walkWindow } from './window.ts'
import { compute, deeper, type UseDraft, unplain, type Work } from './work.ts'

export interface QueryResult {
  readonly fields: readonly Field[]
  /** What decides which rows come, or in which order. */
  readonly rows: Sources
  /** How many relations the statement had named when FROM ended: those of WHERE come after. */
  readonly fromEnd?: number
}

/** Called once the first part of a set operation is known: a recursive query's own columns. */
export type FirstPart = (fields: readonly Field[]) => void

/** SELECT in every form: plain, VALUES, TABLE, set operation (analyze.c, transformSelectStmt and its kin). */
export function readQuery(work: Work, body: Body, parent: Scope | null, firstPart?: FirstPart): QueryResult {
  return deeper(work, () => {
    const scope = openScope(parent)
    const rows: Sources = new Map()
    const firstUse = work.uses.length
    if (has(body, 'intoClause')) opaque('SELECT INTO makes a table')
    if (has(body, 'withClause')) readCtes(work, openAs('WithClause', body.withClause), scope, rows)
    const result = readForm(work, body, scope, rows, firstPart)
    return lock(work, body, result, work.uses.slice(firstUse), scope)
  })
}

function readForm(work: Work, body: Body, scope: Scope, rows: Sources, firstPart?: FirstPart): QueryResult {
  const operation = str(body, 'op') || 'SETOP_NONE'
  if (operation !== 'SETOP_NONE') return readSetOperation(work, body, scope, rows, operation, firstPart)
  if (has(body, 'valuesLists')) return readValues(work, body, scope, rows)
  return readPlain(work, body, scope, rows)
}

function readPlain(work: Work, body: Body, scope: Scope, rows: Sources): QueryResult {
  const place = { work, scope, sink: rows }
  scope.items = readFrom(work, scope, list(body, 'fromClause'), rows)
  const fromEnd = work.uses.length
  walkOptional(place, body, 'whereClause')
  const fields = readTargets(work, scope, list(body, 'targetList'))
  readGroups(place, list(body, 'groupClause'), fields)
  walkOptional(place, body, 'havingClause')
  for (const window of list(body, 'windowClause')) walkWindow(place, openOnly('WindowDef', window))
  const distinct = list(body, 'distinctClause')
  if (distinct.length > 0) readDistinct(work, distinct, scope, fields, rows)
  readLimit(work, body, scope, rows, readOrder(place, list(body, 'sortClause'), fields))
  return { fields: distinct.length > 0 ? fields.map(unpassable) : fields, rows, fromEnd }
}

/** DISTINCT compares every column; DISTINCT ON its expressions, and the order picks the row. */
function readDistinct(
  work: Work,
  distinct: readonly unknown[],
  scope: Scope,
  fields: readonly Field[],
  rows: Sources,
): void {
  for (const field of fields) compute(work, field, rows)
  const expressions = distinct.filter((node) => !isEmptyNode(node))
  for (const expression of expressions) {
    readOrder({ work, scope, sink: rows }, [{ SortBy: { node: expression } }], fields)
  }
}

function readLimit(work: Work, body: Body, scope: Scope, rows: Sources, keys: readonly Sources[]): void {
  if (keys.length > 0 && (has(body, 'limitCount') || has(body, 'limitOffset'))) work.tops.push(keys)
  const place = { work, scope, sink: rows }
  walkOptional(place, body, 'limitOffset')
  walkOptional(place, body, 'limitCount')
  const option = str(body, 'limitOption')
  if (!['', 'LIMIT_OPTION_DEFAULT', 'LIMIT_OPTION_COUNT', 'LIMIT_OPTION_WITH_TIES'].includes(option)) opaque(option)
}

function readValues(work: Work, body: Body, scope: Scope, rows: Sources): QueryResult {
  unplain(work)
  const sinks: Sources[] = []
  for (const row of list(body, 'valuesLists')) {
    for (const [index, value] of list(openOnly('List', row), 'items').entries()) {
      sinks[index] ??= new Map()
      compute(work, evaluate(work, scope, value, ''), sinks[index])
    }
  }
  const fields = sinks.map((sink, index) => computedField(`column${index + 1}`, sink))
  const keys = readOrder({ work, scope, sink: rows }, list(body, 'sortClause'), fields)
  readLimit(work, body, scope, rows, keys)
  return { fields, rows }
}

function readSetOperation(
  work: Work,
  body: Body,
  scope: Scope,
  rows: Sources,
  operation: string,
  firstPart?: FirstPart,
): QueryResult {
  if (!['SETOP_UNION', 'SETOP_INTERSECT', 'SETOP_EXCEPT'].includes(operation)) opaque(operation)
  useOperator(work, ['='])
  unplain(work)
  const left = readQuery(work, openAs('SelectStmt', body.larg), scope)
  firstPart?.(left.fields)
  const right = readQuery(work, openAs('SelectStmt', body.rarg), scope)
  if (left.fields.length !== right.fields.length) opaque('a set operation over different numbers of columns')
  const compares = operation !== 'SETOP_UNION' || !flag(body, 'all')
  const fields = left.fields.map((field, index) => merge(work, field, right.fields[index]!))
  for (const part of [left, right]) addSources(rows, part.rows)
  if (compares) for (const field of fields) addSources(rows, field.sources)
  const keys = readOrder({ work, scope, sink: rows }, list(body, 'sortClause'), fields)
  readLimit(work, body, scope, rows, keys)
  return { fields, rows }
}

function merge(work: Work, left: Field, right: Field): Field {
  const sources: Sources = new Map()
  compute(work, left, sources)
  compute(work, right, sources)
  return computedField(left.name, sources)
}

/**
 * FOR UPDATE and its kin lock the rows of what FROM reads, through its subqueries (analyze.c, transformLockingClause),
 * which needs the right to write. Of a query in WITH more is taken to be locked than is.
 */
function lock(work: Work, body: Body, result: QueryResult, from: readonly UseDraft[], scope: Scope): QueryResult {
  const clauses = list(body, 'lockingClause').map((clause) => openOnly('LockingClause', clause))
  if (clauses.length === 0) return result
  const lists = clauses.map((clause) =>
    list(clause, 'lockedRels').map((locked) => str(openOnly('RangeVar', locked), 'relname')),
  )
  const named = lists.every((aliases) => aliases.length > 0) ? new Set(lists.flat()) : null
  for (const use of from.filter(({ id }) => id < (result.fromEnd ?? Number.POSITIVE_INFINITY))) {
    const item = scope.items.find((each) => each.use === use.id)
    if (named === null || item === undefined || named.has(use.alias)) use.locked = true
  }
  work.verbs.add('update')
  for (const use of from) for (const column of use.referenced) use.computed.add(column)
  return { ...result, fields: result.fields.map(unpassable) }
}

/** The column names of an alias, checked. */
export function aliasColumns(value: unknown): readonly string[] {
  return value === undefined ? [] : names(openAs('Alias', value), 'colnames')
}
