import { Reader } from '../../bytes/reader.ts'
import { message, readString, writeString } from './message.ts'
import { SERVER } from './type-bytes.ts'

/** `tag` is the command and its count: `SELECT 3`, `INSERT 0 1`, `BEGIN`. */
export interface CommandComplete {
  readonly kind: 'commandComplete'
  readonly tag: string
}

export function decodeCommandComplete(body: Uint8Array): CommandComplete {
  const reader = new Reader(body)
  const tag = readString(reader)
  reader.expectEnd()
  return { kind: 'commandComplete', tag }
}

export function encodeCommandComplete({ tag }: CommandComplete): Uint8Array {
  return message(SERVER.commandComplete, (writer) => writeString(writer, tag))
}
