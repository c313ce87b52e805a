import type { ColumnRef, RelationUse, StatementFacts } from '../../sql/facts.ts'
import type { SqlMask } from '../../sql/substitution.ts'
import { isBarePlan, maskedColumns, needsOf } from '../column_needs.ts'
import { sqlMaskIn, unsubstitutable } from '../plan.ts'
import { eachStatement, nameOf, type Refused, type RuleContext, refuse, usesOf, withInner } from '../rule_context.ts'

/**
 * Where no masked value can stand in, the masked column can't be used: a write reads it on its own target, or the
 * reference is one that can't be replaced. Writing a given value to a masked column is allowed under the write verb.
 */
export const maskedRule = eachStatement('masked', (context, statement) => {
  for (const use of usesOf(statement)) {
    if (use.relation.kind === 'system') continue
    const refused = statement.kind === 'show' ? judgeShown(context, statement, use) : judgeUse(context, statement, use)
    if (refused) return refused
  }
  return arbitraryTop(context, statement)
})

/**
 * Where all keys of an ORDER BY are the same constant for every row, which rows LIMIT keeps would be chance. Whoever
 * asks for the first ten by a masked column is told so, and not given any ten.
 */
function arbitraryTop(context: RuleContext, statement: StatementFacts): Refused | null {
  for (const keys of withInner(statement).flatMap(({ tops }) => tops ?? [])) {
    const [first] = keys[0] ?? []
    const hidden = keys.every(
      (key) => key.length > 0 && key.every((source) => isConstantIn(context, statement, source)),
    )
    if (first === undefined || !hidden) continue
    const column = `${nameOf(first)}.${first.column}`
    return refuse(
      'SP-MASKED',
      `LIMIT would keep rows by the order of the masked column ${column}; order by another one`,
    )
  }
  return null
}

function isConstantIn(context: RuleContext, statement: StatementFacts, { relation, column }: ColumnRef): boolean {
  const found = relation.columns.find(({ name }) => name === column)
  const uses = usesOf(statement).filter((use) => use.relation === relation && use.role === 'read')
  return uses.length > 0 && uses.every((use) => found && isConstant(sqlMaskIn(context, statement, use, found)))
}

function isConstant(mask: SqlMask | null): boolean {
  return mask?.kind === 'null' || mask?.kind === 'constant'
}

function judgeUse(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  if (use.role === 'target') {
    const read = needsOf(context, statement, use).masked.find(({ how }) => how === 'computed')
    if (!read) return planOfWrite(context, statement, use)
    const column = `${nameOf(use)}.${read.name}`
    return refuse('SP-MASKED', `the write reads the masked column ${column}; it may only be given a value, not read`)
  }
  if (tellsOfRows(context, statement, use)) {
    const what = `a plan with estimates would tell of rows of ${nameOf(use)} that the grant does not cover`
    // MySQL's plans have estimates in every form.
    if (context.input.catalog.dialect !== 'postgres') return refuse('SP-SCOPE', what)
    return refuse('SP-SCOPE', `${what}; write EXPLAIN (COSTS OFF), without ANALYZE, BUFFERS, MEMORY and SUMMARY`)
  }
  return unsubstitutable(context, statement, use)
}

function planOfWrite(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  if (statement.kind !== 'explain' || !needsOf(context, statement, use).filtered) return null
  return refuse(
    'SP-SCOPE',
    `a plan would tell of rows of ${nameOf(use)} that the grant does not cover; explain a SELECT`,
  )
}

/** Estimates, times and counters are of all rows. So are those of a plan whose rows may not be read at all. */
function tellsOfRows(context: RuleContext, statement: StatementFacts, use: RelationUse): boolean {
  if (statement.kind !== 'explain') return false
  const unread = context.coverage(use.relation, 'read') === null
  return (unread || needsOf(context, statement, use).filtered) && !isBarePlan(statement)
}

/** A table's definition prints the texts of its CHECKs and index expressions; on a masked column they may quote values. */
function judgeShown(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  const { relation } = use
  const form = statement.name
  const counted = form === 'index' && maskedColumns(context, relation).find((name) => use.columns.has(name))
  if (counted)
    return refuse('SP-MASKED', `SHOW INDEX tells how many values ${nameOf(use)}.${counted} has, a masked column`)
  const beyond = form === 'index' ? countedBeyond(context, statement, use) : undefined
  if (beyond !== undefined)
    return refuse(
      'SP-SCOPE',
      `SHOW INDEX tells how many values ${nameOf(use)}.${beyond} has, also where the grant does not cover them; read information_schema.statistics`,
    )
  const told = relation.inPrintedTexts?.find((name) => use.columns.has(name) && context.masks.of(relation, name))
  if (told === undefined) return null
  return refuse('SP-MASKED', `the definition of ${nameOf(use)} prints conditions on the masked column ${told}`)
}

/** A counted column that the grant does not cover, or of which it covers some rows only. */
function countedBeyond(context: RuleContext, statement: StatementFacts, use: RelationUse): string | undefined {
  const { filtered, uncovered } = needsOf(context, statement, use)
  return [...use.columns.keys()].find((name) => filtered || uncovered.includes(name))
}
