import { SallyportError } from '../errors.ts'
import type { Decision, DecisionInput, Deny } from './decision.ts'
import { planOf } from './plan.ts'
import { contextOf, type Rule } from './rule_context.ts'
import { RULES } from './rules.ts'

/**
 * Whether the message may run, and how it is sent. Pure: the same input gives the same answer. The rules of `rules.ts`
 * are asked in order; one that throws denies, and so does a plan that can't be made.
 */
export function decide(input: DecisionInput): Decision {
  return decideBy(RULES, input)
}

/** As `decide`, by a table of rules. */
export function decideBy(rules: readonly Rule[], input: DecisionInput): Decision {
  let asked = 'parameters'
  try {
    const context = contextOf(input)
    for (const rule of rules) {
      asked = rule.name
      const decision = rule.judge(context)
      if (decision) return decision
    }
    asked = 'plan'
    const plans = input.facts.statements.map((statement) => planOf(context, statement))
    const { limits } = context.input.role
    return { effect: 'allow', rule: 'scope', reason: 'covered by the grant', plans, verbatim: false, limits }
  } catch (error) {
    return failed(asked, error)
  }
}

function failed(rule: string, error: unknown): Deny {
  const known = error instanceof SallyportError ? error : new SallyportError('SP-INTERNAL', 'the rule failed')
  return { effect: 'deny', rule, code: known.code, reason: known.detail, statement: 0 }
}
