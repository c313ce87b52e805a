import { readI32 } from '../wire/postgres/message.ts'
import { SERVER } from '../wire/postgres/type-bytes.ts'
import type { MessageKind, Visit } from './messages.ts'

const LENGTH_BYTES = 4

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
    const length = readI32(bytes, at + 1)
    // What is no whole message ends the bytes: it is kept as it is, and shown as what can't be read.
    const end = length < LENGTH_BYTES || at + 1 + length > bytes.length ? bytes.length : at + 1 + length
    visit(at, end, KINDS.get(bytes[at] ?? 0) ?? 'other')
    at = end
  }
}
