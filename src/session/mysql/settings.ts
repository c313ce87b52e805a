import type { StatementFacts } from '../../sql/facts.ts'
import type { Run } from './exchange.ts'
import { readModes } from './own_settings.ts'
import { namesOf, type SessionState } from './state.ts'

/** What a statement that the server answered with OK changes in the session's names. */
export function applyStatement(state: SessionState, { facts, verdict }: Run): void {
  state.userTexts.done(facts)
  switch (facts.kind) {
    case 'use':
      state.names = namesOf(facts.name, state.names.sqlMode)
      return
    case 'prepare':
      state.sqlPrepared.set((facts.name ?? '').toLowerCase(), verdict)
      return
    case 'deallocate':
      state.sqlPrepared.delete((facts.name ?? '').toLowerCase())
      return
    default:
  }
}

/** A SET of the modes, also one that failed half way: the server is asked what they are before anything is read by them. */
export function followModes(state: SessionState, { facts }: Run): void {
  if (setsModes(facts)) state.next = () => readModes(state)
}

function setsModes({ kind, settings }: StatementFacts): boolean {
  return kind === 'set' && settings.some(({ name, scope }) => name === 'sql_mode' && scope !== 'global')
}
