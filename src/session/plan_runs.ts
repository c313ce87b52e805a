import { createHash } from 'node:crypto'
import type { Deny } from '../policy/decision.ts'
import type { MigrationPlan } from '../policy/grant.ts'
import { isInPlan, matchPlan } from '../policy/migration.ts'
import type { StatementFacts, StatementKind } from '../sql/facts.ts'
import type { Execution, ExecutionResult, Subject } from './gate.ts'
import type { PlanProgress } from './plan_port.ts'
import { newTrack, type PlanTrack, settleRun } from './plan_track.ts'
import type { Names, Verdict } from './verdict.ts'

/** Kinds that only mark where a transaction begins or could go back to: the next statement need not wait for them. */
const MARKS: ReadonlySet<StatementKind> = new Set(['begin', 'savepoint', 'release'])
const CONTROL: ReadonlySet<StatementKind> = new Set([...MARKS, 'commit', 'rollback', 'rollback_to'])

type Bound = Subject & { readonly grant: { readonly plan: MigrationPlan } }

/**
 * Holds sessions to the approved script of their grant: the next statement of it runs when the one before has answered,
 * in one session at a time. How far it has come, and what a transaction that is rolled back takes away again, is told to
 * the port.
 */
export class PlanRuns {
  readonly #progress: PlanProgress | undefined
  readonly #tracks = new Map<string, PlanTrack>()

  /** Without a port nothing runs under such a grant. */
  constructor(progress: PlanProgress | undefined) {
    this.#progress = progress
  }

  /** Why the message may not run now, or null. */
  judge(subject: Subject, names: Names, verdict: Verdict, now: number): Deny | null {
    if (!isBound(subject)) return null
    const found = this.#refusal(subject, names, verdict)
    if (found && 'deviates' in found) this.#deviated(subject, verdict, found.statement, now)
    return found && { effect: 'deny', rule: 'plan', code: 'SP-PLAN', reason: found.reason, statement: found.statement }
  }

