import { SallyportError } from '../errors.ts'
import type { StatementPlan } from '../policy/decision.ts'
import type { StatementFacts } from '../sql/facts.ts'
import type { Admission, Execution, ExecutionResult, Gate, Subject } from './gate.ts'
import type { Output } from './output.ts'
import type { Verdict } from './verdict.ts'

/** One statement that was sent for execution, from its decision to its completion. `Shape` is the protocol's own. */
export interface StatementRun<Shape> {
  readonly verdict: Verdict
  readonly facts: StatementFacts
  /** Null under an unrestricted role: the result passes as it is. */
  readonly plan: StatementPlan | null
  readonly execution: Execution
  /** Milliseconds since the epoch. */
  readonly started: number
  shape: Shape | null
  rows: number
  bytes: number
  rowsWithheld: number
  /** What earlier reads of the same cursor gave: the limits of a result count them together. */
  before?: { readonly rows: number; readonly bytes: number }
  /** Set when the rest of the result is kept back: the client gets this error instead. */
  withheld: SallyportError | null
  /** Set when the proxy cancelled it: what the client is told in place of the server's error. */
  cancelled: SallyportError | null
  done: boolean
}

/** The part of a session's state that both protocols have: where the completion of a run goes. */
export interface Session {
  readonly gate: Gate
  readonly subject: Subject
  readonly output: Output
}

export function newRun<Shape>(
  verdict: Verdict,
  facts: StatementFacts,
  execution: Execution,
  plan: StatementPlan | null,
  started: number,
): StatementRun<Shape> {
  const counters = { rows: 0, bytes: 0, rowsWithheld: 0 }
  const open = { shape: null, withheld: null, cancelled: null, done: false }
  return { verdict, facts, plan, execution, started, ...counters, ...open }
}

/** The runs of an admitted message, in order: one for each of its statements. */
export function runsOf<Shape>(admission: Extract<Admission, { kind: 'allow' }>, now: number): StatementRun<Shape>[] {
  const { verdict, decision, executions } = admission
  return executions.map((execution, index) => {
    const facts = verdict.facts.statements[index] as StatementFacts
    const plan = decision.verbatim ? null : (decision.plans[index] ?? null)
    return newRun(verdict, facts, execution, plan, now)
  })
}

/** Notes the completion of a run, once. `status` is the SQLSTATE or error number that ended it, null without one. */
export function finishRun(
  { gate, subject, output }: Session,
  run: StatementRun<unknown>,
  outcome: ExecutionResult['outcome'],
  status: string | null,
  now: number,
): void {
  if (run.done) return
  run.done = true
  output.note(gate.completion(subject, run.execution, { ...run, outcome, status }, now))
}

/**
 * What the client gets of `count` rows, which `rewritten` gives: null once the result was withheld, as it is from here
 * on when a limit of the role is passed. Bytes are counted as the client receives them.
 */
export function withinLimits(
  session: Session,
  run: StatementRun<unknown>,
  count: number,
  rewritten: () => Uint8Array,
): Uint8Array | null {
  if (run.withheld) {
    run.rowsWithheld += count
    return null
  }
  const { maxRowsPerResult, maxBytesPerResult } = run.verdict.role.limits
  if (maxRowsPerResult > 0 && run.rows + (run.before?.rows ?? 0) + count > maxRowsPerResult) {
    return overLimit(session, run, count, `more than ${maxRowsPerResult} rows`)
  }
  const out = rewritten()
  if (maxBytesPerResult > 0 && run.bytes + (run.before?.bytes ?? 0) + out.length > maxBytesPerResult) {
    return overLimit(session, run, count, `more than ${maxBytesPerResult} bytes`)
  }
  run.rows += count
  run.bytes += out.length
  return out
}

function overLimit({ output, subject }: Session, run: StatementRun<unknown>, count: number, what: string): null {
  run.rowsWithheld += count
  run.withheld = new SallyportError('SP-LIMIT-ROWS', `the result has ${what}`)
  output.cancel(subject.session.sessionId, true)
  return null
}
