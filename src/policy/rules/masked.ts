import type { RelationUse, StatementFacts } from '../../sql/facts.ts'
import { needsOf } from '../column_needs.ts'
import { unsubstitutable } from '../plan.ts'
import { eachStatement, nameOf, type Refused, type RuleContext, refuse, usesOf } from '../rule_context.ts'

/**
 * Where no masked value can stand in, the masked column can't be used: a write reads it on its own target, or the
 * reference is one that can't be replaced. Writing a given value to a masked column is allowed under the write verb.
 */
export const maskedRule = eachStatement('masked', (context, statement) => {
  for (const use of usesOf(statement)) {
    if (use.relation.kind === 'system') continue
    const refused = statement.kind === 'show' ? judgeShown(context, use) : judgeUse(context, statement, use)
    if (refused) return refused
  }
  return null
})

function judgeUse(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  if (use.role === 'target') {
    const read = needsOf(context, statement, use).masked.find(({ how }) => how === 'computed')
    if (!read) return null
    const column = `${nameOf(use)}.${read.name}`
    return refuse('SP-MASKED', `the write reads the masked column ${column}; it may only be given a value, not read`)
  }
  if (statement.kind === 'explain' && needsOf(context, statement, use).filtered) {
    return refuse('SP-SCOPE', `a plan would tell of rows of ${nameOf(use)} that the grant does not cover`)
  }
  const reason = unsubstitutable(context, statement, use)
  return reason === null ? null : refuse('SP-MASKED', reason)
}

/** A table's definition prints the texts of its CHECKs and index expressions; on a masked column they may quote values. */
function judgeShown(context: RuleContext, use: RelationUse): Refused | null {
  const { relation } = use
  const told = relation.inPrintedTexts?.find((name) => use.columns.has(name) && context.masks.of(relation, name))
  if (told === undefined) return null
  return refuse('SP-MASKED', `the definition of ${nameOf(use)} prints conditions on the masked column ${told}`)
}
