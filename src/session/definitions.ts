import type { DefinitionChange, StatementFacts, StatementKind } from '../sql/facts.ts'

/** What a session may have done to the definitions of the database: nothing, something, or nobody knows. */
export type Definitions = 'kept' | 'changed' | 'doubted'

/** Kinds that change definitions, and those of which nobody knows. */
const CHANGING: ReadonlySet<StatementKind> = new Set([
  'ddl',
  'create_table_as',
  'administration',
  'maintenance',
  'do',
  'call',
  'two_phase',
  'opaque',
])

/** What a statement that ran, however it ended, makes of what the session had done before. */
export function definitionsAfter(before: Definitions, facts: StatementFacts): Definitions {
  if (changes(facts) || (facts.inner && changes(facts.inner))) return 'changed'
  // What a function of theirs does is looked for, but holds nobody up: some call one in every statement.
  return before === 'kept' && facts.functions.some(({ userDefined }) => userDefined) ? 'doubted' : before
}

function changes({ kind, definitions }: StatementFacts): boolean {
  return CHANGING.has(kind) && !(definitions?.length && definitions.every(isTemporary))
}

/** Nobody else sees a temporary table, and no catalog lists it. */
function isTemporary({ object }: DefinitionChange): boolean {
  return object === 'temporary table'
}
