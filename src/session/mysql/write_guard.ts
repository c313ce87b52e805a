import { SallyportError } from '../../errors.ts'
import type { Limits } from '../../policy/role.ts'
import type { StatementKind } from '../../sql/facts.ts'
import { STATUS } from '../../wire/mysql/server-status.ts'
import { askAside } from './aside.ts'
import type { Run } from './exchange.ts'
import type { SessionState } from './state.ts'

/**
 * `maxRowsChanged`: a write runs inside a transaction of the proxy's own, or behind a savepoint where the client's is
 * open, until the server has said how many rows it changed; where they are too many it is rolled back.
 */

const WRITES: ReadonlySet<StatementKind> = new Set(['insert', 'update', 'delete'])
const SAVEPOINT = 'sallyport_write'

/** How the write is ended: `own` in a transaction of the proxy's, else behind a savepoint in the client's. */
export interface WriteGuard {
  readonly own: boolean
}

export function isCounted({ verdict: { role, decision }, facts }: Run): boolean {
  if (role.maxRowsChanged === 0 || decision.effect === 'deny' || decision.verbatim) return false
  return WRITES.has(facts.kind)
}

/** Why the write can't be counted, or null: rows that it returns would reach the client before their count is known. */
export function uncounted(runs: readonly Run[]): SallyportError | null {
  const counted = runs.filter(isCounted)
  if (counted.length === 0 || (runs.length === 1 && counted[0]?.facts.output === null)) return null
  return new SallyportError(
    'SP-VERB',
    'the role limits how many rows a statement changes: send it alone, without RETURNING',
  )
}

/** Rows that the server writes to a file of its own don't come by here, where the limits of the role are kept. */
export function unlimitable(runs: readonly Run[]): SallyportError | null {
  const toFile = runs.find(({ facts: { into } }) => into === 'outfile' || into === 'dumpfile')
  if (!toFile?.plan || !limitsResults(toFile.verdict.role.limits)) return null
  return new SallyportError(
    'SP-EXPORT',
    'the role limits what is given out, and the server does not count rows in a file',
  )
}

function limitsResults(limits: Limits): boolean {
  const { maxRowsPerResult, maxBytesPerResult, maxRowsPerHour, maxBytesPerHour, maxRowsPerDay, maxBytesPerDay } = limits
  const counted = [maxRowsPerResult, maxBytesPerResult, maxRowsPerHour, maxBytesPerHour, maxRowsPerDay, maxBytesPerDay]
  return [...counted, limits.maxRowsPerTableAndHour].some((limit) => limit > 0)
}

/** Opens the guard, then `send`s the write under it; `failed` is told where it can't be opened. */
export function openGuard(
  state: SessionState,
  run: Run,
  sequence: number,
  send: (guard: WriteGuard) => void,
  failed: (error: SallyportError, now: number) => void,
): void {
  const { status } = state
  const own = (status & STATUS.inTransaction) === 0 && (status & STATUS.autocommit) !== 0
  const opening = own ? 'START TRANSACTION' : `SAVEPOINT ${SAVEPOINT}`
  const sent = ({ err }: { readonly err: unknown }, now: number): void => {
    if (!err) send({ own })
    else failed(new SallyportError('SP-UPSTREAM', 'the database can not undo a write here'), now)
  }
  askAside(state, opening, sent, { sequence, runs: [run] })
}

/** Too many rows: the error that stands in place of the server's OK. */
export function overLimit({ verdict: { role } }: Run, changed: bigint): SallyportError | null {
  if (changed <= BigInt(role.maxRowsChanged)) return null
  const detail = `the statement changed ${changed} rows, and the role allows ${role.maxRowsChanged}: it is rolled back`
  return new SallyportError('SP-LIMIT-WRITE', detail)
}

/** Lets the write stay or undoes it, then `tell`s the client; a commit that failed is told as the server says it. */
export function closeGuard(
  state: SessionState,
  guard: WriteGuard,
  amid: { readonly sequence: number; readonly runs: readonly Run[] },
  end: 'keep' | 'undo' | 'failed',
  tell: (refused: SallyportError | null, now: number) => void,
): void {
  const done = ({ err }: { readonly err: { readonly errno: number } | null }, now: number): void => {
    if (!err) return tell(null, now)
    // What the server has rolled back by itself (a deadlock) took the savepoint along.
    if (end === 'failed' && !guard.own) return tell(null, now)
    const error = new SallyportError('SP-UPSTREAM', `the database could not end the write (${err.errno})`)
    if (end !== 'keep') throw error
    tell(error, now)
  }
  askAside(state, closing(guard, end), done, amid)
}

function closing({ own }: WriteGuard, end: 'keep' | 'undo' | 'failed'): string {
  if (own) return end === 'keep' ? 'COMMIT' : 'ROLLBACK'
  return end === 'undo' ? `ROLLBACK TO SAVEPOINT ${SAVEPOINT}` : `RELEASE SAVEPOINT ${SAVEPOINT}`
}
