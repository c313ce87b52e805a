import type { RelationUse, StatementFacts, Verb } from '../../sql/facts.ts'
import { columnsRead, columnsWritten, isBarePlan, verbsNeeded } from '../column_needs.ts'
import { coverageUnnarrowed } from '../coverage.ts'
import { eachStatement, innermost, nameOf, type Refused, type RuleContext, refuse, usesOf } from '../rule_context.ts'

/**
 * Every object that the statement touches, in every role, is covered: the relation by a rule with the verb, and each
 * column that is read or written by that rule's columns. A masked column is covered as its table is.
 */
export const scopeRule = eachStatement('scope', (context, statement) => {
  for (const use of usesOf(statement)) {
    if (use.relation.kind === 'system') continue
    const refused = isMerelyPlanned(context, statement, use) ? null : judgeUse(context, innermost(statement), use)
    if (refused) return refused
  }
  return null
})

/**
 * The verb `explain` covers what is planned and not read: without estimates, and with comparisons alone that can't tell
 * of a value, since the planner tries a person's operators on the statistics of the table.
 */
function isMerelyPlanned(context: RuleContext, statement: StatementFacts, use: RelationUse): boolean {
  if (use.role === 'target' || use.locked || coverageUnnarrowed(context.input, use.relation, 'read') !== null)
    return false
  const coverage = context.coverage(use.relation, 'explain')
  if (coverage === null || coverage.where.length > 0 || !isBarePlan(statement)) return false
  return innermost(statement).plain === true && use.relation.columns.every(({ name }) => coverage.column(name))
}

function judgeUse(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  for (const verb of verbsNeeded(statement, use)) {
    const coverage = context.coverage(use.relation, verb)
    if (!coverage) return notCovered(context, use, verb)
    const columns = verb === 'read' ? columnsRead(statement, use) : columnsWritten(use)
    const out = columns.find(({ name }) => !coverage.column(name))
    if (out) return refuse('SP-SCOPE', `the grant does not cover the column ${nameOf(use)}.${out.name} for ${verb}`)
  }
  return null
}

/** Another verb on the same relation is told apart: it is no secret that the relation exists. */
function notCovered(context: RuleContext, use: RelationUse, verb: Verb): Refused {
  if (verb !== 'read' && context.coverage(use.relation, 'read')) {
    return refuse('SP-VERB', `the grant does not allow ${verb} on ${nameOf(use)}`)
  }
  return refuse('SP-SCOPE', `the grant does not cover ${nameOf(use)} for ${verb}`)
}
