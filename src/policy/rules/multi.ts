import type { StatementFacts, StatementKind } from '../../sql/facts.ts'
import { denied, type Rule, refuse } from '../rule_context.ts'
import { changesMeaning, changesReading } from '../settings.ts'

/** What means the same whatever stands before it. */
const INDEPENDENT: ReadonlySet<StatementKind> = new Set([
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'rollback_to',
  'set_transaction',
  'set',
  'reset',
  'use',
  'discard',
  'deallocate',
  'close_cursor',
  'unlisten',
  'fetch',
])

/** What makes, drops or renames objects, or may. */
const CHANGES_OBJECTS: ReadonlySet<StatementKind> = new Set(['ddl', 'create_table_as', 'administration', 'do', 'call'])

const RUNS_NAMED: ReadonlySet<StatementKind> = new Set(['execute', 'fetch'])
const MAKES_NAMES: ReadonlySet<StatementKind> = new Set(['prepare', 'deallocate', 'declare_cursor', 'close_cursor'])

/**
 * A message is judged whole before any part goes. Where an earlier part changes what a later one means (search path,
 * default database, character set, modes, a prepared statement), the later one was not judged as it would run.
 */
export const multiRule: Rule = {
  name: 'multi',
  judge: ({ input: { facts, catalog } }) => {
    let changed = false
    let prepared = false
    let read = false
    for (const [index, statement] of facts.statements.entries()) {
      const depends = (changed && !isIndependent(statement)) || (prepared && RUNS_NAMED.has(statement.kind)) || read
      if (depends)
        return denied('multi', refuse('SP-MULTI', 'this part depends on an earlier part of the message'), index)
      changed ||= changesNames(statement)
      read ||= catalog.dialect !== 'postgres' && statement.settings.some(changesReading)
      prepared ||= MAKES_NAMES.has(statement.kind)
    }
    return null
  },
}

/** MySQL's SET may hold a query, whose names mean something else then. */
function isIndependent({ kind, uses, inner }: StatementFacts): boolean {
  return INDEPENDENT.has(kind) && uses.length === 0 && inner === null
}

function changesNames({ kind, settings }: StatementFacts): boolean {
  if (kind === 'use' || kind === 'discard' || CHANGES_OBJECTS.has(kind)) return true
  if (kind === 'reset' && settings.length === 0) return true
  return settings.some(changesMeaning)
}
