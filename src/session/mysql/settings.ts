import type { SettingChange } from '../../sql/facts.ts'
import type { Verdict } from '../verdict.ts'
import type { Run } from './exchange.ts'
import { namesOf, type SessionState } from './state.ts'

/** What a statement that the server answered with OK changes in the session's names. */
export function applyStatement(state: SessionState, { facts, verdict }: Run): void {
  switch (facts.kind) {
    case 'use':
      state.names = namesOf(facts.name, state.names.sqlMode)
      return
    case 'set':
      for (const change of facts.settings) applySetting(state, change)
      return
    case 'prepare':
      state.sqlPrepared.set((facts.name ?? '').toLowerCase(), verdict as Verdict)
      return
    case 'deallocate':
      state.sqlPrepared.delete((facts.name ?? '').toLowerCase())
      return
    default:
  }
}

function applySetting(state: SessionState, { name, values }: SettingChange): void {
  if (name !== 'sql_mode') return
  // An expression was refused before; DEFAULT is the global mode, with which a fresh session starts.
  const modes = values === null || values === 'expression' ? null : new Set(values.flatMap(splitModes))
  state.names = namesOf(state.names.defaultDatabase, modes)
}

function splitModes(value: string): string[] {
  return value
    .split(',')
    .map((mode) => mode.trim().toUpperCase())
    .filter((mode) => mode !== '')
}
