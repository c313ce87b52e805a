import type { FunctionUse, RelationUse, StatementFacts } from '../sql/facts.ts'
import { type RuleContext, usesOf, withInner } from './rule_context.ts'

/**
 * How far a sequence has come tells how many rows there are. `pg_get_sequence_data` of PostgreSQL 18 says it of any: it
 * runs on rows of pg_sequence alone, and those are the sequences that the role may export, as pg_dump needs them.
 */

const FUNCTION = 'pg_get_sequence_data'
const KEY = 'seqrelid'

/** The rows of pg_sequence that such a call may see, as a condition; null where there is none on this use. */
export function sequencesKept(context: RuleContext, statement: StatementFacts, use: RelationUse): string | null {
  if (!isSequenceList(use)) return null
  const calls = withInner(statement).flatMap(({ functions }) => functions)
  if (!calls.some((used) => isBuiltIn(used) && used.first?.use === use.id && used.first.column === KEY)) return null
  const oids = [...context.input.catalog.relations.values()].flatMap((relation) =>
    relation.kind === 'sequence' && context.coverage(relation, 'read') && context.coverage(relation, 'export')
      ? relation.oid
      : [],
  )
  return `"${KEY}" OPERATOR(pg_catalog.=) ANY ('{${oids.join(',')}}'::pg_catalog.oid[])`
}

/** True for a call that sees nothing but those rows. */
export function seesKeptSequences(statement: StatementFacts, used: FunctionUse): boolean {
  if (!isBuiltIn(used) || used.first?.column !== KEY) return false
  const use = usesOf(statement).find(({ id }) => id === used.first?.use)
  return use !== undefined && isSequenceList(use)
}

function isBuiltIn({ name, userDefined }: FunctionUse): boolean {
  return !userDefined && name === FUNCTION
}

function isSequenceList({ relation: { schema, name } }: RelationUse): boolean {
  return schema === 'pg_catalog' && name === 'pg_sequence'
}
