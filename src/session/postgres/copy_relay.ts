import { SallyportError } from '../../errors.ts'
import { encodeCopyFail } from '../../wire/postgres/copy.ts'
import type { Frame } from '../../wire/postgres/framer.ts'
import { headOfRun } from '../../wire/postgres/run-head.ts'
import { withinLimits } from '../run.ts'
import { mayTakeData, type Run } from './pipeline.ts'
import type { SessionState } from './state.ts'

const NO_EXPORT = new SallyportError('SP-EXPORT', 'the statement began a COPY to the client, which is an export')

/**
 * COPY data between client and server as it is ("COPY Operations" of the protocol). A COPY starts when the server says
 * so, whatever the statement was understood as; one that may not go on is ended on both sides, in step.
 */
export function beginCopyIn(state: SessionState, run: Run, frame: Frame): void {
  if (!mayTakeData(run)) throw new SallyportError('SP-PROTOCOL', 'the database sent a COPY that nobody asked for')
  run.copied = true
  if (run.withheld || state.muted) {
    state.output.server(encodeCopyFail({ kind: 'copyFail', reason: 'refused' }))
    return
  }
  state.copyIn = run
  state.output.client(frame.bytes)
}

export function beginCopyOut(state: SessionState, run: Run, frame: Frame): void {
  run.copied = true
  if (run.plan === null && run.verdict.role.exports) {
    if (!run.withheld && !state.muted) state.output.client(frame.bytes)
    return
  }
  run.withheld ??= NO_EXPORT
  state.output.cancel(state.subject.session.sessionId, true)
}

/** Whole CopyData messages of the client. */
export function takeCopyData(state: SessionState, run: Run, bytes: Uint8Array): void {
  run.bytes += bytes.length
  state.output.server(bytes)
}

/** `count` whole CopyData messages of the server; it sends one for each row and one for a header or trailer. */
export function giveCopyData(state: SessionState, run: Run, bytes: Uint8Array, count: number, now: number): void {
  const out = withinLimits(state, run, count, () => bytes, headOfRun, now)
  if (out && !state.muted) state.output.client(out.bytes)
}
