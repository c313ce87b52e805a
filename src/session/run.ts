import { SallyportError } from '../errors.ts'
import type { StatementPlan } from '../policy/decision.ts'
import type { StatementFacts } from '../sql/facts.ts'
import type { Admission, Execution, ExecutionResult, Gate, Subject } from './gate.ts'
import type { Draws, Granted, Meter } from './meter.ts'
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
  /** What its rows count against, over all sessions; known once the first one comes. */
  draws?: Draws
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

/** The first rows of what a client is to get: at most `maxRows`, in at most `maxBytes`. */
type Cut = (bytes: Uint8Array, maxRows: number, maxBytes: number) => Given

export interface Given {
  readonly bytes: Uint8Array
  readonly count: number
}

/**
 * What the client gets of `count` rows, which `rewritten` gives: as many as the limits of the role allow, to the row,
 * and null where that is none. When a limit is passed the rest of the result is withheld and the database is asked to
 * stop. Bytes are counted as the client receives them.
 */
export function withinLimits(
  session: Session,
  run: StatementRun<unknown>,
  count: number,
  rewritten: () => Uint8Array,
  cut: Cut,
  now: number,
): Given | null {
  if (run.withheld) {
    run.rowsWithheld += count
    return null
  }
  const { meter } = session.gate
  run.draws ??= meter.draws(session.subject, run.verdict, run.facts)
  const rows = take(meter, run, 'rows', count)
  const given = rows.amount === 0 ? NO_ROWS : wholeRows(rewritten(), rows.amount, count, cut)
  const bytes = take(meter, run, 'bytes', given.bytes.length)
  const kept = bytes.over ? wholeRows(given.bytes, given.count, given.count, cut, bytes.amount) : given
  meter.giveBack(run.draws.rows, rows.amount - kept.count)
  meter.giveBack(run.draws.bytes, bytes.amount - kept.bytes.length)
  run.rows += kept.count
  run.bytes += kept.bytes.length
  const over = rows.over ?? bytes.over
  if (over) withhold(session, run, count - kept.count, over)
  account(session, run, kept, now)
  return kept.count === 0 ? null : kept
}

const NO_ROWS: Given = { bytes: new Uint8Array(0), count: 0 }

/** One row may take several messages, so it is never cut. */
function wholeRows(
  bytes: Uint8Array,
  max: number,
  count: number,
  cut: Cut,
  maxBytes = Number.POSITIVE_INFINITY,
): Given {
  if (max === count && bytes.length <= maxBytes) return { bytes, count }
  return count === 1 ? NO_ROWS : cut(bytes, max, maxBytes)
}

/** Within the limit of the result, then within those that count over all sessions. */
function take(meter: Meter, run: StatementRun<unknown>, unit: 'rows' | 'bytes', wanted: number): Granted {
  const { maxRowsPerResult, maxBytesPerResult } = run.verdict.role.limits
  const max = unit === 'rows' ? maxRowsPerResult : maxBytesPerResult
  const room = max === 0 ? wanted : Math.max(0, max - run[unit] - (run.before?.[unit] ?? 0))
  const granted = meter.take(run.draws?.[unit] ?? [], Math.min(wanted, room))
  if (granted.over || wanted <= room) return granted
  return { ...granted, over: new SallyportError('SP-LIMIT-ROWS', `the result has more than ${max} ${unit}`) }
}

function withhold({ output, subject }: Session, run: StatementRun<unknown>, rows: number, error: SallyportError): void {
  run.rowsWithheld += rows
  run.withheld = error
  output.cancel(subject.session.sessionId, true)
}

/** An alert is on record before the row that made it goes out. */
function account({ gate, output, subject }: Session, run: StatementRun<unknown>, given: Given, now: number): void {
  const { draws } = run
  if (!draws || given.count === 0) return
  output.record(gate.meter.alerts(draws, subject, run.execution.statementId, given.count, now))
  const ms = gate.meter.pace(draws, given.count, given.bytes.length)
  if (ms > 0) output.pace(ms)
}
