import { isHarmless, isInPlan } from '../migration.ts'
import { denied, type Rule, refuse } from '../rule_context.ts'

/**
 * Under a grant that is bound to a script only its statements run, and what changes nothing around them. Whether it is
 * their turn is the gate's to say, at each execution.
 */
export const plannedRule: Rule = {
  name: 'plan',
  judge: ({ input: { grant, facts, catalog } }) => {
    const { plan } = grant
    if (plan === null) return null
    const other = facts.statements.findIndex(
      (statement) =>
        statement.verbs.includes('export') || !(isInPlan(plan, statement) || isHarmless(statement, catalog.dialect)),
    )
    return other < 0 ? null : denied('plan', refuse('SP-PLAN', 'the statement is not in the approved script'), other)
  },
}
