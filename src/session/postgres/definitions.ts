import { definitionsAfter } from '../definitions.ts'
import type { Run } from './pipeline.ts'
import type { SessionState } from './state.ts'

/**
 * What this session does to the definitions of the database. Others see it when its transaction ends, so that is when
 * the catalog is marked as stale, over all sessions: after COMMIT, at each ReadyForQuery outside of a transaction, and
 * after a rollback as well, since parts of some commands stay (CREATE INDEX CONCURRENTLY, procedures that commit).
 */

/** At the end of a run, however it ended. */
export function followDefinitions(state: SessionState, { facts, execution }: Run): void {
  state.definitions = definitionsAfter(state.definitions, facts)
  // A COMMIT may stand in the middle of a message that goes on for long.
  if (execution.kind === 'commit') tellDefinitions(state)
}

/** At ReadyForQuery: outside of a transaction all that was done can be seen by others. */
export function settleDefinitions(state: SessionState): void {
  if (state.definitions === 'kept' || state.status !== 'I') return
  tellDefinitions(state)
  state.definitions = 'kept'
}

/** What is under way when the session is over may still come to its end on the server. */
export function leaveDefinitions(state: SessionState): void {
  for (const run of state.pipeline.unfinished) followDefinitions(state, run)
  tellDefinitions(state)
}

function tellDefinitions({ definitions, output }: SessionState): void {
  if (definitions !== 'kept') output.catalogStale('a session changed definitions', definitions === 'changed')
}
