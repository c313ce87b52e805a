import type { StatementFacts } from '../../sql/facts.ts'
import { readingOfCharset } from '../../wire/mysql/character-sets.ts'
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

/**
 * A SET of what texts are read by, also one that failed half way: the server is asked what holds before anything is read
 * by it. Most of all such statements name UTF-8 where UTF-8 is spoken: those change nothing.
 */
export function followModes(state: SessionState, { facts }: Run): void {
  if (setsModes(facts) || setsCharset(state, facts)) state.next = () => readModes(state)
}

function setsModes({ kind, settings }: StatementFacts): boolean {
  return kind === 'set' && settings.some(({ name, scope }) => name === 'sql_mode' && scope !== 'global')
}

const CHARSETS: ReadonlySet<string> = new Set(['names', 'character_set', 'character_set_client'])

function setsCharset({ reading }: SessionState, { kind, settings }: StatementFacts): boolean {
  if (kind !== 'set') return false
  return settings.some(({ name, values }) => {
    const [charset] = Array.isArray(values) ? values : []
    return CHARSETS.has(name) && (reading !== 'utf8' || readingOfCharset(charset ?? '') !== 'utf8')
  })
}