  /** The message goes out: what of the plan it takes, and what the record of each statement says. */
  started(subject: Subject, verdict: Verdict, executions: readonly Execution[]): readonly string[] {
    if (!isBound(subject) || !this.#progress) return []
    const { plan } = subject.grant
    const { dialect, statements } = verdict.facts
    let at = this.#progress.current(subject.grant.id) ?? 0
    const track = this.#trackOf(subject)
    return statements.map((statement, index) => {
      const isNext = matchPlan(plan, at, statement, dialect).kind === 'next'
      const id = executions[index]?.statementId ?? ''
      track.pending.set(id, { statement, at: isNext ? at : null, dialect })
      if (!isNext) return 'not in the approved script, and changes nothing'
      at += 1
      return `statement ${at} of ${plan.statements.length} of the approved script ${plan.digest.slice(0, 16)}`
    })
  }

  ended(subject: Subject, { statementId }: Execution, { outcome, status }: ExecutionResult): void {
    const track = this.#tracks.get(subject.session.sessionId)
    const pending = track?.pending.get(statementId)
    if (!track || !pending || !this.#progress) return
    track.pending.delete(statementId)
    const { id } = subject.grant
    const before = this.#progress.current(id) ?? 0
    const ran = outcome === 'ok' || outcome === 'withheld'
    const done = settleRun(track, pending, before, ran, status)
    const kept = track.transaction?.start ?? done
    if (done !== before || (track.kept !== null && kept !== track.kept)) this.#progress.advance(id, done, kept)
    track.kept = kept
    if (!ran && pending.at !== null) this.#progress.failed(id, pending.at)
  }

  /** True where a statement had better wait a little: whether another node runs the script is being asked. */
  awaits(subject: Subject): boolean {
    if (!isBound(subject) || !this.#progress) return false
    // Whoever has asked is told of when the session ends.
    this.#trackOf(subject)
    return this.#progress.awaited(subject.grant.id, subject.session.sessionId)
  }

  /** The session is over: the server takes back what it had not committed. */
  left(subject: Subject): void {
    const { sessionId } = subject.session
    const track = this.#tracks.get(sessionId)
    if (!track || !this.#progress) return
    this.#tracks.delete(sessionId)
    const { id } = subject.grant
    if (track.transaction && track.holds) {
      const { start } = track.transaction
      this.#progress.advance(id, start, start)
    }
    this.#progress.leave(id, sessionId)
  }

  #refusal(subject: Bound, names: Names, verdict: Verdict): Refused | null {
    const { id, plan } = subject.grant
    const done = this.#progress?.current(id) ?? null
    if (!this.#progress || done === null)
      return { statement: 0, reason: 'how far the approved script has run is not known' }
    const track = this.#trackOf(subject)
    let at = done
    let taken = 0
    let renames = false
    for (const [index, statement] of verdict.facts.statements.entries()) {
      const match = matchPlan(plan, at, statement, verdict.facts.dialect)
      if (match.kind === 'deviates' && !repeatsNames(plan, done, statement))
        return { statement: index, reason: match.reason, ...(!CLIENT_PROBE.test(verdict.facts.text) && DEVIATES) }
      const held = match.kind === 'next' ? null : heldTogether(track, statement)
      if (held) return { statement: index, reason: held, ...DEVIATES }
      renames ||= match.kind !== 'next' && setsNames(statement)
      if (match.kind !== 'next') continue
      at += 1
      if (!CONTROL.has(statement.kind)) taken += 1
      const reason =
        taken > 1 || renames
          ? 'send the statements of the script one at a time'
          : this.#notNow(subject, names, verdict, track, statement)
      if (reason) return { statement: index, reason }
    }
    return null
  }

  /** The statement is the next: whether this session may send it just now, and would mean the same by it. */
  #notNow(subject: Bound, names: Names, verdict: Verdict, track: PlanTrack, next: StatementFacts): string | null {
    const { id, plan } = subject.grant
    if (!this.#progress?.take(id, subject.session.sessionId)) return 'another session runs the script'
    track.holds = true
    if ([...track.pending.values()].some(({ at, statement }) => at !== null && !MARKS.has(statement.kind)))
      return 'the statement before has not answered yet'
    if (track.failed) return 'the transaction has failed: roll it back'
    if (track.redefined && !verdict.role.unrestricted && verdict.facts.statements.some(readsRows))
      return 'definitions have changed in this transaction: commit before rows are read or written'
    const differ = modesDiffer(names, verdict)
    // What sets the names anew means the same wherever the session is.
    if (differ !== null || next.kind === 'use' || (next.kind === 'set' && setsNames(next))) return differ
    return namesDiffer(plan, this.#progress.current(id) ?? 0, track, names, verdict, subject)
  }

  #deviated(subject: Bound, verdict: Verdict, index: number, now: number): void {
    const { compared } = verdict.facts.statements[index] ?? {}
    const sha256 = compared === undefined ? verdict.sha256 : createHash('sha256').update(compared).digest('hex')
    const expected = this.#progress?.current(subject.grant.id) ?? 0
    this.#progress?.deviated(subject.grant.id, { at: now, expected, sha256 })
  }

  #trackOf({ session: { sessionId } }: Subject): PlanTrack {
    const track = this.#tracks.get(sessionId) ?? newTrack()
    this.#tracks.set(sessionId, track)
    return track
  }
}

const DEVIATES = { deviates: true } as const

/** MySQL's own client asks so, once connected, whether the server quotes by $$: an error is an answer, and nobody's attempt. */
const CLIENT_PROBE = /^select \$\$$/i

interface Refused {
  readonly statement: number
  readonly reason: string
  readonly deviates?: true
}

function isBound(subject: Subject): subject is Bound {
  return subject.grant.plan !== null
}

function readsRows({ kind, uses }: StatementFacts): boolean {
  return kind !== 'ddl' && kind !== 'maintenance' && uses.some(({ relation }) => relation.kind !== 'system')
}

/** A transaction that the script begins ends where the script ends it. */
function heldTogether({ transaction }: PlanTrack, { kind }: StatementFacts): string | null {
  return kind === 'commit' && transaction?.planned ? 'the script does not commit here' : null
}

/** A statement of the plan that makes unqualified names mean something. */
function setsNames({ kind, settings }: Pick<StatementFacts, 'kind' | 'settings'>): boolean {
  return kind === 'use' || settings.some(({ name }) => name.toLowerCase() === 'search_path')
}

/** A new session goes on where another one stopped: what set the names may be sent once more. */
function repeatsNames(plan: MigrationPlan, done: number, statement: StatementFacts): boolean {
  if (!setsNames(statement) || !isInPlan(plan, statement)) return false
  return plan.statements.slice(0, done).some(({ compared }) => compared === statement.compared)
}

const SETS_NAMES = /^(?:use |set (?:session |local )?search_path\b)/i
const LEXICAL_MODES = ['ANSI_QUOTES', 'ANSI', 'NO_BACKSLASH_ESCAPES', 'PIPES_AS_CONCAT', 'IGNORE_SPACE']

function modesDiffer(names: Names, { catalog }: Verdict): string | null {
  if (names.unread !== undefined) return names.unread
  const modes = names.sqlMode ?? catalog.sqlMode
  if (LEXICAL_MODES.every((mode) => modes.has(mode) === catalog.sqlMode.has(mode))) return null
  return 'the session has another sql_mode than the one that the script was read by'
}

/** The script was read with the names that a fresh session has, but for what it sets itself. */
function namesDiffer(
  plan: MigrationPlan,
  done: number,
  track: PlanTrack,
  names: Names,
  { catalog }: Verdict,
  { target }: Subject,
): string | null {
  const last = plan.statements.slice(0, done).findLast(({ compared }) => SETS_NAMES.test(compared))
  if (last)
    return track.names === last.compared ? null : `send "${last.text.slice(0, 80)}" again first, as the script does`
  const path = names.searchPath ?? catalog.searchPath
  if (catalog.dialect === 'postgres' && path.join('\0') !== catalog.searchPath.join('\0'))
    return 'the session has another search_path than the one that the script was read by'
  const database = names.defaultDatabase
  if (catalog.dialect === 'postgres' || database === null || database === target.defaultDatabase) return null
  if (target.defaultDatabase === '')
    return `the script names no database and the session is in ${database}: connect without one, or begin the script with USE`
  return `the script was read with the database ${target.defaultDatabase}, and the session is in another one`
}
