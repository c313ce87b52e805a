import type { Column, Relation } from '../sql/catalog.ts'
import type { ColumnUse, RelationUse, StatementFacts, Verb } from '../sql/facts.ts'
import type { RowCondition } from './role.ts'
import type { RuleContext } from './rule_context.ts'

const WRITE_VERBS: readonly Verb[] = ['insert', 'update', 'delete']

/** How a statement uses one column. Outside of a plain SELECT nothing passes through: it is computed on. */
export function columnUse(statement: StatementFacts, use: RelationUse, column: string): ColumnUse | null {
  const named = use.columns.get(column) ?? null
  if (use.wholeRow) return 'computed'
  if (named !== 'passed') return named
  // FOR UPDATE and FOR SHARE use the rows beyond showing them.
  const locks = statement.verbs.some((verb) => WRITE_VERBS.includes(verb))
  return isSelect(statement) && use.role === 'read' && !locks ? 'passed' : 'computed'
}

/** In PostgreSQL PREPARE and DECLARE give a name to a statement, whose result then passes as if it were run by itself. */
function isSelect({ kind, inner, into }: StatementFacts): boolean {
  // What goes to a file or a variable never comes by the wire.
  if (into !== undefined) return false
  return kind === 'select' || ((kind === 'prepare' || kind === 'declare_cursor') && inner?.kind === 'select')
}

/** Columns that the statement reads from this use, in the relation's order; system columns (`ctid`) are none. */
export function columnsRead(statement: StatementFacts, use: RelationUse): readonly Column[] {
  return use.relation.columns.filter(({ name }) => {
    const how = columnUse(statement, use, name)
    return how === 'passed' || how === 'computed'
  })
}

export function columnsWritten(use: RelationUse): readonly Column[] {
  return use.relation.columns.filter(({ name }) => use.columns.get(name) === 'written' || use.given?.has(name))
}

/** What is done to a target: its own verbs where the statement has several targets. */
export function writesTo(statement: StatementFacts, use: RelationUse): readonly Verb[] {
  return (use.verbs ?? statement.verbs).filter((verb) => WRITE_VERBS.includes(verb))
}

/** The row conditions that the rows of a use must satisfy: those of reading it, and of what is done to it. */
export function conditionsOf(
  context: RuleContext,
  statement: StatementFacts,
  use: RelationUse,
): readonly RowCondition[] {
  const writes = use.role === 'target' ? writesTo(statement, use) : use.locked ? (['update'] as const) : []
  const verbs: readonly Verb[] = ['read', ...writes]
  const all = verbs.flatMap((verb) => context.coverage(use.relation, verb)?.where ?? [])
  return [...new Map(all.map((condition) => [JSON.stringify(condition), condition])).values()]
}

/** EXPLAIN that runs nothing and shows neither estimates nor what planning took. */
export function isBarePlan({ explain }: StatementFacts): boolean {
  if (!explain) return false
  return !(explain.analyze || explain.costs || explain.buffers || explain.summary || explain.memory)
}

/**
 * Verbs that the scope must grant on this use: what is done to it, where the statement has several targets and says so,
 * else all that the statement writes.
 */
export function verbsNeeded(statement: StatementFacts, use: RelationUse): readonly Verb[] {
  const writes = writesTo(statement, use)
  if (use.role === 'target') {
    const reads = writes.length === 0 || columnsRead(statement, use).length > 0
    const locks: readonly Verb[] = use.locked && !writes.includes('update') ? ['update'] : []
    return [...writes, ...locks, ...(reads ? (['read'] as const) : [])]
  }
  if (use.locked !== undefined) return use.locked ? ['read', 'update'] : ['read']
  const targets = statement.uses.some(({ role }) => role === 'target')
  // FOR UPDATE and FOR SHARE lock what they read: the write verb then has no target of its own.
  return writes.length > 0 && !targets ? ['read', ...writes] : ['read']
}

interface UseNeeds {
  /** Masked columns that the use reads or its relation has, by how they are used here. */
  readonly masked: readonly { readonly name: string; readonly how: ColumnUse | null }[]
  /** Columns of the relation that the scope does not cover for reading. */
  readonly uncovered: readonly string[]
  readonly filtered: boolean
}

/** What the policy wants of one non-system use. */
export function needsOf(context: RuleContext, statement: StatementFacts, use: RelationUse): UseNeeds {
  const { relation } = use
  const coverage = context.coverage(relation, 'read')
  return {
    masked: maskedColumns(context, relation).map((name) => ({ name, how: columnUse(statement, use, name) })),
    uncovered: coverage ? relation.columns.flatMap(({ name }) => (coverage.column(name) ? [] : [name])) : [],
    filtered: conditionsOf(context, statement, use).length > 0,
  }
}

export function maskedColumns({ masks }: RuleContext, relation: Relation): readonly string[] {
  return relation.columns.flatMap(({ name }) => (masks.of(relation, name) ? [name] : []))
}
