import { SallyportError } from '../../errors.ts'
import { type Eof, encodeEof, encodeOk, encodeResultEnd, type Ok } from '../../wire/mysql/outcome.ts'
import type { Classified } from '../../wire/mysql/response.ts'
import { STATUS } from '../../wire/mysql/server-status.ts'

/** How the server found the rows, and whether that was slow: it chooses by values that the person may not see. */
const PLAN_FLAGS = STATUS.noGoodIndexUsed | STATUS.noIndexUsed | STATUS.queryWasSlow

/** The message itself, where it has none of those flags. */
export function withoutPlanFlags(message: Classified): Classified {
  switch (message.kind) {
    case 'ok': {
      const ok = cleared(message.ok)
      return ok === message.ok ? message : { ...message, ok }
    }
    case 'eofAfterColumns':
    case 'eofAfterParameters': {
      const eof = cleared(message.eof)
      return eof === message.eof ? message : { ...message, eof }
    }
    case 'resultEnd': {
      const end = cleared(message.end)
      return end === message.end ? message : { ...message, end }
    }
    default:
      return message
  }
}

/** What `withoutPlanFlags` has changed, for the client. */
export function encodeCleared(message: Classified, capabilities: number): Uint8Array {
  switch (message.kind) {
    case 'ok':
      return encodeOk(message.ok, capabilities)
    case 'eofAfterColumns':
    case 'eofAfterParameters':
      return encodeEof(message.eof)
    case 'resultEnd':
      return encodeResultEnd(message.end, capabilities)
    default:
      throw new SallyportError('SP-INTERNAL', 'only the end of an answer has flags')
  }
}

function cleared<End extends Ok | Eof>(end: End): End {
  return (end.status & PLAN_FLAGS) === 0 ? end : { ...end, status: end.status & ~PLAN_FLAGS }
}
