import { SallyportError } from '../../errors.ts'
import type { SettingChange, StatementFacts, Verb } from '../facts.ts'
import { withoutPassing } from './explain_statement.ts'
import { type Reading, restOf } from './reading.ts'
import { scopeAt } from './set_scope.ts'
import { readSetting, type SetReading } from './set_value.ts'
import { blank } from './statement_facts.ts'

/** Words after SET that make it a statement about accounts or the server, not about settings. */
const ADMINISTRATION: readonly (readonly string[])[] = [
  ['PASSWORD'],
  ['ROLE'],
  ['DEFAULT', 'ROLE'],
  ['RESOURCE', 'GROUP'],
]

/** SET in every form (Reference Manual 15.7.6, 15.7.1, 15.3.7; MariaDB's SET STATEMENT). */
export function setFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  cursor.expect('SET')
  // `SET password = 1` of a variable has no form of its own: no variable has that name.
  const administers = ADMINISTRATION.some((words) => cursor.sees(...words)) && cursor.peek(1).upper !== '.'
  if (administers) return { ...blank(statement, 'administration'), verbs: ['ddl'] }
  if (cursor.sees('STATEMENT') && cursor.peek(1).upper !== '=') return forOneStatement(reading)
  if (isTransaction(reading)) return transaction(reading)
  const set: SetReading = { ...reading, state: { text: reading.text, context: reading.context, uses: [] } }
  const settings = [...assignments(set), ...cursor.notes.settings]
  const verbs: Verb[] = set.state.uses.length > 0 ? ['session', 'read'] : ['session']
  cursor.end()
  return { ...blank(statement, 'set'), verbs, settings, uses: set.state.uses }
}

/** A scope without `@@` holds for the assignments after it too. */
function assignments(set: SetReading): SettingChange[] {
  const { cursor } = set
  let sticky: SettingChange['scope'] = 'session'
  return cursor.list(() => {
    const scope = cursor.peek(1).upper === '=' || cursor.peek(1).upper === ':=' ? undefined : scopeAt(cursor)
    if (scope) {
      cursor.next()
      sticky = scope
    }
    return readSetting(set, sticky)
  })
}

function isTransaction({ cursor }: Reading): boolean {
  return cursor.sees('TRANSACTION') || (scopeAt(cursor) !== undefined && cursor.peek(1).upper === 'TRANSACTION')
}

function transaction({ cursor, statement }: Reading): StatementFacts {
  const scope = scopeAt(cursor) ?? 'local'
  if (scope !== 'local') cursor.next()
  cursor.expect('TRANSACTION')
  const settings = cursor.list((): SettingChange => ({ name: 'transaction', scope, values: [mode(cursor)] }))
  cursor.end()
  return { ...blank(statement, 'set_transaction'), verbs: ['session'], settings }
}

function mode(cursor: Reading['cursor']): string {
  if (cursor.accept('READ', 'ONLY')) return 'READ ONLY'
  if (cursor.accept('READ', 'WRITE')) return 'READ WRITE'
  cursor.expect('ISOLATION', 'LEVEL')
  for (const level of ['READ COMMITTED', 'READ UNCOMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])
    if (cursor.accept(...level.split(' '))) return level
  return cursor.fail('unknown isolation level')
}

/** Of the settings that change how a text is read, none holds for one statement alone. */
const CHANGES_READING = /^(?:sql_mode|names|character_set|character_set_client|collation_connection|@.*)$/

/**
 * `SET STATEMENT x = 1, y = 2 FOR SELECT ...`: settings for one statement, which is judged as itself. Nothing passes
 * through, since the statement is not the message's own.
 */
function forOneStatement(reading: Reading): StatementFacts {
  const { cursor, statement, context } = reading
  if (context.catalog.dialect !== 'mariadb') cursor.fail('MySQL has no SET STATEMENT')
  cursor.expect('STATEMENT')
  const set: SetReading = { ...reading, state: { text: reading.text, context, uses: [] } }
  const settings = cursor.list(() => readSetting(set, 'local'))
  if (set.state.uses.length > 0 || settings.some(({ name }) => CHANGES_READING.test(name)))
    cursor.fail('SET STATEMENT takes settings that are no names, modes or variables', 'SP-OPAQUE')
  cursor.expect('FOR')
  const inner = reading.inner(restOf(reading))
  if (!/^(?:select|insert|update|delete)$/.test(inner.kind))
    throw new SallyportError('SP-OPAQUE', 'SET STATEMENT is understood before SELECT, INSERT, UPDATE and DELETE only')
  const { verbs, uses, rowSources, hasWhere } = withoutPassing(inner)
  return { ...blank(statement, 'set'), verbs, uses, rowSources, hasWhere, settings, inner: withoutPassing(inner) }
}
