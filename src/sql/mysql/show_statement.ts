import type { AnalysisContext, ColumnUse, StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { plainTable, qualifiedName } from './plain_table.ts'
import type { Reading } from './reading.ts'
import { openUse } from './resolve_from.ts'
import type { Resolution } from './scope.ts'
import { readCreate } from './show_create.ts'
import { LISTS, type ListForm } from './show_lists.ts'
import { blank, type Statement } from './statement_facts.ts'
import type { TableName } from './tree.ts'

/** SHOW (Reference Manual 15.7.7; MariaDB's forms): `name` is what is shown, as `policy/kinds.ts` lists it. */
export function showFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  cursor.expect('SHOW')
  if (cursor.accept('COUNT', '(', '*', ')')) {
    if (!cursor.accept('WARNINGS')) cursor.expect('ERRORS')
    return shown(cursor, statement, 'warnings')
  }
  if (cursor.accept('CREATE')) return readCreate(reading)
  cursor.accept('EXTENDED')
  cursor.accept('FULL')
  if (cursor.accept('COLUMNS') || cursor.accept('FIELDS')) return ofTable(reading, 'columns')
  if (cursor.accept('INDEX') || cursor.accept('INDEXES') || cursor.accept('KEYS')) return ofTable(reading, 'index')
  if (!cursor.accept('GLOBAL') && !cursor.accept('SESSION')) cursor.accept('LOCAL')
  for (const form of LISTS) if (cursor.accept(...form.words)) return list(reading, form)
  return cursor.fail('this form of SHOW is not known', 'SP-OPAQUE')
}

/** A list that touches no table of anybody. */
export function shown(cursor: Cursor, statement: Statement, name: string): StatementFacts {
  cursor.end()
  return { ...blank(statement, 'show'), name, settings: cursor.notes.settings }
}

function list({ cursor, statement }: Reading, { name, then }: ListForm): StatementFacts {
  const facts = { ...blank(statement, 'show'), name }
  // What is not read on is refused under every narrow grant.
  if (then === 'anything') return { ...facts, ...exported(name) }
  if (then === 'grantee') ownGrants(cursor)
  if (then === 'limit') limit(cursor)
  if (then === 'database') database(cursor)
  filter(cursor)
  return shown(cursor, statement, name)
}

/** Events of the binary log are rows of everybody's tables. */
function exported(name: string): Partial<StatementFacts> {
  return name === 'binlog events' || name === 'relaylog events' ? { verbs: ['export'] } : {}
}

/** One's own privileges, however one is named; anyone else's are not known to be shown. */
function ownGrants(cursor: Cursor): void {
  if (!cursor.accept('FOR')) return
  cursor.expect('CURRENT_USER')
  if (cursor.accept('(')) cursor.expect(')')
  if (cursor.sees('USING')) cursor.fail('SHOW GRANTS USING is refused', 'SP-OPAQUE')
}

function limit(cursor: Cursor): void {
  if (!cursor.accept('LIMIT')) return
  const count = (): void => {
    if (cursor.next().kind !== 'number') cursor.fail('LIMIT takes numbers')
  }
  count()
  if (cursor.accept(',') || cursor.accept('OFFSET')) count()
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

function ofTable(reading: Reading, name: 'columns' | 'index'): StatementFacts {
  const { cursor, statement } = reading
  if (!cursor.accept('FROM')) cursor.expect('IN')
  const parts = qualifiedName(cursor)
  const separate = parts.length === 1 && (cursor.accept('FROM') || cursor.accept('IN'))
  const table = plainTable(separate ? [cursor.name(), ...parts] : parts)
  filter(cursor)
  const facts = withTable(shown(cursor, statement, name), table, reading, [])
  return name === 'index' ? withCounts(facts) : facts
}

/** SHOW INDEX tells how many values the columns of each index have; in a key of one column there are as many as rows. */
function withCounts(facts: StatementFacts): StatementFacts {
  const uses = facts.uses.map((use) => {
    const { indexes, columns } = use.relation
    const several = indexes?.filter((index) => !index.unique || index.columns.length > 1)
    const counted = several?.flatMap((index) => index.columns) ?? columns.map(({ name }) => name)
    return { ...use, columns: new Map(counted.map((name): [string, ColumnUse] => [name, 'computed'])) }
  })
  return { ...facts, uses }
}

/** The relation that is described. SHOW CREATE TABLE counts as a use of every column, for it prints conditions. */
export function withTable(
  facts: StatementFacts,
  table: TableName,
  { text, context }: { readonly text: string; readonly context: AnalysisContext },
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
export function describeFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  cursor.next()
  const table = plainTable(qualifiedName(cursor))
  if (cursor.peek().kind === 'string') cursor.next()
  else if (cursor.seesName()) cursor.next()
  return withTable(shown(cursor, statement, 'columns'), table, reading, [])
}
