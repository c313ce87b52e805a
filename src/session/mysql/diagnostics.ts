import { SallyportError } from '../../errors.ts'
import { clientPosition } from '../../sql/edits.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import { type Err, encodeErr } from '../../wire/mysql/outcome.ts'
import type { Verdict } from '../verdict.ts'
import type { Exchange, Run } from './exchange.ts'
import type { SessionState, Warning } from './state.ts'
import { errPayload, scrubbedErr } from './words.ts'

/** What the server says beside its results: error texts and warnings, as far as they may reach the client. */

/** ER_UNKNOWN_ERROR: there is none for what a proxy has to say. */
const OWN_CODE = 1105
/** ER_PARSE_ERROR and ER_SYNTAX_ERROR, which quote the text from where it could not be read. */
const SYNTAX_ERRORS: ReadonlySet<number> = new Set([1064, 1149])
/** ER_QUERY_INTERRUPTED, ER_QUERY_TIMEOUT, and MariaDB's ER_STATEMENT_TIMEOUT. */
const OUT_OF_TIME: ReadonlySet<number> = new Set([1317, 3024, 1969])
/** So much of the text is quoted (`near '%-.80s'`, share/messages_to_clients.txt). */
const QUOTED_CHARS = 80
/** Variables that tell what SHOW COUNT(*) WARNINGS and ERRORS tell. */
const COUNTS: ReadonlySet<string> = new Set(['@@warning_count', '@@error_count'])
const ROW_COUNT = 'row_count'

/** The error that the client gets for the server's. */
export function errorFor(
  state: SessionState,
  exchange: Exchange,
  err: Err,
  payload: Uint8Array,
  now: number,
): Uint8Array {
  const run = exchange.runs[exchange.index]
  const instead = run?.withheld ?? run?.cancelled ?? timedOut(state, run, err, now)
  if (instead) return errPayload(instead)
  const sqlState = err.sqlState ?? 'HY000'
  const verdict = run?.verdict ?? exchange.prepared?.verdict ?? null
  const own = verdict?.decision.effect === 'allow' && verdict.decision.verbatim
  const syntax = verdict && !own && SYNTAX_ERRORS.has(err.errno) ? syntaxError(err.message, verdict) : null
  if (syntax !== null && !hidesText(run)) return encodeErr({ errno: err.errno, sqlState, message: syntax })
  if (mayQuote(state, run, verdict)) return scrubbedErr(err.errno, sqlState)
  // The text as it came: it is in the character set of the client's results.
  return err.sqlState === null ? encodeErr({ ...err, sqlState }) : payload.slice()
}

/** The server counts the time too: what it then says is one of several errors, which do not name the role's limit. */
function timedOut({ limits }: SessionState, run: Run | undefined, { errno }: Err, now: number): SallyportError | null {
  const { statementTimeoutMs: limit } = limits
  if (!run || limit === 0 || !OUT_OF_TIME.has(errno) || now - run.started < limit) return null
  return new SallyportError('SP-LIMIT-STATEMENT', `the statement ran longer than ${limit} ms`)
}

/** An error of COMMIT belongs to what the transaction did before; one of a preparation to what is prepared. */
function mayQuote(state: SessionState, run: Run | undefined, verdict: Verdict | null): boolean {
  if (run) return run.plan?.scrubErrors === true || (state.guarded && run.facts.kind === 'commit')
  return verdict !== null && isGuarded(verdict)
}

function isGuarded({ decision }: Verdict): boolean {
  return decision.effect === 'allow' && !decision.verbatim && decision.plans.some(({ scrubErrors }) => scrubErrors)
}

/** What runs inside of a routine is no text of the client's. */
function hidesText(run: Run | undefined): boolean {
  return run?.facts.kind === 'call'
}

/** The message with what it quotes taken from the client's text, never from the text that went out; null for others. */
function syntaxError(message: string, verdict: Verdict): string | null {
  const { text } = verdict.facts
  if (verdict.text === text) return message
  const [, head, near] = /^([\s\S]*?) near '([\s\S]*)' at line \d+$/.exec(message) ?? []
  if (head === undefined || near === undefined) return null
  const position = verdict.edits.length === 0 ? null : placeOf(near, verdict)
  if (position === null) return head
  const characters = [...text]
  const rest = characters.slice(position - 1, position - 1 + QUOTED_CHARS).join('')
  const line = characters.slice(0, position - 1).filter((one) => one === '\n').length + 1
  return `${head} near '${rest}' at line ${line}`
}

