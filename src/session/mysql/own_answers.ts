import { SallyportError } from '../../errors.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import { OWN_SESSION } from '../../sql/mysql/session_statement.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import type { Admission } from '../gate.ts'
import type { Verdict } from '../verdict.ts'
import type { SessionState } from './state.ts'
import { okPayload, textAnswer } from './words.ts'

/** Statements that the proxy answers itself: it knows our numbers, our warnings, and whose sessions are whose. */

type Allowed = Extract<Admission, { kind: 'allow' }>

const LIMIT = /\bLIMIT\s+(\d+)(?:\s*,\s*(\d+))?\s*;?\s*$/i
const COUNTS = /^SHOW\s+COUNT\b/i

/** True for what may not be a part of a message, or be prepared, under a role that is not unrestricted. */
export function isAnsweredHere({ kind, name, inner }: StatementFacts): boolean {
  const shows = kind === 'show' && (name === 'warnings' || name === 'errors' || name === 'processlist')
  return shows || kind === 'kill' || (inner !== null && isAnsweredHere(inner))
}

/** Why the message can't be answered as it stands, or null. */
export function unanswerable({ facts: { statements }, role }: Verdict): SallyportError | null {
  // Whose session the server's own number means, the proxy knows: no KILL goes there unread, whatever the role is.
  const asked = role.unrestricted ? statements.filter(({ kind }) => kind === 'kill') : statements.filter(isAnsweredHere)
  if (asked.length === 0 || (statements.length === 1 && asked[0]?.inner === null)) return null
  return new SallyportError('SP-MULTI', 'warnings, KILL and the list of sessions take a message of their own')
}

/** Null where the server answers; an error where the proxy refuses. */
export function ownAnswer(
  state: SessionState,
  admission: Allowed,
  sequence: number,
  now: number,
): 'answered' | SallyportError | null {
  const { statements, text } = admission.verdict.facts
  const [facts] = statements
  if (!facts || statements.length > 1) return null
  if (facts.kind === 'kill') return kill(state, facts, admission, sequence, now)
  if (facts.kind !== 'show') return null
  if (facts.name === 'warnings' || facts.name === 'errors')
    return showWarnings(state, facts, text, admission, sequence, now)
  if (facts.name !== 'processlist' || state.unrestricted) return null
  const columns = ['Id', 'User', 'Host', 'db', 'Command', 'Time', 'State', 'Info']
  const rows = state.ownSessions().map(({ number, user, running }) => {
    const current = running ? 'Query' : 'Sleep'
    return [String(number), user, '', null, current, '0', '', null]
  })
  const described = columns.map((name) =>
    name === 'Id' || name === 'Time' ? { name, number: true as const } : { name },
  )
  return answer(state, admission, textAnswer(described, rows, { ...state, sequence }), rows.length, now)
}

/** MySQL's own thread ids are known by CONNECTION_ID(), ours by the handshake: either means the session. */
function kill(
  state: SessionState,
  { name, killQuery }: StatementFacts,
  admission: Allowed,
  sequence: number,
  now: number,
): 'answered' | SallyportError {
  const own = name === OWN_SESSION ? state.subject.session.sessionId : null
  const sessionId = own ?? (/^\d+$/.test(name ?? '') ? state.ownSession(Number(name)) : null)
  if (!sessionId) return new SallyportError('SP-KILL', `session ${name ?? ''} is not yours`)
  state.output.record(admission.events)
  state.output.cancel(sessionId, killQuery)
  const ok = encodePackets(okPayload(state.status, state.capabilities), sequence)
  return answer(state, { ...admission, events: [] }, ok, 0, now)
}

function showWarnings(
  state: SessionState,
  { name, span, normalized }: StatementFacts,
  text: string,
  admission: Allowed,
  sequence: number,
  now: number,
): 'answered' | null {
  if (!state.warnings) return null
  // Ours are notes: there is no error among them.
  const known = name === 'errors' || /\bERRORS\b/i.test(normalized) ? [] : state.warnings
  if (COUNTS.test(normalized)) {
    const variable = /\bERRORS\b/i.test(normalized) ? '@@session.error_count' : '@@session.warning_count'
    const counted = textAnswer([{ name: variable, number: true }], [[String(known.length)]], { ...state, sequence })
    return answer(state, admission, counted, 1, now)
  }
  const rows = limited(known, text.slice(span.start, span.end)).map(({ code, message }) => [
    'Note',
    String(code),
    message,
  ])
  const columns = [{ name: 'Level' }, { name: 'Code', number: true as const }, { name: 'Message' }]
  return answer(state, admission, textAnswer(columns, rows, { ...state, sequence }), rows.length, now)
}

function limited<T>(all: readonly T[], text: string): readonly T[] {
  const [, first, second] = LIMIT.exec(text) ?? []
  if (first === undefined) return all
  const offset = second === undefined ? 0 : Number(first)
  return all.slice(offset, offset + Number(second ?? first))
}

function answer(state: SessionState, { events, executions }: Allowed, bytes: Uint8Array, rows: number, now: number) {
  const { output, gate, subject } = state
  output.record(events)
  const done = { outcome: 'ok', status: null, rows, bytes: 0, rowsWithheld: 0, started: now } as const
  for (const execution of executions) output.note(gate.completion(subject, execution, done, now))
  output.client(bytes)
  return 'answered' as const
}
