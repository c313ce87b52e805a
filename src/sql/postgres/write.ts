import { targetField } from './column_ref.ts'
import { walkOptional } from './expression.ts'
import { type Body, has, list, opaque, openAs, openOnly, str } from './node.ts'
import { readReturning } from './returning.ts'
import { derivedItem, type Item, type Scope } from './scope.ts'
import { afterRows, compute, type Work } from './work.ts'
import {
  addVerb,
  assign,
  columnsOf,
  enterFrom,
  finishWrite,
  readAssignments,
  readSource,
  startWrite,
  type Write,
  type WriteResult,
  walkSubscripts,
} from './write_scope.ts'

/** INSERT. `parent` is set where it stands in WITH. */
export function readInsert(work: Work, body: Body, parent: Scope | null): WriteResult {
  const write = startWrite(work, body, parent, 'insert')
  const { target } = write
  const columns = list(body, 'cols').map((value) => openOnly('ResTarget', value))
  const named = columns.length > 0 ? columns.map((column) => str(column, 'name')) : columnsOf(target)
  for (const name of named) assign(write, name)
  for (const column of columns) walkSubscripts(write, column)
  if (has(body, 'selectStmt')) readSource(write, openOnly('SelectStmt', body.selectStmt))
  // The target is named in ON CONFLICT and RETURNING alone: the source does not see it.
  write.scope.items = [target]
  if (has(body, 'onConflictClause')) readConflict(write, openAs('OnConflictClause', body.onConflictClause))
  return finishWrite(write, { kind: 'insert', fields: readReturning(write, body), hasWhere: false })
}

export function readUpdate(work: Work, body: Body, parent: Scope | null): WriteResult {
  const write = startWrite(work, body, parent, 'update')
  enterFrom(write, list(body, 'fromClause'))
  afterRows(work, () => readAssignments(write, list(body, 'targetList')))
  return finishRows(write, body, 'update')
}

export function readDelete(work: Work, body: Body, parent: Scope | null): WriteResult {
  const write = startWrite(work, body, parent, 'delete')
  enterFrom(write, list(body, 'usingClause'))
  return finishRows(write, body, 'delete')
}

function finishRows(write: Write, body: Body, kind: 'update' | 'delete'): WriteResult {
  const hasWhere = has(body, 'whereClause')
  if (hasWhere) checkCondition(body.whereClause)
  else write.work.unconditional = true
  walkOptional({ work: write.work, scope: write.scope, sink: write.rows }, body, 'whereClause')
  return finishWrite(write, { kind, fields: readReturning(write, body), hasWhere })
}

/** The row that a cursor stands on: a cursor over a subquery that stands in for a table has none. */
function checkCondition(value: unknown): void {
  if (typeof value === 'object' && value !== null && 'CurrentOfExpr' in value) {
    opaque('WHERE CURRENT OF takes its row from a cursor; name the row by its key')
  }
}

function readConflict(write: Write, body: Body): void {
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  if (has(body, 'infer')) readInference(write, openAs('InferClause', body.infer))
  else computeConstrained(write)
  const action = str(body, 'action')
  if (action === 'ONCONFLICT_NOTHING') return
  if (action !== 'ONCONFLICT_UPDATE') opaque(`the conflict action ${action}`)
  addVerb(write, 'update')
  const excluded: Item = { ...derivedItem('excluded', write.target.fields), relation: null }
  write.scope.items = [write.target, excluded]
  readAssignments(write, list(body, 'targetList'))
  walkOptional(place, body, 'whereClause')
  write.scope.items = [write.target]
}

/** The columns or the constraint of ON CONFLICT answer whether a value exists: they are computed on. */
function readInference(write: Write, body: Body): void {
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  for (const element of list(body, 'indexElems').map((value) => openOnly('IndexElem', value))) {
    if (has(element, 'name')) {
      compute(write.work, targetField(write.work, write.target, str(element, 'name')), write.rows)
    }
    walkOptional(place, element, 'expr')
  }
  walkOptional(place, body, 'whereClause')
  if (has(body, 'conname')) computeConstrained(write)
}

/** Where no column is named, any constraint of the table may answer. */
function computeConstrained(write: Write): void {
  for (const name of write.target.relation?.constrained ?? []) {
    compute(write.work, targetField(write.work, write.target, name), write.rows)
  }
}
