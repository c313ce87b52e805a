import { type Eof, encodeEof, encodeOk, encodeResultEnd, type Ok } from '../../wire/mysql/outcome.ts'
import type { Classified } from '../../wire/mysql/response.ts'
import { STATUS } from '../../wire/mysql/server-status.ts'

/** How the server found the rows, and whether that was slow: it chooses by values that the person may not see. */
const PLAN_FLAGS = STATUS.noGoodIndexUsed | STATUS.noIndexUsed | STATUS.queryWasSlow

/** The same message and payload without those flags. */
export function withoutPlanFlags(
  message: Classified,
  payload: Uint8Array,
  capabilities: number,
): { readonly message: Classified; readonly payload: Uint8Array } {
  switch (message.kind) {
    case 'ok': {
      const ok = cleared(message.ok)
      return ok === message.ok
        ? { message, payload }
        : { message: { ...message, ok }, payload: encodeOk(ok, capabilities) }
    }
    case 'eofAfterColumns':
    case 'eofAfterParameters': {
      const eof = cleared(message.eof)
      return eof === message.eof ? { message, payload } : { message: { ...message, eof }, payload: encodeEof(eof) }
    }
    case 'resultEnd': {
      const end = cleared(message.end)
      if (end === message.end) return { message, payload }
      return { message: { ...message, end }, payload: encodeResultEnd(end, capabilities) }
    }
    default:
      return { message, payload }
  }
}

function cleared<End extends Ok | Eof>(end: End): End {
  return (end.status & PLAN_FLAGS) === 0 ? end : { ...end, status: end.status & ~PLAN_FLAGS }
}
