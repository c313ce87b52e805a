import type { Relation } from '../catalog.ts'
import type { AnalysisContext, RelationUse } from '../facts.ts'
import { findRelation } from './fold.ts'
import type { Statement } from './statement_facts.ts'

/**
 * Every relation that a name anywhere in the statement could mean, as one that is changed: for statements whose grammar
 * isn't followed to the end (LIKE, REFERENCES, the body of a trigger, GRANT). A column's name may be a table's too, so
 * there may be more of them than the statement means, and never less.
 */
export function namedRelations(
  { tokens }: Statement,
  context: AnalysisContext,
  first: readonly Relation[],
): RelationUse[] {
  const found = new Set(first)
  for (const [at, { name, value }] of tokens.entries()) {
    if (!name) continue
    const qualified = tokens[at + 1]?.upper === '.'
    const schema = qualified ? value : context.defaultDatabase
    const table = qualified ? (tokens[at + 2]?.value ?? '') : value
    const relation = schema === null ? null : findRelation(context.catalog, schema, table)
    if (relation !== null && relation.kind !== 'system') found.add(relation)
  }
  return [...found].map((relation, id) => useOf(relation, id))
}

/** Nothing of such a statement is rewritten, so that it has no place in the text. */
function useOf(relation: Relation, id: number): RelationUse {
  return {
    id,
    relation,
    role: 'target',
    span: { start: 0, end: 0 },
    only: false,
    qualified: true,
    alias: relation.name,
    hasAlias: false,
    qualifiers: [],
    columns: new Map(),
    wholeRow: true,
    fixed: 'the statement changes the table as a whole',
  }
}
