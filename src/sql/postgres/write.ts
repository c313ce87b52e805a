import type { OutputField, StatementKind } from '../facts.ts'
import { targetField } from './column_ref.ts'
import { readCtes } from './cte.ts'
import { walk, walkOptional } from './expression.ts'
import { addSources, type Sources } from './field.ts'
import { checkNames, readFrom } from './from.ts'
import { noteGiven } from './given.ts'
import { type Body, has, list, opaque, open, openAs, openOnly, str } from './node.ts'
import { readQuery } from './query.ts'
import { relationItem, useRelation } from './relation.ts'
import { derivedItem, type Item, openScope, type Scope } from './scope.ts'
import { collected, type Findings, outputOf, sourcesOf } from './statement.ts'
import { readTargets } from './target.ts'
import { afterRows, compute, type Work } from './work.ts'

/** A write while it is read: its target, what it sees, and what decides its rows. */
interface Write {
  readonly work: Work
  readonly scope: Scope
  readonly rows: Sources
  readonly target: Item
}

export function readInsert(work: Work, body: Body): Findings {
  const write = startWrite(work, body)
  const { target, rows } = write
  work.verbs.add('insert')
  const columns = list(body, 'cols').map((value) => openOnly('ResTarget', value))
  const named = columns.length > 0 ? columns.map((column) => str(column, 'name')) : allColumns(target)
  for (const name of named) assign(write, name)
  for (const column of columns) walkSubscripts(write, column)
  if (has(body, 'selectStmt')) readSource(write, openOnly('SelectStmt', body.selectStmt))
  // The target is named in ON CONFLICT and RETURNING alone: the source does not see it.
  write.scope.items = [target]
  if (has(body, 'onConflictClause')) readConflict(write, openAs('OnConflictClause', body.onConflictClause))
  return finishWrite(write, 'insert', returning(write, body), false, rows)
}

export function readUpdate(work: Work, body: Body): Findings {
  const write = startWrite(work, body)
  work.verbs.add('update')
  enterFrom(write, list(body, 'fromClause'))
  afterRows(work, () => readAssignments(write, list(body, 'targetList')))
  walkOptional({ work, scope: write.scope, sink: write.rows }, body, 'whereClause')
  return finishWrite(write, 'update', returning(write, body), has(body, 'whereClause'), write.rows)
}

export function readDelete(work: Work, body: Body): Findings {
  const write = startWrite(work, body)
  work.verbs.add('delete')
  enterFrom(write, list(body, 'usingClause'))
  walkOptional({ work, scope: write.scope, sink: write.rows }, body, 'whereClause')
  return finishWrite(write, 'delete', returning(write, body), has(body, 'whereClause'), write.rows)
}

function startWrite(work: Work, body: Body): Write {
  const scope = openScope(null)
  const rows: Sources = new Map()
  if (has(body, 'withClause')) readCtes(work, openAs('WithClause', body.withClause), scope, rows)
  const range = openAs('RangeVar', body.relation)
  const use = useRelation(work, range, 'target')
  noteGiven(use, body)
  return { work, scope, rows, target: relationItem(use, range) }
}

/** The target stands in front of FROM or USING, and is not visible to LATERAL there. */
function enterFrom(write: Write, elements: readonly unknown[]): void {
  const items = readFrom(write.work, write.scope, elements, write.rows)
  checkNames([write.target], items)
  write.scope.items = [write.target, ...items]
}

/** What goes into a write can't be masked on the way back, so that all of it is computed on. */
function readSource(write: Write, body: Body): void {
  const result = readQuery(write.work, body, write.scope)
  for (const field of result.fields) compute(write.work, field, write.rows)
  addSources(write.rows, result.rows)
}

function assign(write: Write, name: string): void {
  targetField(write.work, write.target, name)
  write.work.uses[write.target.use!]!.written.add(name)
}

function readAssignments(write: Write, targets: readonly unknown[]): void {
  for (const value of targets) {
    const target = openOnly('ResTarget', value)
    assign(write, str(target, 'name'))
    walkSubscripts(write, target)
    readValue(write, target.val)
  }
}

/** `(a, b) = (SELECT ...)`: the tree repeats the source for each column, and it is read once. */
function readValue(write: Write, value: unknown): void {
  const { tag, body } = open(value)
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  if (tag !== 'MultiAssignRef') return walk(place, value)
  if (body.colno === 1) walk(place, body.source)
}

/** `column[1] = x` and `column.attribute = x` keep the rest of the column: it is read. */
function walkSubscripts(write: Write, target: Body): void {
  const parts = list(target, 'indirection').map(open)
  if (parts.length === 0) return
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  compute(write.work, targetField(write.work, write.target, str(target, 'name')), write.rows)
  for (const part of parts) {
    if (part.tag === 'String') continue
    if (part.tag !== 'A_Indices') opaque(`${part.tag} in a target column`)
    walkOptional(place, part.body, 'lidx')
    walkOptional(place, part.body, 'uidx')
  }
}

function readConflict(write: Write, body: Body): void {
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  if (has(body, 'infer')) readInference(write, openAs('InferClause', body.infer))
  else computeConstrained(write)
  const action = str(body, 'action')
  if (action === 'ONCONFLICT_NOTHING') return
  if (action !== 'ONCONFLICT_UPDATE') opaque(`the conflict action ${action}`)
  write.work.verbs.add('update')
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

/** RETURNING, in PostgreSQL 18 with names for the old and the new row. */
function returning(write: Write, body: Body): readonly OutputField[] | null {
  const clause = has(body, 'returningClause') ? openAs('ReturningClause', body.returningClause) : null
  if (clause !== null && has(clause, 'options')) opaque('RETURNING WITH')
  const targets = clause === null ? list(body, 'returningList') : list(clause, 'exprs')
  if (targets.length === 0) return null
  const { scope } = write
  if (clause !== null) scope.items = [...scope.items, ...rowVersions(write)]
  const fields = afterRows(write.work, () => readTargets(write.work, scope, targets))
  write.work.verbs.add('read')
  for (const field of fields) compute(write.work, field, new Map())
  return outputOf(fields)
}

function rowVersions(write: Write): readonly Item[] {
  const taken = new Set(write.scope.items.map((item) => item.alias))
  const versions = ['old', 'new'].filter((name) => !taken.has(name))
  return versions.map((name) => ({ ...derivedItem(name, write.target.fields), open: false }))
}

function finishWrite(
  write: Write,
  kind: StatementKind,
  output: readonly OutputField[] | null,
  hasWhere: boolean,
  rows: Sources,
): Findings {
  const { work } = write
  const target = work.uses[write.target.use!]!
  // What a write reads needs the right to read: of the target as of any other relation.
  if (target.computed.size > 0 || work.uses.length > 1) work.verbs.add('read')
  return { kind, ...collected(work), output, rowSources: sourcesOf(rows), hasWhere }
}

function allColumns(target: Item): readonly string[] {
  return target.relation?.columns.map((column) => column.name) ?? []
}
