import type { RelationUse, StatementFacts } from '../facts.ts'
import { namedRelations } from './named_relations.ts'
import { aliasOf, plainTable, qualifiedName } from './plain_table.ts'
import type { Reading } from './reading.ts'
import { openUse } from './resolve_from.ts'
import type { Resolution } from './scope.ts'
import { blank } from './statement_facts.ts'

/** LOCK TABLES (Reference Manual 15.3.6; MariaDB's WAIT): each table is locked for what it is named with. */
export function lockFacts({ cursor, statement, text, context }: Reading): StatementFacts {
  cursor.expect('LOCK')
  if (cursor.sees('INSTANCE')) return { ...blank(statement, 'administration'), verbs: ['ddl'], name: 'lock instance' }
  if (!cursor.accept('TABLES')) cursor.expect('TABLE')
  const state: Resolution = { text, context, uses: [] }
  const uses = cursor.list((): RelationUse => {
    const table = plainTable(qualifiedName(cursor), aliasOf(cursor))
    const use = openUse(state, table, 'target', 'LOCK TABLES')
    return { ...use, verbs: [isRead(cursor) ? 'read' : 'update'] }
  })
  if (!cursor.accept('NOWAIT') && cursor.accept('WAIT')) cursor.next()
  cursor.end()
  const verbs = [...new Set(uses.flatMap(({ verbs: own }) => own ?? []))]
  return { ...blank(statement, 'lock'), verbs, uses }
}

function isRead(cursor: Reading['cursor']): boolean {
  if (cursor.accept('READ')) {
    cursor.accept('LOCAL')
    return true
  }
  cursor.accept('LOW_PRIORITY')
  cursor.expect('WRITE')
  cursor.accept('CONCURRENT')
  return false
}

export function unlockFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('UNLOCK')
  if (!cursor.accept('TABLES') && !cursor.accept('TABLE')) cursor.expect('INSTANCE')
  cursor.end()
  return { ...blank(statement, 'unlock'), verbs: ['session'] }
}

/** HANDLER (Reference Manual 15.2.5): a table under a name of its own, read by that name later. */
export function handlerFacts({ cursor, statement, text, context }: Reading): StatementFacts {
  cursor.expect('HANDLER')
  const parts = qualifiedName(cursor)
  const handler = blank(statement, 'handler')
  if (cursor.accept('CLOSE') || cursor.sees('READ')) {
    const uses = namedRelations(statement, context, [])
    return { ...handler, verbs: ['read'], uses, name: parts.at(-1)!.value }
  }
  cursor.expect('OPEN')
  const table = plainTable(parts, aliasOf(cursor))
  cursor.end()
  const state: Resolution = { text, context, uses: [] }
  const use = { ...openUse(state, table, 'read', 'a handler reads the table itself'), wholeRow: true }
  return { ...handler, verbs: ['read'], uses: [use], name: use.alias }
}
