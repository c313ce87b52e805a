import type { SettingChange } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { modeExpression } from './mode_expression.ts'
import type { Reading } from './reading.ts'
import { readExpr } from './resolve_query.ts'
import type { Resolution } from './scope.ts'
import { scopeNamed } from './set_scope.ts'
import type { Token } from './token.ts'
import { scopeOver } from './write_scope.ts'

/** A SET while it is read: `state` collects the tables of its subqueries. */
export interface SetReading extends Reading {
  readonly state: Resolution
}

type Scope = SettingChange['scope']

/** One assignment of the list. */
export function readSetting(set: SetReading, sticky: Scope): SettingChange {
  const { cursor } = set
  if (cursor.sees('NAMES') && cursor.peek(1).upper !== '=') return names(cursor)
  if (cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET') || cursor.accept('CHAR', 'SET'))
    return { name: 'character_set', scope: 'session', values: charset(cursor) }
  const token = cursor.next()
  if (token.kind === 'uservar') return userVariable(set, token)
  const { name, scope } = target(cursor, token, sticky)
  if (!cursor.accept('=')) cursor.expect(':=')
  const values = (name === 'sql_mode' ? changedMode(set) : null) ?? settingValue(set)
  // A number names a set of modes: it is read back like an expression.
  const numbered = name === 'sql_mode' && values !== null && /^\d/.test(values[0] ?? '')
  return { name, scope, values: numbered ? 'expression' : values }
}

function names(cursor: Cursor): SettingChange {
  cursor.expect('NAMES')
  const values = charset(cursor)
  if (values !== null && cursor.accept('COLLATE') && !cursor.accept('DEFAULT')) values.push(word(cursor))
  return { name: 'names', scope: 'session', values }
}

function charset(cursor: Cursor): string[] | null {
  return cursor.accept('DEFAULT') ? null : [word(cursor)]
}

function word(cursor: Cursor): string {
  const { kind } = cursor.peek()
  if (kind === 'string' || cursor.sees('BINARY') || cursor.sees('ASCII')) return cursor.next().value
  return cursor.name().value
}

/** `x`, `@@x`, `@@session.x`, and the names of components, plugins and key caches, which have a dot inside. */
function target(cursor: Cursor, token: Token, sticky: Scope): { name: string; scope: Scope } {
  if (token.kind === 'sysvar') {
    const parts = token.value.split('.')
    const scope = parts.length === 1 ? undefined : scopeNamed(parts[0]!)
    const name = parts.slice(scope ? 1 : 0).join('.')
    return { name: name.toLowerCase(), scope: scope ?? 'session' }
  }
  const named = token.kind === 'quoted' || token.kind === 'word'
  if (!named) cursor.fail('expected a variable')
  const parts = [token.value]
  while (cursor.accept('.')) parts.push(cursor.nameAfterDot().value)
  return { name: parts.join('.').toLowerCase(), scope: sticky }
}

/** What a user variable is given: a constant as text, for what is written out; else nobody knows. */
function userVariable(set: SetReading, { value }: Token): SettingChange {
  const { cursor } = set
  if (!cursor.accept('=')) cursor.expect(':=')
  const first = cursor.peek()
  const alone = endsSetting(cursor.peek(1)) && /^(?:string|number)$/.test(first.kind)
  if (!alone) read(set)
  else cursor.next()
  return { name: `@${value}`, scope: 'session', values: alone ? [first.value] : 'expression' }
}

/** One constant as text, null for DEFAULT, else 'expression'. Bare words are values (`ON`, `utf8mb4`). */
function settingValue(set: SetReading): SettingChange['values'] {
  const { cursor } = set
  const token = cursor.peek()
  const after = cursor.peek(1)
  if (endsSetting(after) && /^(?:word|string|number|quoted)$/.test(token.kind)) {
    cursor.next()
    return token.upper === 'DEFAULT' ? null : [token.value]
  }
  if (token.upper === '-' && after.kind === 'number' && endsSetting(cursor.peek(2))) {
    cursor.next()
    return [`-${cursor.next().value}`]
  }
  read(set)
  return 'expression'
}

/** FOR ends the list of SET STATEMENT. */
function endsSetting({ kind, upper }: Token): boolean {
  return kind === 'end' || upper === ',' || upper === 'FOR'
}

/** An expression with whatever it reads: all of it counts as computed on. */
function read({ cursor, state }: SetReading): void {
  const scope = scopeOver(state, [])
  readExpr(state, parseExpr(cursor), { outer: scope, ctes: null, top: false }, scope, 'columns')
}

/** An expression over the session's own modes that can be worked out here. Null for anything else, with nothing read. */
function changedMode({ cursor, context: { sqlMode } }: SetReading): readonly string[] | null {
  const found = modeExpression((ahead) => cursor.peek(ahead), 0, [...sqlMode].join(','))
  if (found === null || found.end === 1 || !endsSetting(cursor.peek(found.end))) return null
  for (let read = 0; read < found.end; read++) cursor.next()
  return [found.value]
}
