import type { DefinitionChange } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { qualifiedName } from './plain_table.ts'

export interface DefinedName {
  readonly change: DefinitionChange['change']
  readonly parts: readonly string[]
  /** The table that an index or trigger is of. */
  readonly on: readonly string[] | null
}

export interface Definition {
  readonly object: string
  /** False for what the server has one set of: databases, servers, tablespaces. */
  readonly perSchema: boolean
  readonly names: readonly DefinedName[]
}

type Change = DefinitionChange['change']

/** Kinds of objects, by the words that name them; null for what is administration of the server. */
const OBJECTS: readonly (readonly [words: string, object: string | null, perSchema: boolean])[] = [
  ['TABLESPACE', 'tablespace', false],
  ['LOGFILE GROUP', 'logfile group', false],
  ['TABLES', 'table', true],
  ['TABLE', 'table', true],
  ['VIEW', 'view', true],
  ['SEQUENCE', 'sequence', true],
  ['INDEX', 'index', true],
  ['DATABASE', 'schema', false],
  ['SCHEMA', 'schema', false],
  ['TRIGGER', 'trigger', true],
  ['EVENT', 'event', true],
  ['PROCEDURE', 'procedure', true],
  ['FUNCTION', 'function', true],
  ['PACKAGE BODY', 'package body', true],
  ['PACKAGE', 'package', true],
  ['LIBRARY', 'library', true],
  ['SERVER', 'server', false],
  ['REFERENCE SYSTEM', 'spatial reference system', false],
  ['RESOURCE GROUP', null, false],
  ['INSTANCE', null, false],
  ['USER', null, false],
  ['ROLE', null, false],
]

/** What CREATE, ALTER, DROP and RENAME name; null where that is administration. The cursor stops behind the names. */
export function readDefinition(cursor: Cursor): Definition | null {
  const verb = cursor.next().upper
  const temporary = modifiers(cursor)
  const found = OBJECTS.find(([words]) => cursor.accept(...words.split(' ')))
  if (!found) return cursor.fail('a change of definitions of an unknown kind of object', 'SP-OPAQUE')
  const [, object, perSchema] = found
  if (object === null) return null
  if (!cursor.accept('IF', 'NOT', 'EXISTS')) cursor.accept('IF', 'EXISTS')
  const names = verb === 'RENAME' ? renamed(cursor) : namesOf(cursor, verb.toLowerCase() as Change, object)
  return { object: temporary ? `temporary ${object}` : object, perSchema, names }
}

const PLAIN_MODIFIERS = new Set([
  ...['UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR', 'ONLINE', 'OFFLINE', 'IGNORE', 'AGGREGATE', 'UNDO', 'CLUSTERING'],
  ...['MATERIALIZED', 'EXTERNAL', 'NO_WRITE_TO_BINLOG', 'LOCAL'],
])

/** What stands between the verb and the kind of object. True where TEMPORARY does. */
function modifiers(cursor: Cursor): boolean {
  let temporary = false
  for (;;) {
    if (cursor.accept('TEMPORARY')) temporary = true
    else if (cursor.accept('ALGORITHM', '=')) cursor.next()
    else if (cursor.accept('SQL', 'SECURITY')) cursor.next()
    else if (cursor.accept('DEFINER', '=')) account(cursor)
    else if (!cursor.accept('OR', 'REPLACE')) {
      if (!cursor.seesAny(PLAIN_MODIFIERS)) return temporary
      cursor.next()
    }
  }
}

/** `alice@'%'`, `CURRENT_USER()`, a role. */
function account(cursor: Cursor): void {
  cursor.next()
  if (cursor.accept('(')) cursor.expect(')')
  if (cursor.peek().kind === 'uservar') cursor.next()
}

function namesOf(cursor: Cursor, change: Change, object: string): DefinedName[] {
  // ALTER DATABASE without a name is of the default one.
  if (object === 'schema' && change === 'alter' && !opensName(cursor)) return []
  if (object === 'spatial reference system') return [{ change, parts: [cursor.next().value], on: null }]
  if (object === 'index' && cursor.accept('PRIMARY')) return [{ change, parts: ['PRIMARY'], on: owner(cursor) }]
  const list = change === 'drop' && /^(?:table|view|sequence)$/.test(object)
  const names = list ? cursor.list(() => nameAt(cursor)) : [nameAt(cursor)]
  if (object === 'index' || (object === 'trigger' && change === 'create')) {
    const on = owner(cursor)
    return names.map((parts) => ({ change, parts, on }))
  }
  const all = names.map((parts): DefinedName => ({ change, parts, on: null }))
  return change === 'alter' ? [...all, ...newName(cursor)] : all
}

function opensName(cursor: Cursor): boolean {
  const option = /^(?:DEFAULT|CHARACTER|CHARSET|COLLATE|ENCRYPTION|READ|COMMENT|UPGRADE)$/.test(cursor.peek().upper)
  return cursor.seesName() && !(option && cursor.peek(1).kind !== 'end')
}

function nameAt(cursor: Cursor): string[] {
  // A name of the server's may be a string (`CREATE SERVER 's'`).
  if (cursor.peek().kind === 'string') return [cursor.next().value]
  return qualifiedName(cursor).map(({ value }) => value)
}

/** The table behind ON, which other clauses may precede. */
function owner(cursor: Cursor): string[] {
  while (!cursor.sees('ON') && cursor.peek().kind !== 'end') cursor.next()
  cursor.expect('ON')
  return nameAt(cursor)
}

/** ALTER ... RENAME TO: what it is called from then on. */
function newName(cursor: Cursor): DefinedName[] {
  const found: DefinedName[] = []
  let depth = 0
  for (; cursor.peek().kind !== 'end'; cursor.next()) {
    const { upper } = cursor.peek()
    depth += upper === '(' ? 1 : upper === ')' ? -1 : 0
    if (depth > 0 || !cursor.accept('RENAME')) continue
    if (/^(?:COLUMN|INDEX|KEY)$/.test(cursor.peek().upper)) continue
    if (!cursor.accept('TO') && !cursor.accept('AS')) cursor.accept('=')
    if (cursor.seesName()) found.push({ change: 'create', parts: nameAt(cursor), on: null })
  }
  return found
}

/** RENAME TABLE a TO b, c TO d. */
function renamed(cursor: Cursor): DefinedName[] {
  return cursor
    .list((): DefinedName[] => {
      const from = nameAt(cursor)
      if (!cursor.accept('NOWAIT') && cursor.accept('WAIT')) cursor.next()
      cursor.expect('TO')
      return [
        { change: 'alter', parts: from, on: null },
        { change: 'create', parts: nameAt(cursor), on: null },
      ]
    })
    .flat()
}
