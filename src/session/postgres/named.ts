import { SallyportError } from '../../errors.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import type { Admission, Denied } from '../gate.ts'
import type { Verdict } from '../verdict.ts'
import { boundVerdict, innerVerdict, isRunnable, runsAnother } from './bound.ts'
import type { Portal, Prepared, Run } from './pipeline.ts'
import type { SessionState } from './state.ts'
import { serverError } from './words.ts'

/** A refusal, with the server's own words where the server would have given them. */
export interface Refusal extends Denied {
  readonly words?: Uint8Array
}

/** As the gate admits a text, with EXECUTE and FETCH under the plan of what they run. */
export function admit(
  state: SessionState,
  text: string,
  now: number,
  known?: Verdict,
): Extract<Admission, { kind: 'allow' }> | Refusal {
  const { gate, subject, names } = state
  const admission = gate.admit(subject, names, text, now, known)
  if (admission.kind === 'deny' || !runsAnother(admission.verdict)) return admission
  const bound = boundNow(state, admission.verdict, now)
  return 'kind' in bound ? bound : gate.admit(subject, names, text, now, bound)
}

/** The verdict by which the statement runs by now, or why it may not. */
export function boundNow(state: SessionState, verdict: Verdict, now: number): Verdict | Refusal {
  if (!runsAnother(verdict)) return verdict
  const references: (Verdict | null)[] = []
  for (const statement of verdict.facts.statements) {
    const reference = referenceOf(state, statement, now)
    if (reference && 'kind' in reference) return reference
    references.push(reference)
  }
  return boundVerdict(verdict, references)
}

function referenceOf(state: SessionState, statement: StatementFacts, now: number): Verdict | Refusal | null {
  const { kind } = statement
  if (kind !== 'execute' && kind !== 'fetch') return null
  const name = statement.name ?? ''
  const of = kind === 'execute' ? 'statement' : 'portal'
  const prepared = kind === 'execute' ? state.registry.statement(name) : state.registry.portal(name)?.prepared
  if (!prepared) return unknownName(state, kind, name, now)
  if (state.pipeline.unsettled(of, name)) {
    return refusal(state, kind, new SallyportError('SP-STALE', `${name} is just being made anew`), now)
  }
  const verdict = renewed(state, prepared, now)
  if ('kind' in verdict || isRunnable(verdict, kind)) return verdict
  return refusal(state, kind, new SallyportError('SP-UNSUPPORTED', `${name} is no query that ${kind} may run`), now)
}

function unknownName(state: SessionState, kind: 'execute' | 'fetch', name: string, now: number): Refusal {
  const message = `${kind === 'execute' ? 'prepared statement' : 'cursor'} "${name}" does not exist`
  const denied = refusal(state, kind, new SallyportError('SP-UNSUPPORTED', message), now)
  return { ...denied, words: serverError(kind === 'execute' ? '26000' : '34000', message) }
}

function refusal({ gate, subject }: SessionState, kind: string, error: SallyportError, now: number): Refusal {
  return { kind: 'deny', error, events: [gate.refusal(subject, kind, error, now)] }
}

/**
 * The verdict that a prepared statement runs by now: masks and limits of this moment. A statement runs as it was
 * prepared, or not at all: when the catalog, the policy or the names have changed so that another text would be sent
 * now, it has to be prepared again.
 */
export function renewed(state: SessionState, prepared: Prepared, now: number): Verdict | Denied {
  const { gate, subject, names } = state
  const stands = gate.unfounded(subject, now) === null
  if (stands && gate.fresh(prepared.verdict, subject, names)) return prepared.verdict
  const again = gate.prepare(subject, names, prepared.text, now)
  if (again.kind === 'deny') return again
  if (again.verdict.text === prepared.verdict.text) {
    return prepared.bySql ? innerVerdict(again.verdict) : again.verdict
  }
  return refusal(state, 'opaque', new SallyportError('SP-STALE', 'what the prepared statement means has changed'), now)
}

/** What PREPARE and DECLARE leave behind under their name, once the server has done it. */
export function preparedBySql(state: SessionState, { verdict, facts }: Run, now: number): Prepared | null {
  const { gate, subject, names } = state
  const { text, statements } = verdict.facts
  if (statements.length === 1) return { text, verdict: innerVerdict(verdict), bySql: true }
  const own = text.slice(facts.span.start, facts.span.end)
  const alone = gate.prepare(subject, names, own, now)
  return alone.kind === 'deny' ? null : { text: own, verdict: innerVerdict(alone.verdict), bySql: true }
}

/** A name that only the server knows: an unrestricted session may have made it in ways that nobody followed. */
export function preparedUnseen(state: SessionState, of: 'EXECUTE' | 'FETCH FROM', name: string, now: number) {
  const { gate, subject, names, unrestricted } = state
  if (!unrestricted) return undefined
  const text = `${of} "${name.replaceAll('"', '""')}"`
  const judged = gate.prepare(subject, names, text, now)
  return judged.kind === 'deny' ? undefined : { text, verdict: judged.verdict }
}

export function newPortal(prepared: Prepared, declared: Portal['declared'], parameters?: Portal['parameters']): Portal {
  return { prepared, declared, parameters, description: null, run: null, taken: { rows: 0, bytes: 0 } }
}

/** What a cursor gave already counts with what its next FETCH gives: one result, however it is read. */
export function countWithCursor(run: Run, portal: Portal): void {
  const { taken, run: open } = portal
  const own = open && !open.done && open !== run ? open : { rows: 0, bytes: 0 }
  run.cursor = portal
  run.before = { rows: taken.rows + own.rows, bytes: taken.bytes + own.bytes }
}
