import { SallyportError } from '../../errors.ts'
import { rewriteRows } from '../../wire/postgres/row-rewriter.ts'
import { headOfRun } from '../../wire/postgres/run-head.ts'
import { withinLimits } from '../run.ts'
import { beginCopy, describeCopy } from './copy_out.ts'
import type { Run } from './pipeline.ts'
import { shapeOf } from './result_shape.ts'
import type { SessionState } from './state.ts'

/**
 * Works out what is done with the rows of a run, under the verdict that it runs by. A description that differs from the
 * analysis keeps the result back: the client gets an error, and the server is asked to stop.
 */
export function giveShape(state: SessionState, run: Run, description: Uint8Array): void {
  const { masks, catalog } = run.verdict
  if (state.subject.recorded) state.output.described(description)
  try {
    run.shape = shapeOf(description, { plan: run.plan, masks, catalog })
    if (run.copyOut) describeCopy(run.copyOut, description)
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
export function maskRows(state: SessionState, run: Run, bytes: Uint8Array, count: number, now: number): void {
  const out = withinLimits(state, run, count, () => rewritten(run, bytes), headOfRun, now)
  if (!out || state.muted) return
  beginCopy(state, run)
  state.output.client(out.bytes)
}

function rewritten(run: Run, bytes: Uint8Array): Uint8Array {
  const rows = masked(run, bytes)
  const { copyOut } = run
  return copyOut?.rows ? copyOut.rows.rows(rows, !copyOut.begun) : rows
}

function masked(run: Run, bytes: Uint8Array): Uint8Array {
  const { shape } = run
  if (!shape || shape.ordinals.length === 0) return bytes
  const { ordinals, maskers, columnCount } = shape
  return rewriteRows(bytes, columnCount, ordinals, (ordinal, value) =>
    value === null ? null : (maskers[ordinal]?.(value) ?? null),
  )
}
