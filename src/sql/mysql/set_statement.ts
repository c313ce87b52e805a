import type { SettingChange, StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { blank, type Statement } from './statement_facts.ts'
import type { Token } from './token.ts'

type Scope = SettingChange['scope']

const SCOPES: ReadonlyMap<string, Scope> = new Map<string, Scope>([
  ['GLOBAL', 'global'],
  ['PERSIST', 'global'],
  ['PERSIST_ONLY', 'global'],
  ['SESSION', 'session'],
  ['LOCAL', 'session'],
])

/**
 * SET of variables, NAMES, CHARACTER SET and TRANSACTION (Reference Manual 15.7.6, 15.3.7). `sqlMode` is the session's
 * mode before it.
 */
export function setFacts(cursor: Cursor, statement: Statement, sqlMode: ReadonlySet<string>): StatementFacts {
  cursor.expect('SET')
  if (isTransaction(cursor)) return transaction(cursor, statement)
  const settings: SettingChange[] = []
  let sticky: Scope = 'session'
  cursor.list(() => {
    const scope = cursor.peek(1).upper === '=' ? undefined : SCOPES.get(cursor.peek().upper)
    if (scope) {
      cursor.next()
      sticky = scope
    }
    settings.push(assignment(cursor, sticky, sqlMode))
  })
  return { ...blank(statement, 'set'), verbs: ['session'], settings }
}

function isTransaction(cursor: Cursor): boolean {
  return cursor.sees('TRANSACTION') || (SCOPES.has(cursor.peek().upper) && cursor.peek(1).upper === 'TRANSACTION')
}

function transaction(cursor: Cursor, statement: Statement): StatementFacts {
  const scope = SCOPES.get(cursor.peek().upper) ?? 'local'
  if (scope !== 'local') cursor.next()
  cursor.expect('TRANSACTION')
  const settings = cursor.list((): SettingChange => ({ name: 'transaction', scope, values: [mode(cursor)] }))
  return { ...blank(statement, 'set_transaction'), verbs: ['session'], settings }
}

function mode(cursor: Cursor): string {
  if (cursor.accept('READ', 'ONLY')) return 'READ ONLY'
  if (cursor.accept('READ', 'WRITE')) return 'READ WRITE'
  cursor.expect('ISOLATION', 'LEVEL')
  for (const level of ['READ COMMITTED', 'READ UNCOMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])
    if (cursor.accept(...level.split(' '))) return level
  return cursor.fail('unknown isolation level')
}

function assignment(cursor: Cursor, sticky: Scope, sqlMode: ReadonlySet<string>): SettingChange {
  if (cursor.sees('NAMES') && cursor.peek(1).upper !== '=') return names(cursor)
  if (cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET'))
    return { name: 'character_set', scope: 'session', values: charset(cursor) }
  const token = cursor.next()
  if (token.kind === 'uservar') return userVariable(cursor, token)
  const { name, scope } = target(cursor, token, sticky)
  if (!cursor.accept('=')) cursor.expect(':=')
  const values = (name === 'sql_mode' ? appendedMode(cursor, sqlMode) : null) ?? settingValue(cursor)
  // A number names a set of modes: it is read back like an expression.
  const numbered = name === 'sql_mode' && values !== null && /^\d/.test(values[0] ?? '')
  return { name, scope, values: numbered ? 'expression' : values }
}

function names(cursor: Cursor): SettingChange {
  cursor.expect('NAMES')
  const values = charset(cursor)
  if (values !== null && cursor.accept('COLLATE')) values.push(word(cursor))
  return { name: 'names', scope: 'session', values }
}

function charset(cursor: Cursor): string[] | null {
  return cursor.accept('DEFAULT') ? null : [word(cursor)]
}

function word(cursor: Cursor): string {
  const { kind } = cursor.peek()
  if (kind === 'string' || cursor.sees('BINARY')) return cursor.next().value
  return cursor.name().value
}

/** `x`, `@@x`, `@@session.x`. A dotted name is a plugin's or a trigger's variable: refused. */
function target(cursor: Cursor, token: Token, sticky: Scope): { name: string; scope: Scope } {
  if (/^(?:PASSWORD|ROLE|STATEMENT|RESOURCE|DEFAULT)$/.test(token.upper))
    cursor.fail('this form of SET is refused', 'SP-OPAQUE')
  if (cursor.sees('.')) cursor.fail('a dotted variable name is refused', 'SP-OPAQUE')
  if (token.kind === 'sysvar') {
    const parts = token.value.split('.')
    const scope = parts.length === 1 ? 'session' : SCOPES.get(parts[0]!.toUpperCase())
    if (!scope || parts.length > 2) return cursor.fail('a dotted variable name is refused', 'SP-OPAQUE')
    return { name: parts.at(-1)!.toLowerCase(), scope }
  }
  if (token.kind !== 'word' && token.kind !== 'quoted') cursor.fail('expected a variable')
  return { name: token.value.toLowerCase(), scope: sticky }
}

/** User variables take constants and other variables only: with anything else they would carry data along. */
function userVariable(cursor: Cursor, token: Token): SettingChange {
  if (!cursor.accept('=')) cursor.expect(':=')
  const expr = parseExpr(cursor)
  const calls = cursor.notes.calls.filter(({ name }) => !name.startsWith('@@'))
  if (expr.columns.length > 0 || expr.queries.length > 0 || calls.length > 0)
    cursor.fail('a user variable takes a constant only', 'SP-OPAQUE')
  const single = expr.constant && cursor.previous().start === expr.span.start
  return {
    name: `@${token.value}`,
    scope: 'session',
    values: single && cursor.previous().kind !== 'uservar' ? [cursor.previous().value] : 'expression',
  }
}

/** One constant as text, null for DEFAULT, else 'expression'. Bare words are values (`ON`, `utf8mb4`). */
function settingValue(cursor: Cursor): SettingChange['values'] {
  const token = cursor.peek()
  const after = cursor.peek(1)
  const alone = after.kind === 'end' || after.upper === ','
  if (alone && /^(?:word|string|number|quoted)$/.test(token.kind)) {
    cursor.next()
    return token.upper === 'DEFAULT' ? null : [token.value]
  }
  if (
    token.upper === '-' &&
    after.kind === 'number' &&
    (cursor.peek(2).kind === 'end' || cursor.peek(2).upper === ',')
  ) {
    cursor.next()
    return [`-${cursor.next().value}`]
  }
  const expr = parseExpr(cursor)
  if (expr.queries.length > 0 || expr.columns.length > 0)
    cursor.fail('a setting takes a constant or an expression over settings', 'SP-OPAQUE')
  return 'expression'
}

/** `CONCAT(@@sql_mode, ',X')`: how MariaDB's JDBC driver adds a mode. Null for anything else, with nothing read. */
function appendedMode(cursor: Cursor, sqlMode: ReadonlySet<string>): readonly string[] | null {
  const [call, open, variable, comma, added, close, after] = [0, 1, 2, 3, 4, 5, 6].map((at) => cursor.peek(at))
  const isMode = variable?.kind === 'sysvar' && /^(?:session\.)?sql_mode$/i.test(variable.value)
  const isCall = call?.upper === 'CONCAT' && open?.upper === '(' && comma?.upper === ',' && close?.upper === ')'
  const isLast = after?.kind === 'end' || after?.upper === ','
  if (!isCall || !isMode || added?.kind !== 'string' || !isLast) return null
  for (let read = 0; read < 6; read++) cursor.next()
  return [`${[...sqlMode].join(',')}${added.value}`]
}
