import type { AnalysisContext, ColumnUse, StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { openUse } from './resolve_from.ts'
import type { Resolution } from './scope.ts'
import { blank, type Statement } from './statement_facts.ts'
import type { TableName } from './tree.ts'

/** Word sequences of SHOW that name no relation, by the name that the facts give them. */
const PLAIN: readonly (readonly [name: string, words: string])[] = [
  ['databases', 'DATABASES'],
  ['databases', 'SCHEMAS'],
  ['table status', 'TABLE STATUS'],
  ['open tables', 'OPEN TABLES'],
  ['triggers', 'TRIGGERS'],
  ['events', 'EVENTS'],
  ['procedure status', 'PROCEDURE STATUS'],
  ['function status', 'FUNCTION STATUS'],
  ['variables', 'VARIABLES'],
  ['status', 'STATUS'],
  ['engines', 'ENGINES'],
  ['engines', 'STORAGE ENGINES'],
  ['character set', 'CHARACTER SET'],
  ['character set', 'CHARSET'],
  ['collation', 'COLLATION'],
  ['processlist', 'PROCESSLIST'],
  ['plugins', 'PLUGINS'],
  ['privileges', 'PRIVILEGES'],
  ['warnings', 'WARNINGS'],
  ['errors', 'ERRORS'],
  ['grants', 'GRANTS'],
  ['profiles', 'PROFILES'],
]

/** SHOW in the forms that clients send (Reference Manual 15.7.7); every other form is refused. */
export function showFacts(
  cursor: Cursor,
  statement: Statement,
  text: string,
  context: AnalysisContext,
): StatementFacts {
  cursor.expect('SHOW')
  if (cursor.accept('COUNT', '(', '*', ')')) {
    if (!cursor.accept('WARNINGS')) cursor.expect('ERRORS')
    return shown(cursor, statement, 'warnings')
  }
  if (cursor.sees('CREATE')) return create(cursor, statement, text, context)
  cursor.accept('EXTENDED')
  cursor.accept('FULL')
  if (cursor.accept('TABLES')) return tables(cursor, statement)
  if (cursor.accept('COLUMNS') || cursor.accept('FIELDS')) return ofTable(cursor, statement, text, context, 'columns')
  if (cursor.accept('INDEX') || cursor.accept('INDEXES') || cursor.accept('KEYS'))
    return ofTable(cursor, statement, text, context, 'index')
  if (!cursor.accept('GLOBAL') && !cursor.accept('SESSION')) cursor.accept('LOCAL')
  for (const [name, words] of PLAIN) if (cursor.accept(...words.split(' '))) return plain(cursor, statement, name)
  return cursor.fail('this form of SHOW is refused', 'SP-OPAQUE')
}

function shown(cursor: Cursor, statement: Statement, name: string): StatementFacts {
  cursor.end()
  return { ...blank(statement, 'show'), name }
}

function plain(cursor: Cursor, statement: Statement, name: string): StatementFacts {
  if (name === 'grants') ownGrants(cursor)
  if (name === 'warnings' || name === 'errors') limit(cursor)
  if (/^(?:table status|open tables|triggers|events)$/.test(name)) database(cursor)
  filter(cursor)
  return shown(cursor, statement, name)
}

function ownGrants(cursor: Cursor): void {
  if (!cursor.accept('FOR')) return
  cursor.expect('CURRENT_USER')
  if (cursor.accept('(')) cursor.expect(')')
}

function limit(cursor: Cursor): void {
  if (!cursor.accept('LIMIT')) return
  const count = (): void => {
    if (cursor.next().kind !== 'number') cursor.fail('LIMIT takes numbers')
  }
  count()
  if (cursor.accept(',')) count()
}

function database(cursor: Cursor): void {
  if (cursor.accept('FROM') || cursor.accept('IN')) cursor.name()
}

/** `LIKE 'x'`, or WHERE over the columns of the list itself, without subqueries. */
function filter(cursor: Cursor): void {
  if (cursor.accept('LIKE')) {
    const { kind } = cursor.next()
    if (kind !== 'string' && kind !== 'param') cursor.fail('LIKE takes a string')
  } else if (cursor.accept('WHERE') && parseExpr(cursor).queries.length > 0) {
    cursor.fail('a subquery in SHOW is refused', 'SP-OPAQUE')
  }
}

function tables(cursor: Cursor, statement: Statement): StatementFacts {
  database(cursor)
  filter(cursor)
  return shown(cursor, statement, 'tables')
}

function ofTable(
  cursor: Cursor,
  statement: Statement,
  text: string,
  context: AnalysisContext,
  name: string,
): StatementFacts {
  if (!cursor.accept('FROM')) cursor.expect('IN')
  const named = tableName(cursor)
  const separate = named.parts.length === 1 && (cursor.accept('FROM') || cursor.accept('IN'))
  const table = separate ? { ...named, parts: [cursor.name(), ...named.parts] } : named
  filter(cursor)
  return withTable(shown(cursor, statement, name), table, text, context, [])
}

function tableName(cursor: Cursor): TableName {
  const parts = [cursor.name()]
  if (cursor.accept('.')) parts.push(cursor.nameAfterDot())
  return { kind: 'table', parts, alias: null, partition: null, hints: null }
}

function create(cursor: Cursor, statement: Statement, text: string, context: AnalysisContext): StatementFacts {
  cursor.expect('CREATE')
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) {
    cursor.accept('IF', 'NOT', 'EXISTS')
    cursor.name()
    return shown(cursor, statement, 'create database')
  }
  if (!cursor.accept('TABLE')) cursor.fail('SHOW CREATE of routines and views is refused', 'SP-OPAQUE')
  const table = tableName(cursor)
  const facts = withTable(shown(cursor, statement, 'create table'), table, text, context, ['read'])
  const kind = facts.uses[0]!.relation.kind
  if (kind === 'view') cursor.fail('SHOW CREATE of routines and views is refused', 'SP-OPAQUE')
  return facts
}

/** The relation that SHOW describes. SHOW CREATE TABLE counts as a use of every column, for it prints conditions. */
function withTable(
  facts: StatementFacts,
  table: TableName,
  text: string,
  context: AnalysisContext,
  verbs: StatementFacts['verbs'],
): StatementFacts {
  const state: Resolution = { text, context, uses: [] }
  const reason = 'the statement describes the table'
  const use = openUse(state, table, 'read', reason)
  const [first, second] = [table.parts[0]!, table.parts.at(-1)!]
  const span = { start: Math.min(first.start, second.start), end: Math.max(first.end, second.end) }
  const columns = new Map<string, ColumnUse>()
  if (verbs.length > 0) for (const { name } of use.relation.columns) columns.set(name, 'computed')
  return { ...facts, verbs, uses: [{ ...use, span, columns }] }
}

/** DESCRIBE t, EXPLAIN t: the columns of a table. */
export function describeFacts(
  cursor: Cursor,
  statement: Statement,
  text: string,
  context: AnalysisContext,
): StatementFacts {
  cursor.next()
  const table = tableName(cursor)
  if (cursor.peek().kind === 'string') cursor.next()
  else if (cursor.seesName()) cursor.next()
  return withTable(shown(cursor, statement, 'columns'), table, text, context, [])
}
