import { SallyportError } from '../../errors.ts'
import { rewriteRows } from '../../wire/postgres/row-rewriter.ts'
import type { Run } from './pipeline.ts'
import type { SessionState } from './state.ts'

/**
 * Forwards a run of rows under a plan: as one piece where no field is masked, rewritten where one is, and not at all
 * once the result was withheld. Bytes are counted as the client receives them.
 */
export function maskRows(state: SessionState, run: Run, bytes: Uint8Array, count: number): void {
  if (run.withheld) {
    run.rowsWithheld += count
    return
  }
  const { maxRowsPerResult, maxBytesPerResult } = run.verdict.role.limits
  if (maxRowsPerResult > 0 && run.rows + count > maxRowsPerResult) {
    return overLimit(state, run, count, `more than ${maxRowsPerResult} rows`)
  }
  const out = rewritten(run, bytes)
  if (maxBytesPerResult > 0 && run.bytes + out.length > maxBytesPerResult) {
    return overLimit(state, run, count, `more than ${maxBytesPerResult} bytes`)
  }
  run.rows += count
  run.bytes += out.length
  if (!state.muted) state.output.client(out)
}

function rewritten(run: Run, bytes: Uint8Array): Uint8Array {
  const { shape } = run
  if (!shape || shape.ordinals.length === 0) return bytes
  const { ordinals, maskers, columnCount } = shape
  return rewriteRows(bytes, columnCount, ordinals, (ordinal, value) =>
    value === null ? null : (maskers[ordinal]?.(value) ?? null),
  )
}

function overLimit(state: SessionState, run: Run, count: number, what: string): void {
  run.rowsWithheld += count
  run.withheld = new SallyportError('SP-LIMIT-ROWS', `the result has ${what}`)
  state.output.cancel(state.subject.session.sessionId, true)
}
