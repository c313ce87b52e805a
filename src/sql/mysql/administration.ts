import { SallyportError } from '../../errors.ts'
import type { RelationUse, StatementFacts, Verb } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { namedRelations } from './named_relations.ts'
import { plainTable, qualifiedName } from './plain_table.ts'
import type { Reading } from './reading.ts'
import { openUse } from './resolve_from.ts'
import type { Resolution } from './scope.ts'
import { blank } from './statement_facts.ts'

/** The server's own affairs; whole copies of the data are exports. `name` is what is done, in at most two words. */
export function administrationFacts({ cursor, statement, context }: Reading): StatementFacts {
  const first = cursor.next().upper
  const second = cursor.peek().upper
  const name = /^[A-Z_]+$/.test(second) ? `${first} ${second}` : first
  const exported = first === 'CLONE' || first === 'BACKUP' || first === 'BINLOG'
  const uses = namedRelations(statement, context, [])
  const verbs: readonly Verb[] = exported ? ['export'] : ['ddl']
  return { ...blank(statement, 'administration'), verbs, uses, name: name.toLowerCase() }
}

/** Words between the name of the statement and TABLE. */
const MODIFIERS = new Set(['NO_WRITE_TO_BINLOG', 'LOCAL', 'INDEX', 'INTO', 'CACHE'])

/**
 * ANALYZE, OPTIMIZE, CHECK, REPAIR and CHECKSUM of tables, CACHE INDEX and LOAD INDEX (Reference Manual 15.7.3, 15.7.8).
 * What follows the names is left to the server.
 */
export function maintenanceFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  const name = cursor.next().upper.toLowerCase()
  while (cursor.seesAny(MODIFIERS)) cursor.next()
  if (cursor.accept('VIEW')) return { ...blank(statement, 'maintenance'), verbs: ['ddl'], name }
  if (!cursor.accept('TABLES')) cursor.accept('TABLE')
  const uses = targets(reading, ['ddl'])
  const definitions = uses.map(({ relation }) => ({
    change: 'alter' as const,
    object: 'table',
    schema: relation.schema,
    name: relation.name,
    relation,
  }))
  return { ...blank(statement, 'maintenance'), verbs: ['ddl'], uses, definitions, name }
}

/** TRUNCATE: all rows of one table, with no triggers and no way back. */
export function truncateFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  cursor.expect('TRUNCATE')
  cursor.accept('TABLE')
  const uses = targets(reading, ['delete'])
  if (!cursor.accept('NOWAIT') && cursor.accept('WAIT')) cursor.next()
  cursor.end()
  return { ...blank(statement, 'truncate'), verbs: ['delete'], uses }
}

/** The tables of a list; one that is not known is none that there is. */
function targets({ cursor, text, context }: Reading, verbs: readonly Verb[]): readonly RelationUse[] {
  const state: Resolution = { text, context, uses: [] }
  cursor.list(() => {
    const table = plainTable(qualifiedName(cursor))
    skipOptions(cursor)
    try {
      openUse(state, table, 'target', 'the statement changes the table as a whole')
    } catch (error) {
      if (!(error instanceof SallyportError) || error.code !== 'SP-NAME') throw error
    }
  })
  return state.uses.map((use) => ({ ...use, verbs }))
}

/** CACHE INDEX and LOAD INDEX name indexes and partitions behind each table. */
function skipOptions(cursor: Cursor): void {
  while (cursor.sees('INDEX') || cursor.sees('KEY') || cursor.sees('PARTITION') || cursor.sees('(')) {
    if (!cursor.sees('(')) {
      cursor.next()
      continue
    }
    const end = cursor.closing(cursor.position)
    while (cursor.position <= end) cursor.next()
  }
}
