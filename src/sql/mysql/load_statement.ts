import type { Given, SettingChange, StatementFacts, Verb } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { plainTable, qualifiedName } from './plain_table.ts'
import type { Reading } from './reading.ts'
import { openUse, sourceOf } from './resolve_from.ts'
import { mark, type Resolution } from './scope.ts'
import { blank } from './statement_facts.ts'
import type { ColumnName, TableName } from './tree.ts'
import { partitions } from './write.ts'
import { columnOf, readAll, scopeOver } from './write_scope.ts'
import type { Assignment } from './write_tree.ts'
import { assignments, columnName } from './write_value.ts'

interface Load {
  readonly local: boolean
  readonly replace: boolean
  readonly ignore: boolean
  readonly table: TableName
  readonly fields: readonly (ColumnName | SettingChange)[]
  readonly set: readonly Assignment[]
}

/** LOAD DATA and LOAD XML (Reference Manual 15.2.9, 15.2.10): `name` says where the file is, `local` or `server`. */
export function loadFacts({ cursor, statement, text, context }: Reading): StatementFacts {
  const load = parseLoad(cursor)
  cursor.end()
  const state: Resolution = { text, context, uses: [] }
  const use = openUse(state, load.table, 'target', 'the target of LOAD DATA')
  const scope = scopeOver(state, [sourceOf(use)])
  const given = new Map<string, readonly Given[]>()
  const columns = load.fields.flatMap((field) => ('kind' in field ? [field] : []))
  for (const name of [...columns, ...load.set.map(({ target }) => target)]) {
    const column = columnOf(name, scope)
    mark([column], 'written')
    given.set(column.base.column, [undefined])
  }
  if (load.fields.length === 0) {
    for (const { name } of use.relation.columns) {
      if (!use.columns.has(name)) use.columns.set(name, 'written')
      given.set(name, [undefined])
    }
  }
  const values = load.set.map(({ value }) => value)
  readAll(state, values, scope)
  const uses = state.uses.map((one) => (one === use ? { ...use, given, conflict: meetsRows(load) } : one))
  const settings = load.fields.flatMap((field) => ('kind' in field ? [] : [field]))
  const name = load.local ? 'local' : 'server'
  return { ...blank(statement, 'load_data'), verbs: verbsOf(load, uses), uses, settings, name }
}

/** A file of the client's is loaded as with IGNORE, since the server can't stop it half way. */
function meetsRows({ replace, ignore, local }: Load): boolean {
  return replace || ignore || local
}

function verbsOf({ replace }: Load, uses: StatementFacts['uses']): Verb[] {
  const verbs: Verb[] = replace ? ['insert', 'delete'] : ['insert']
  const reads = uses.some(({ role, columns }) => role === 'read' || [...columns.values()].includes('computed'))
  return reads ? [...verbs, 'read'] : verbs
}

function parseLoad(cursor: Cursor): Load {
  cursor.expect('LOAD')
  if (!cursor.accept('DATA')) cursor.expect('XML')
  if (!cursor.accept('LOW_PRIORITY')) cursor.accept('CONCURRENT')
  cursor.accept('FROM')
  const local = cursor.accept('LOCAL')
  if (!cursor.accept('INFILE') && !cursor.accept('URL')) cursor.expect('S3')
  string(cursor)
  if (cursor.accept('COUNT')) number(cursor)
  cursor.accept('IN', 'PRIMARY', 'KEY', 'ORDER')
  const replace = cursor.accept('REPLACE')
  const ignore = !replace && cursor.accept('IGNORE')
  cursor.expect('INTO', 'TABLE')
  const table = plainTable(qualifiedName(cursor))
  partitions(cursor)
  format(cursor)
  const fields = cursor.sees('(') ? fieldList(cursor) : []
  const set = cursor.accept('SET') ? assignments(cursor) : []
  bulkOptions(cursor)
  return { local, replace, ignore, table, fields, set }
}

function format(cursor: Cursor): void {
  if (cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET')) cursor.next()
  if (cursor.accept('ROWS', 'IDENTIFIED', 'BY')) string(cursor)
  if (cursor.accept('FIELDS') || cursor.accept('COLUMNS')) {
    while (/^(?:TERMINATED|OPTIONALLY|ENCLOSED|ESCAPED)$/.test(cursor.peek().upper)) delimiter(cursor)
  }
  if (cursor.accept('LINES')) while (/^(?:STARTING|TERMINATED)$/.test(cursor.peek().upper)) delimiter(cursor)
  if (!cursor.accept('IGNORE')) return
  number(cursor)
  if (!cursor.accept('LINES')) cursor.expect('ROWS')
}

function delimiter(cursor: Cursor): void {
  if (cursor.next().upper === 'OPTIONALLY') cursor.expect('ENCLOSED')
  cursor.expect('BY')
  string(cursor)
}

function fieldList(cursor: Cursor): (ColumnName | SettingChange)[] {
  cursor.expect('(')
  if (cursor.accept(')')) return []
  const fields = cursor.list((): ColumnName | SettingChange => {
    if (cursor.peek().kind !== 'uservar') return columnName(cursor)
    return { name: `@${cursor.next().value}`, scope: 'session', values: 'expression' }
  })
  cursor.expect(')')
  return fields
}

/** MySQL's bulk load. */
function bulkOptions(cursor: Cursor): void {
  for (const option of ['COMPRESSION', 'PARALLEL', 'MEMORY', 'ALGORITHM']) if (cursor.accept(option, '=')) cursor.next()
}

function string(cursor: Cursor): void {
  if (!/^(?:string|hex|bit)$/.test(cursor.next().kind)) cursor.fail('expected a string')
}

function number(cursor: Cursor): void {
  if (cursor.next().kind !== 'number') cursor.fail('expected a number')
}
