import { SallyportError } from '../../errors.ts'
import { rewriteBinaryRun, rewriteTextRun } from '../../wire/mysql/row-run.ts'
import type { Exchange, Run } from './exchange.ts'
import type { SessionState } from './state.ts'

/**
 * What the client gets of a run of rows: the same bytes where no field is masked, rewritten ones where one is, and null
 * once the result was withheld. Bytes are counted as the client receives them.
 */
export function maskRun(
  state: SessionState,
  run: Run,
  exchange: Exchange,
  bytes: Uint8Array,
  count: number,
): Uint8Array | null {
  if (run.withheld) {
    run.rowsWithheld += count
    return null
  }
  if (run.plan && !run.shape) throw new SallyportError('SP-PROTOCOL', 'the database sent rows that were not described')
  const { maxRowsPerResult, maxBytesPerResult } = run.verdict.role.limits
  if (maxRowsPerResult > 0 && run.rows + count > maxRowsPerResult) {
    return overLimit(state, run, count, `more than ${maxRowsPerResult} rows`)
  }
  const out = rewritten(run, exchange, bytes)
  if (maxBytesPerResult > 0 && run.bytes + out.length > maxBytesPerResult) {
    return overLimit(state, run, count, `more than ${maxBytesPerResult} bytes`)
  }
  run.rows += count
  run.bytes += out.length
  return out
}

function rewritten({ shape, plan }: Run, exchange: Exchange, bytes: Uint8Array): Uint8Array {
  if (!plan || !shape || shape.ordinals.length === 0) return bytes
  const { types, ordinals, maskers } = shape
  const mask = (ordinal: number, value: Uint8Array | null) =>
    value === null ? null : (maskers[ordinal]?.(value) ?? null)
  return exchange.to === 'query'
    ? rewriteTextRun(bytes, types.length, ordinals, mask)
    : rewriteBinaryRun(bytes, types, ordinals, mask)
}

function overLimit(state: SessionState, run: Run, count: number, what: string): null {
  run.rowsWithheld += count
  run.withheld = new SallyportError('SP-LIMIT-ROWS', `the result has ${what}`)
  state.output.cancel(state.subject.session.sessionId, true)
  return null
}
