import { readI32 } from '../wire/postgres/message.ts'
import { SERVER } from '../wire/postgres/type-bytes.ts'
import type { MessageKind, Visit } from './messages.ts'

const KINDS: ReadonlyMap<number, MessageKind> = new Map<number, MessageKind>([
  [SERVER.dataRow, 'row'],
  [SERVER.copyData, 'row'],
  [SERVER.noticeResponse, 'notice'],
  [SERVER.notificationResponse, 'notice'],
  [SERVER.commandComplete, 'end'],
  [SERVER.emptyQueryResponse, 'end'],
  [SERVER.errorResponse, 'end'],
  [SERVER.portalSuspended, 'end'],
])

/** Whole messages of a server, as the session made them: each has its type byte and its length. */
export function eachPostgresMessage(bytes: Uint8Array, visit: Visit): void {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + readI32(bytes, at + 1)
    visit(at, end, KINDS.get(bytes[at] ?? 0) ?? 'other')
    at = end
  }
}