/** Where in the client's text (characters, from 1) the quoted rest of the sent text begins; null where that is not sure. */
function placeOf(near: string, verdict: Verdict): number | null {
  const quoted = near.replace(/\.\.\.$/, '')
  const whole = [...quoted].length < QUOTED_CHARS - 3
  const unit = whole ? verdict.text.length - quoted.length : verdict.text.indexOf(quoted)
  const sure = whole ? verdict.text.endsWith(quoted) : unit >= 0 && unit === verdict.text.lastIndexOf(quoted)
  if (!sure) return null
  return clientPosition(verdict.facts.text, verdict, [...verdict.text.slice(0, unit)].length + 1)
}

/** What the client may see in SHOW WARNINGS once these statements are on their way. */
export function expectWarnings(state: SessionState, runs: readonly Run[]): void {
  const guarded = runs.some(({ plan }) => plan?.scrubErrors)
  // One that uses no table resets nothing in MariaDB (SHOW WARNINGS).
  const resets = runs.some(({ facts }) => facts.uses.length > 0)
  if (guarded) state.warnings = []
  else if (resets) state.warnings = null
  else if (state.warnings) state.warnings = []
  if (runs.some(hidesChanges)) state.changedUnknown = true
  if (guarded) state.guarded = true
}

/** A statement that succeeded has set ROW_COUNT() anew; one that could not be read by the server has not. */
export function settleChanges(state: SessionState, run: Run): void {
  state.changedUnknown = hidesChanges(run)
}

/** Whether a write tells which of its rows had the given values before (see `affected.ts`). */
function hidesChanges({ plan, facts }: Run): boolean {
  return plan?.scrubErrors === true && facts.uses.some(({ role }) => role === 'target')
}

/**
 * Warnings of the server could count or quote what is protected, so a guarded statement shows the proxy's own only:
 * that its result was computed from masked values, and what the session has to be told.
 */
export function ownWarnings(state: SessionState, { plan }: Run, count: number): number {
  if (!plan) return count
  const told = state.notice === null || (count > 0 && !plan.scrubErrors) ? [] : [state.notice]
  const computed = `the result was computed from masked values of ${plan.computed.join(', ')} (SP-COMPUTED)`
  const own = [...(plan.computed.length > 0 ? [computed] : []), ...told]
  if (told.length > 0) state.notice = null
  if (own.length === 0 && !plan.scrubErrors) return count
  state.warnings = own.map(ownWarning)
  return own.length
}

export function ownWarning(message: string): Warning {
  return { code: OWN_CODE, message }
}

/** Why the statements may not run since one would tell what the proxy hides of an earlier one, or null. */
export function tellsHidden(state: SessionState, runs: readonly Run[]): SallyportError | null {
  if (state.unrestricted) return null
  const several = runs.length > 1
  const warnings = state.warnings !== null || (several && runs.some(({ plan }) => plan?.scrubErrors))
  const changes = state.changedUnknown || (several && runs.some(hidesChanges))
  // Asked before every statement, and most often nothing is hidden.
  if (!warnings && !changes) return null
  const called = new Set(runs.flatMap(({ facts }) => calls(facts)))
  if (warnings && [...COUNTS].some((name) => called.has(name))) {
    return new SallyportError('SP-UNSUPPORTED', 'ask by SHOW COUNT(*) WARNINGS how many there were')
  }
  if (changes && called.has(ROW_COUNT)) {
    return new SallyportError(
      'SP-UNSUPPORTED',
      'ROW_COUNT() would tell which rows of a protected table had these values',
    )
  }
  return null
}

function calls({ functions, inner }: StatementFacts): readonly string[] {
  return [...functions.map(({ name }) => bareName(name)), ...(inner ? calls(inner) : [])]
}

/** `@@session.x` is `@@x`. */
function bareName(name: string): string {
  const lower = name.toLowerCase().replaceAll('`', '')
  return lower.startsWith('@@') ? `@@${lower.slice(2).split('.').at(-1)?.trim()}` : lower
}
