import { walk } from './expression.ts'
import { addSources, computedField, type Field, renamed, type Sources } from './field.ts'
import { type Body, flag, has, list, names, opaque, open, openAs, openOnly, refuse, str } from './node.ts'
import { readQuery } from './query.ts'
import type { Cte, Scope } from './scope.ts'
import { compute, type Work } from './work.ts'
import { isWrite, readWrite } from './write_kind.ts'

/**
 * WITH (parse_cte.c): without RECURSIVE a query sees those before it; with it all of them, itself included, whatever
 * their order, so that each is read when it is first named.
 */
export function readCtes(work: Work, clause: Body, scope: Scope, rows: Sources): void {
  const recursive = flag(clause, 'recursive')
  const bodies = list(clause, 'ctes').map((value) => openOnly('CommonTableExpr', value))
  const entries = bodies.map((body) => entryOf(work, body, scope))
  if (new Set(entries.map((entry) => entry.name)).size !== entries.length) opaque('two WITH queries of one name')
  if (recursive) for (const entry of entries) scope.ctes.set(entry.name, entry)
  for (const entry of entries) {
    if (entry.state === 'pending') entry.read()
    scope.ctes.set(entry.name, entry)
    addSources(rows, entry.rows)
  }
}

function entryOf(work: Work, body: Body, scope: Scope): Cte {
  const entry: Cte = {
    name: str(body, 'ctename'),
    fields: null,
    state: 'pending',
    recursive: false,
    rows: new Map(),
    read: () => readCte(work, body, scope, entry),
  }
  return entry
}

function readCte(work: Work, body: Body, scope: Scope, entry: Cte): void {
  const columns = names(body, 'aliascolnames')
  const node = open(body.ctequery)
  entry.state = 'active'
  if (isWrite(node.tag)) return readWriting(work, body, scope, entry)
  if (node.tag !== 'SelectStmt') opaque(`${node.tag} inside WITH`)
  // What a recursive query reads of itself is known by name alone: its values may come from any of its columns.
  const result = readQuery(work, node.body, scope, (first) => {
    entry.fields = aliased(entry, first, columns).map((field) => computedField(field.name, field.sources))
  })
  addSources(entry.rows, result.rows)
  entry.fields = aliased(entry, result.fields, columns)
  if (entry.recursive) entry.fields = mixed(work, entry.fields)
  entry.fields = [...entry.fields, ...generated(work, body, scope, entry)]
  entry.state = 'done'
}

/**
 * INSERT, UPDATE, DELETE or MERGE in WITH (parse_cte.c, transformWithClause): at the top of the statement alone, and it
 * runs whether or not it is named. What RETURNING gives has been computed on; without it there is nothing to name.
 */
function readWriting(work: Work, body: Body, scope: Scope, entry: Cte): void {
  if (scope.parent !== null) opaque('a write in WITH below the top of the statement')
  if (has(body, 'search_clause') || has(body, 'cycle_clause')) opaque('SEARCH or CYCLE over a write')
  const { tag, body: query } = open(body.ctequery)
  const result = readWrite(work, tag, query, scope)
  if (entry.recursive) opaque(`the write "${entry.name}" names itself`)
  addSources(entry.rows, result.rows)
  if (result.fields !== null) entry.fields = aliased(entry, result.fields, names(body, 'aliascolnames'))
  entry.state = 'done'
}

/** True where the WITH of a statement holds a write. */
export function hasWritingQuery(body: Body): boolean {
  if (!has(body, 'withClause')) return false
  const queries = list(openAs('WithClause', body.withClause), 'ctes').map((value) => openOnly('CommonTableExpr', value))
  return queries.some((query) => isWrite(open(query.ctequery).tag))
}

function aliased(entry: Cte, fields: readonly Field[], columns: readonly string[]): readonly Field[] {
  return renamed(fields, columns) ?? refuse('SP-COLUMN', `"${entry.name}" has fewer columns than its names`)
}

/** Through recursion each column can depend on every other. */
function mixed(work: Work, fields: readonly Field[]): readonly Field[] {
  const sources: Sources = new Map()
  for (const field of fields) compute(work, field, sources)
  return fields.map((field) => computedField(field.name, sources))
}

/** The columns that SEARCH and CYCLE add. */
function generated(work: Work, body: Body, scope: Scope, entry: Cte): readonly Field[] {
  const fields = entry.fields ?? []
  const sources: Sources = new Map()
  const added: string[] = []
  if (has(body, 'search_clause')) added.push(str(openAs('CTESearchClause', body.search_clause), 'search_seq_column'))
  if (has(body, 'cycle_clause')) {
    const cycle = openAs('CTECycleClause', body.cycle_clause)
    for (const key of ['cycle_mark_value', 'cycle_mark_default']) {
      if (has(cycle, key)) walk({ work, scope, sink: sources }, cycle[key])
    }
    added.push(str(cycle, 'cycle_mark_column'), str(cycle, 'cycle_path_column'))
  }
  if (added.length > 0) for (const field of fields) compute(work, field, sources)
  return added.map((name) => computedField(name, sources))
}
