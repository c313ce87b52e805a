import type { AnalysisContext, ColumnRef, StatementFacts, Verb } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseQuery } from './query.ts'
import { openUse, sourceOf } from './resolve_from.ts'
import { readExpr, resolveQuery } from './resolve_query.ts'
import { lookup, mark, type OpenUse, opaque, type Resolution, type Scope, unique } from './scope.ts'
import { blank, type Statement } from './statement_facts.ts'
import type { Assignment, ColumnName, Delete, Expr, Insert, Notes, Query, Update } from './tree.ts'
import { parseDelete, parseInsert, parseUpdate } from './write.ts'

type Written = Insert | Update | Delete

/** The facts of SELECT, INSERT, REPLACE, UPDATE and DELETE; the cursor ends behind the statement. */
export function dataFacts(
  cursor: Cursor,
  statement: Statement,
  text: string,
  context: AnalysisContext,
): StatementFacts {
  const parsed = parseData(cursor)
  cursor.end()
  const state: Resolution = { text, context, uses: [] }
  return parsed.kind === 'query'
    ? selectFacts(state, parsed, statement, cursor.notes.locking)
    : writeFacts(state, parsed, statement)
}

function parseData(cursor: Cursor): Query | Written {
  const { upper } = cursor.peek()
  if (upper === 'INSERT' || upper === 'REPLACE') return parseInsert(cursor)
  if (upper === 'UPDATE') return parseUpdate(cursor)
  if (upper === 'DELETE') return parseDelete(cursor)
  return parseQuery(cursor)
}

function selectFacts(state: Resolution, query: Query, statement: Statement, locking: boolean): StatementFacts {
  const { outputs, rowSources } = resolveQuery(state, query, { outer: null, ctes: null, top: !locking }, null)
  const uses = locking ? state.uses.map((use) => ({ ...use, fixed: 'the statement locks rows' })) : state.uses
  return {
    ...blank(statement, 'select'),
    verbs: locking ? ['read', 'update'] : ['read'],
    uses,
    output: outputs.map(({ field }) => field),
    rowSources,
    hasWhere: query.terms.some((term) => term.kind === 'select' && term.where !== null),
  }
}

function writeFacts(state: Resolution, parsed: Written, statement: Statement): StatementFacts {
  const use = openUse(state, parsed.table, 'target', `the target of ${parsed.kind}`)
  const scope = targetScope(state, use)
  const rowSources = parsed.kind === 'insert' ? insert(state, parsed, use, scope) : change(state, parsed, scope)
  if (parsed.kind === 'delete') for (const { name } of use.relation.columns) touch(use, name)
  return {
    ...blank(statement, parsed.kind),
    verbs: verbsOf(parsed, state.uses),
    uses: state.uses,
    rowSources,
    hasWhere: parsed.kind !== 'insert' && parsed.where !== null,
  }
}

/** A deleted row loses every column: those that the statement doesn't read count as written. */
function touch(use: OpenUse, column: string): void {
  if (!use.columns.has(column)) use.columns.set(column, 'written')
}

function targetScope(state: Resolution, use: OpenUse): Scope {
  return {
    catalog: state.context.catalog,
    sources: [sourceOf(use)],
    merged: [],
    outputs: [],
    open: false,
    parent: null,
  }
}

function verbsOf(parsed: Written, uses: readonly OpenUse[]): Verb[] {
  const verbs: Verb[] = [parsed.kind]
  if (parsed.kind === 'insert' && parsed.replace) verbs.push('delete')
  if (parsed.kind === 'insert' && parsed.onDuplicate.length > 0) verbs.push('update')
  const reads = uses.some(({ role, columns }) => role === 'read' || [...columns.values()].includes('computed'))
  return reads ? [...verbs, 'read'] : verbs
}

function insert(state: Resolution, parsed: Insert, use: OpenUse, scope: Scope): ColumnRef[] {
  if (parsed.columns === null) for (const { name } of use.relation.columns) touch(use, name)
  for (const column of parsed.columns ?? []) write(column, scope)
  const rows = read(state, parsed.values, scope)
  const result = parsed.query === null ? null : resolveQuery(state, parsed.query, OUTERMOST, null)
  rows.push(...(result?.rowSources ?? []))
  if (result !== null) refuseForeign(use, parsed.onDuplicate)
  rows.push(...assign(state, parsed.onDuplicate, scope))
  return unique(rows)
}

const OUTERMOST = { outer: null, ctes: null, top: false }

/** In INSERT ... SELECT the assignments could name the columns of the query's tables too: those are refused. */
function refuseForeign(use: OpenUse, set: readonly Assignment[]): void {
  const own = new Set(use.relation.columns.map(({ name }) => name.toLowerCase()))
  for (const { parts } of set.flatMap(({ value }) => value?.columns ?? []))
    if (!own.has(parts.at(-1)!.value.toLowerCase()))
      throw opaque('ON DUPLICATE KEY UPDATE may name columns of the inserted table only')
}

function change(state: Resolution, parsed: Update | Delete, scope: Scope): ColumnRef[] {
  const rows = parsed.kind === 'update' ? assign(state, parsed.set, scope) : []
  const where = parsed.where === null ? [] : [parsed.where]
  return unique([...rows, ...read(state, [...where, ...parsed.orderBy], scope)])
}

function assign(state: Resolution, set: readonly Assignment[], scope: Scope): ColumnRef[] {
  for (const { target } of set) write(target, scope)
  const values = set.flatMap(({ value }) => (value === null ? [] : [value]))
  return read(state, values, scope)
}

function write(column: ColumnName, scope: Scope): void {
  mark(lookup(column, scope, 'columns'), 'written')
}

function read(state: Resolution, exprs: readonly Expr[], scope: Scope): ColumnRef[] {
  return exprs.flatMap((expr) => readExpr(state, expr, { outer: scope, ctes: null, top: false }, scope, 'columns'))
}

/** What the parser notes of a statement whose facts are known already. */
export function notesOf(cursor: Cursor): Notes {
  parseData(cursor)
  return cursor.notes
}
