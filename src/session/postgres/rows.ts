import { SallyportError } from '../../errors.ts'
import { rewriteRows } from '../../wire/postgres/row-rewriter.ts'
import type { Run } from './pipeline.ts'
import { shapeOf } from './result_shape.ts'
import type { SessionState } from './state.ts'

/**
 * Works out what is done with the rows of a run, under the verdict that it runs by. A description that differs from the
 * analysis keeps the result back: the client gets an error, and the server is asked to stop.
 */
export function giveShape(state: SessionState, run: Run, description: Uint8Array): void {
  const { masks, catalog } = run.verdict
  try {
    run.shape = shapeOf(description, { plan: run.plan, masks, catalog })
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    run.withheld = error
    state.output.catalogStale(error.detail)
    state.output.cancel(state.subject.session.sessionId, true)
  }
}

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
