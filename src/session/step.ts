import { asSallyportError, type SallyportError } from '../errors.ts'
import type { Effect } from './effects.ts'
import type { Gate, Subject } from './gate.ts'
import type { LifeEvent, SessionLife, Tenure } from './life.ts'
import type { Output } from './output.ts'
import type { Session, StatementRun } from './run.ts'

/**
 * The effects of one step of a session, none once it has ended. A broken message or an error of our own ends this
 * session, by `end`, and no other.
 */
export function takeStep(output: Output, step: () => void, end: (error: SallyportError) => Effect[]): Effect[] {
  if (output.ended) return []
  try {
    step()
    return output.take()
  } catch (error) {
    return [...output.take(), ...end(asSallyportError(error))]
  }
}

/** How long a session stands: what it asks is answered for the grant that is in force by then. */
export function tenureOf(gate: Gate, subject: Subject): Tenure {
  return { end: () => subject.grant.end, until: (now) => gate.standsUntil(subject, now) }
}

/** Asks the clock, and cancels a statement that ran too long; the end and the notice are for the protocol to word. */
export function askClock(
  life: SessionLife,
  { output, subject }: Session,
  running: StatementRun<unknown> | null,
  inTransaction: boolean,
  now: number,
): Exclude<LifeEvent, { kind: 'cancel' }> | null {
  const event = life.tick(now, { runningSince: running?.started ?? null, inTransaction })
  if (event?.kind !== 'cancel') return event
  if (running && !running.cancelled) {
    running.cancelled = event.error
    output.cancel(subject.session.sessionId, true)
  }
  return null
}
