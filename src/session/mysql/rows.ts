import { SallyportError } from '../../errors.ts'
import { rewriteBinaryRun, rewriteTextRun } from '../../wire/mysql/row-run.ts'
import { headOfPackets } from '../../wire/mysql/run-head.ts'
import { type Given, withinLimits } from '../run.ts'
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
  now: number,
): Given | null {
  if (run.plan && !run.shape && !run.withheld) {
    throw new SallyportError('SP-PROTOCOL', 'the database sent rows that were not described')
  }
  return withinLimits(state, run, count, () => rewritten(run, exchange, bytes), headOfPackets, now)
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
