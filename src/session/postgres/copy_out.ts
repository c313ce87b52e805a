import type { CopyFacts } from '../../sql/facts.ts'
import { encodeCopyResponse } from '../../wire/postgres/copy.ts'
import { type CopyRows, copyRows } from '../../wire/postgres/copy-rows.ts'
import { decodeRowDescription } from '../../wire/postgres/row-description.ts'
import { encodeSignal } from '../../wire/postgres/server.ts'
import type { Verdict } from '../verdict.ts'
import type { Run } from './pipeline.ts'
import type { SessionState } from './state.ts'

/**
 * COPY TO under a grant with masks or a scope: the server runs the query of the COPY as a SELECT, which is judged,
 * rewritten and masked like any other, and its rows go to the client as COPY data.
 */
export interface CopyOut {
  readonly facts: CopyFacts
  /** Known once the server has described the result. */
  rows: CopyRows | null
  columns: number
  begun: boolean
}

/** The COPY that the statement of a verdict is, where its rows are made here; null for every other statement. */
export function copyOf({ decision, facts }: Verdict): CopyFacts | null {
  const [only] = facts.statements
  if (decision.effect === 'deny' || decision.verbatim || only?.kind !== 'copy') return null
  return only.copy?.direction === 'to' ? only.copy : null
}

export function newCopyOut(facts: CopyFacts): CopyOut {
  return { facts, rows: null, columns: 0, begun: false }
}

export function describeCopy(copy: CopyOut, description: Uint8Array): void {
  const names = decodeRowDescription(description).fields.map(({ name }) => name)
  const { forceQuote } = copy.facts
  const forced = names.map((name) => forceQuote === 'all' || forceQuote.includes(name))
  copy.rows = copyRows(copy.facts, names, forced)
  copy.columns = names.length
}

/** Goes before the first row, so that a query that fails at once is an error alone. */
export function beginCopy(state: SessionState, run: Run): void {
  const { copyOut } = run
  if (!copyOut?.rows || copyOut.begun || state.muted) return
  copyOut.begun = true
  const format = copyOut.facts.format === 'binary' ? 1 : 0
  const columnFormats = new Array<0 | 1>(copyOut.columns).fill(format)
  state.output.client(encodeCopyResponse({ kind: 'copyOutResponse', format, columnFormats }))
  give(state, run, copyOut.rows.head)
}

export function endCopy(state: SessionState, run: Run): void {
  if (!run.copyOut?.rows || state.muted) return
  const empty = !run.copyOut.begun
  beginCopy(state, run)
  give(state, run, run.copyOut.rows.tail(empty))
  state.output.client(encodeSignal('copyDone'))
}

function give({ output }: SessionState, run: Run, bytes: Uint8Array): void {
  if (bytes.length === 0) return
  run.bytes += bytes.length
  output.client(bytes)
}
