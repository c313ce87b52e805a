import type { Allow, StatementPlan } from '../../policy/decision.ts'
import type { Facts, StatementFacts, StatementKind } from '../../sql/facts.ts'
import type { Verdict } from '../verdict.ts'

/**
 * EXECUTE and FETCH run what was prepared or declared before. Their own text says nothing of it, so they run under the
 * plan of that statement, which is judged anew by the text that made it.
 */

const RUNS_ANOTHER: ReadonlySet<StatementKind> = new Set(['execute', 'fetch'])
/** What EXECUTE and FETCH may run; a statement for the session, prepared by protocol, would change it unseen. */
const DATA: ReadonlySet<StatementKind> = new Set(['select', 'insert', 'update', 'delete', 'merge'])
const NOTHING_REPLACED: StatementPlan['substitutions'] = new Map()

export function runsAnother({ facts, decision }: Verdict): boolean {
  const verbatim = decision.effect === 'allow' && decision.verbatim
  return !verbatim && facts.statements.some(({ kind }) => RUNS_ANOTHER.has(kind))
}

/** A cursor may stop halfway, so that nobody knows which of the settings in its query are set. */
export function isRunnable({ facts: { statements } }: Verdict, by: 'execute' | 'fetch'): boolean {
  const [only] = statements
  if (statements.length !== 1 || !only || !DATA.has(only.kind)) return false
  return by === 'execute' || only.settings.length === 0
}

const INNER = new WeakMap<Verdict, Verdict>()

/** The verdict of PREPARE or DECLARE as that of the statement inside, which the name stands for from then on. */
export function innerVerdict(verdict: Verdict): Verdict {
  const [outer] = verdict.facts.statements
  const inner = outer?.inner
  if (!inner) return verdict
  let made = INNER.get(verdict)
  if (!made) {
    // The audit shows the text that made the name.
    const statements = [{ ...inner, normalized: outer.normalized, span: outer.span }]
    made = { ...verdict, facts: { ...verdict.facts, statements } }
    INNER.set(verdict, made)
  }
  return made
}

interface Bound {
  readonly references: readonly (Verdict | null)[]
  readonly verdict: Verdict
}

const BOUND = new WeakMap<Verdict, Bound>()

/**
 * `verdict` with the plan and facts of `references` in place of those of its statements that run another; one for each
 * statement, null for what stands for itself. The same references give the same verdict.
 */
export function boundVerdict(verdict: Verdict, references: readonly (Verdict | null)[]): Verdict {
  const known = BOUND.get(verdict)
  if (known?.references.every((one, index) => one === references[index])) return known.verdict
  const { decision } = verdict
  if (decision.effect === 'deny') return verdict
  const statements = verdict.facts.statements.map((one, index) => boundFacts(one, references[index] ?? null))
  const plans = decision.plans.map((plan, index) => boundPlan(plan, references[index] ?? null))
  const facts: Facts = { ...verdict.facts, statements }
  const allow: Allow = { ...decision, plans }
  const bound: Verdict = { ...verdict, facts, decision: allow }
  BOUND.set(verdict, { references, verdict: bound })
  return bound
}

function boundFacts(own: StatementFacts, reference: Verdict | null): StatementFacts {
  const run = reference?.facts.statements[0]
  if (!run) return own
  const { uses, output, verbs, settings } = run
  return { ...own, uses, output, verbs, settings, normalized: `${own.normalized} /* ${run.normalized} */` }
}

function boundPlan(own: StatementPlan, reference: Verdict | null): StatementPlan {
  const plan = reference?.decision.effect === 'allow' ? reference.decision.plans[0] : undefined
  if (!plan) return own
  return { ...plan, substitutions: NOTHING_REPLACED, scrubErrors: own.scrubErrors || plan.scrubErrors }
}
