import type { Column, Relation } from '../catalog.ts'
import { targetField } from './column_ref.ts'
import { copyShape } from './copy_options.ts'
import { walkOptional } from './expression.ts'
import type { Field, Sources } from './field.ts'
import { type Body, flag, has, list, names, opaque, open, openAs, refuse, str } from './node.ts'
import { optionsOf } from './option_value.ts'
import { readQuery } from './query.ts'
import { relationItem, useRelation } from './relation.ts'
import { openScope } from './scope.ts'
import { isKeyword, quoteName, textOf } from './source.ts'
import { collected, type Findings, sourcesOf } from './statement.ts'
import { compute, type Work } from './work.ts'
import { isWrite, readWrite } from './write_kind.ts'

/** Files and programs of the server: nothing of theirs comes through the connection. */
const SERVER_SIDE = "COPY with a file or program of the server is not offered; use STDIN, STDOUT or psql's \\copy"

/** COPY through the connection. `start` is where the statement begins in the text. */
export function readCopy(work: Work, body: Body, start: number): Findings {
  if (flag(body, 'is_program') || str(body, 'filename') !== '') refuse('SP-EXPORT', SERVER_SIDE)
  const options = optionsOf(list(body, 'options'))
  const shape = copyShape(options, flag(body, 'is_from') ? 'from' : 'to')
  if (flag(body, 'is_from')) return { ...copyIn(work, body), copy: { ...shape, query: null } }
  const { findings, query, columns } = has(body, 'query') ? copyQuery(work, body, start) : copyTable(work, body)
  checkForced(shape.forceQuote, columns)
  return { ...findings, copy: { ...shape, query } }
}

interface CopyOut {
  readonly findings: Findings
  readonly query: string
  readonly columns: readonly string[]
}

/** The rows leave as COPY data: every column counts as computed on. */
function copyQuery(work: Work, body: Body, start: number): CopyOut {
  const { tag, body: query } = open(body.query)
  const { fields, rows, hasWhere } = isWrite(tag) ? readWrite(work, tag, query, null) : readRows(work, tag, query)
  if (fields === null) return opaque('COPY of a write without RETURNING')
  for (const field of fields) compute(work, field, new Map())
  work.verbs.add('read').add('export')
  const findings: Findings = { kind: 'copy', ...collected(work), rowSources: sourcesOf(rows), hasWhere }
  return { findings, query: queryText(work, start), columns: fields.map(({ name }) => name) }
}

function readRows(work: Work, tag: string, query: Body) {
  if (tag !== 'SelectStmt') opaque(`COPY of ${tag}`)
  const result: { readonly fields: readonly Field[]; readonly rows: Sources } = readQuery(work, query, null)
  return { ...result, hasWhere: has(query, 'whereClause') }
}

/** The server reads the table alone, not its children, and leaves generated columns out (copyto.c, BeginCopyTo). */
function copyTable(work: Work, body: Body): CopyOut {
  const range = openAs('RangeVar', body.relation)
  const use = useRelation(work, range, 'read')
  checkKind(work, use.relation)
  const columns = columnsOf(body, use.relation)
  const item = relationItem(use, range)
  use.fixed = 'COPY of a table; its rows are those of a SELECT'
  for (const name of columns) compute(work, targetField(work, item, name), new Map())
  work.verbs.add('read').add('export')
  const { schema, name } = use.relation
  const query = `SELECT ${columns.map(quoteName).join(', ')} FROM ONLY ${quoteName(schema)}.${quoteName(name)}`
  return { findings: { kind: 'copy', ...collected(work) }, query, columns }
}

function checkKind({ context }: Work, { kind, schema, name }: Relation): void {
  const allowed = kind === 'table' || kind === 'system' || (kind === 'materialized_view' && context.catalog.major >= 18)
  if (!allowed) opaque(`COPY of ${schema}.${name}, which is no plain table; write COPY (SELECT ...) TO`)
}

function copyIn(work: Work, body: Body): Findings {
  const range = openAs('RangeVar', body.relation)
  const use = useRelation(work, range, 'target')
  use.verbs.add('insert')
  const item = relationItem(use, range)
  for (const name of columnsOf(body, use.relation)) {
    targetField(work, item, name)
    use.written.add(name)
  }
  const scope = openScope(null)
  scope.items = [item]
  const rows: Sources = new Map()
  walkOptional({ work, scope, sink: rows }, body, 'whereClause')
  work.verbs.add('insert')
  if (use.computed.size > 0) work.verbs.add('read')
  return { kind: 'copy', ...collected(work), rowSources: sourcesOf(rows), hasWhere: has(body, 'whereClause') }
}

function columnsOf(body: Body, relation: Relation): readonly string[] {
  const plain = relation.columns.filter((column) => !isGenerated(column)).map(({ name }) => name)
  if (!has(body, 'attlist')) return plain
  const named = names(body, 'attlist')
  if (new Set(named).size !== named.length) refuse('SP-COLUMN', 'COPY names a column twice')
  const other = relation.columns.find((column) => isGenerated(column) && named.includes(column.name))
  if (other !== undefined) refuse('SP-COLUMN', `the generated column "${other.name}" can't be used in COPY`)
  return named
}

function isGenerated({ generatedFrom }: Column): boolean {
  return generatedFrom.length > 0
}

function checkForced(forced: readonly string[] | 'all', columns: readonly string[]): void {
  const unknown = forced === 'all' ? undefined : forced.find((name) => !columns.includes(name))
  if (unknown !== undefined) refuse('SP-COLUMN', `FORCE_QUOTE names "${unknown}", which is no column of this COPY`)
}

/** What stands in the parentheses after COPY, as written. */
function queryText({ source }: Work, start: number): string {
  const first = source.tokens.findIndex((token) => token.start >= start)
  if (!isKeyword(source, first, 'copy') || textOf(source, first + 1) !== '(') opaque('the query of COPY is not found')
  let depth = 0
  for (let index = first + 1; index < source.tokens.length; index++) {
    const text = source.tokens[index]?.kind === 'punctuation' ? textOf(source, index) : ''
    if (text === '(') depth += 1
    else if (text === ')') depth -= 1
    if (depth === 0) return source.text.slice(source.tokens[first + 1]!.end, source.tokens[index]!.start).trim()
  }
  return opaque('the query of COPY does not end')
}
